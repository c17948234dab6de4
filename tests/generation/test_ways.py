"""Interpolating and editing below the command: conditional models, tables with gaps, series of unequal lengths."""

from dataclasses import replace

import numpy as np
import pytest

from isthmus import Autoencoder, open_data
from isthmus.data import cut_like
from isthmus.errors import DataError, InputError
from isthmus.generation.directions import Attribute
from isthmus.jobs import interpolate as job
from isthmus.jobs.edit import edit, learn_from_pairs
from isthmus.jobs.interpolate import Evenness, interpolate

numbers = np.random.default_rng(0)


def test_evenness_is_of_each_way_from_stop_to_stop():
    rows = np.array([0, 1, 2, 12, 22.0])[:, None]  # two even legs of different length
    assert Evenness.of(rows, 2) == Evenness(5.5, 1.0)
    assert Evenness.of(np.array([0, 0, 4, 4, 4.0])[:, None], 2).jump == pytest.approx(1.5)  # one leap, and no move


def test_a_conditional_model_is_told_the_label_that_the_rows_share():
    x, y = numbers.normal(size=(60, 5)) + np.repeat([[0], [4], [8]], 20, 0), np.repeat(["a", "b", "c"], 20)
    model = Autoencoder("conditional", 2, epochs=4, hidden=(8,), random_state=0).fit(x, y)
    data = replace(open_data(x), labels=y)
    same, other = data.subset(np.array([20, 21])), data.subset(np.array([0, 21]))
    np.testing.assert_allclose(interpolate(model, same, steps=2).rows[[0, 2]], model.reconstruct_raw(same), rtol=1e-6)
    unknown = model.decode_raw(model.transform(other).astype(float))
    np.testing.assert_allclose(interpolate(model, other, steps=2).rows[[0, 2]], unknown, rtol=1e-6)
    still = Attribute(np.zeros(2))
    np.testing.assert_allclose(edit(model, other, still, 1.0).rows, model.reconstruct_raw(other), rtol=1e-6)


def test_more_than_a_gigabyte_is_refused_before_it_is_made(monkeypatch):
    x = numbers.normal(size=(30, 4))
    model = Autoencoder(latent_dim=2, epochs=1, hidden=(4,), random_state=0).fit(x)
    monkeypatch.setattr(job, "MOST_CELLS", 4 * 59)
    assert len(interpolate(model, open_data(x), steps=2).rows) == 59
    with pytest.raises(InputError, match="30 rows in 3 steps make 88 rows"):
        interpolate(model, open_data(x), steps=3)


def test_detail_is_what_the_code_does_not_hold():
    x = numbers.normal(size=(80, 6))
    model = Autoencoder(latent_dim=2, epochs=2, hidden=(8,), random_state=0).fit(x)
    data, change = open_data(x), Attribute(np.array([0.7, -0.3]))
    moved = edit(model, data, change, 1.5).rows - model.reconstruct_raw(data)
    np.testing.assert_allclose(edit(model, data, change, 1.5, keep_detail=True).rows, x + moved, atol=1e-5)
    gone = x.copy()
    gone[3, 2] = np.nan
    holes = Autoencoder(latent_dim=2, epochs=2, hidden=(8,), random_state=0).fit(gone)
    kept = edit(holes, open_data(gone), change, 1.0, keep_detail=True).rows
    np.testing.assert_array_equal(np.isnan(kept), np.isnan(gone))


def test_series_keep_their_lengths():
    series = [numbers.normal(size=(length, 1)).cumsum(0) for length in (6, 9, 7, 9, 8, 6, 9, 9)]
    data = open_data(series, kind="series")
    model = Autoencoder(latent_dim=2, epochs=1, hidden=(8,), random_state=0).fit(data)
    found = edit(model, data, Attribute(np.zeros(2)), 1.0).rows
    np.testing.assert_allclose(found, model.reconstruct_raw(data), rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(cut_like(found, data.source.read(0, 8), data.lengths)))
    with pytest.raises(DataError, match="series of unequal lengths"):
        interpolate(model, data)


def test_counts_have_no_detail_to_keep():
    data = open_data(numbers.poisson(3.0, size=(40, 6)), kind="counts")
    model = Autoencoder(latent_dim=2, epochs=1, hidden=(8,), random_state=0).fit(data)
    with pytest.raises(InputError, match="detail of counts"):
        edit(model, data, Attribute(np.zeros(2)), 1.0, keep_detail=True)


def test_pairs_teach_the_change_between_them():
    x = numbers.normal(size=(300, 4)) @ numbers.normal(size=(4, 8))
    model = Autoencoder(latent_dim=4, epochs=30, hidden=(), random_state=0).fit(x)
    step = x[:1] - x[1:2]
    found = learn_from_pairs(model, open_data(x[:200]), open_data(x[:200] + step))
    new = open_data(x[200:])
    off = ((edit(model, new, found, 1.0, keep_detail=True).rows - (x[200:] + step)) ** 2).mean()
    assert off < 0.05 * (step**2).mean()
    with pytest.raises(DataError, match="3 rows and 4 that they become"):
        learn_from_pairs(model, open_data(x[:3]), open_data(x[:4]))
    with pytest.raises(InputError, match="two or more"):
        learn_from_pairs(model, open_data(x[:1]), open_data(x[:1]))
