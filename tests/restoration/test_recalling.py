"""Gaps filled by what known rows hold, weighed against the search."""

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus import Autoencoder
from isthmus.errors import InputError
from isthmus.restoration import inpaint
from isthmus.restoration.recalling import best_temperature, hide, recall, weigh

QUICK = {"random_state": 0, "device": "cpu"}


@pytest.fixture(scope="module")
def curved():
    """A curve that no plane follows: three columns of an angle, under little noise."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 500)
    return np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)], 1) + 0.02 * rng.normal(size=(500, 3))


@pytest.fixture(scope="module")
def model(curved):
    return Autoencoder("vae", 3, hidden=(), epochs=60, **QUICK).fit(curved[:350])


def test_recall_is_kernel_regression():
    """sum_i w_i r_i / sum_i w_i with w_i = exp(-mean over known cells of (x - r_i)^2 / t)."""
    rng = np.random.default_rng(0)
    rows, x = rng.normal(size=(30, 4)), rng.normal(size=(7, 4))
    x[rng.random(x.shape) < 0.4] = np.nan
    x[:, 0] = 1.0
    found = recall(torch.from_numpy(x), torch.from_numpy(rows), (0.2, 1.5)).numpy()
    for t, each in zip((0.2, 1.5), found, strict=True):
        weights = np.exp(-np.nanmean((x[:, None] - rows) ** 2, -1) / t)
        np.testing.assert_allclose(each, weights @ rows / weights.sum(1, keepdims=True), rtol=1e-6)


def test_a_row_does_not_recall_itself():
    rows = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 3)))
    own = torch.tensor([4, 11])
    found = recall(rows[own], rows, (1e-4,), own)[0]
    others = torch.cdist(rows[own], rows).scatter(1, own[:, None], torch.inf).argmin(1)
    torch.testing.assert_close(found, rows[others])


def test_shares_are_least_squares_between_nought_and_one():
    one, other = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 40, 3)))
    hidden = torch.rand(40, 3) < 0.5
    for share in (0.0, 0.3, 1.0):
        assert weigh(one, other, share * one + (1 - share) * other, hidden) == pytest.approx(share)
    assert weigh(one, other, 2 * one - other, hidden) == 1
    assert best_temperature(torch.stack([other, one, other]), one, hidden) == 1


def test_something_of_each_row_stays_known():
    x = torch.randn(300, 2).masked_fill(torch.rand(300, 2) < 0.3, torch.nan)
    rows, hidden = hide(x, np.array([True, True]), 0)
    known = ~x[rows].isnan().numpy()
    assert not (hidden & ~known).any()
    assert (known & ~hidden).any(1)[known.any(1)].all()
    assert 0.05 < hidden.mean() < 0.2
    assert not hide(x, np.array([True, False]), 0)[1][:, 1].any()


def test_where_rows_lie_on_a_curve_recalling_is_better(model, curved):
    hidden = np.zeros((150, 3), bool)
    hidden[np.arange(150), np.arange(150) % 3] = True
    gappy, scale = np.where(hidden, np.nan, curved[350:]), curved.std(0)
    alone, mixed = inpaint(model, gappy), inpaint(model, gappy, like=curved[:350], blend=True)
    error = [np.sqrt((((found.filled - curved[350:]) / scale)[hidden] ** 2).mean()) for found in (alone, mixed)]
    assert error[1] < 0.85 * error[0]
    assert (mixed.filled[~hidden] == curved[350:][~hidden]).all()


def test_where_columns_follow_from_one_another_nothing_is_lost():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)) @ rng.normal(size=(2, 5)) + 0.02 * rng.normal(size=(400, 5))
    model = Autoencoder("vae", 5, hidden=(), epochs=60, **QUICK).fit(X[:300])
    hidden = rng.random((100, 5)) < 0.2
    hidden[:, 0] = False
    gappy = np.where(hidden, np.nan, X[300:])
    alone, mixed = inpaint(model, gappy), inpaint(model, gappy, like=X[:300], blend=True)
    error = [((found.filled - X[300:])[hidden] ** 2).mean() for found in (alone, mixed)]
    assert error[1] < 1.1 * error[0]


def test_categories_are_filled_and_gaps_in_the_rows_recalled_are_no_harm():
    rng = np.random.default_rng(0)
    n = 120
    kind = rng.integers(0, 3, n)
    x = kind + 0.1 * rng.normal(size=n)
    frame = pd.DataFrame({"x": x, "y": 2 * x, "colour": np.array(["red", "green", "blue"])[kind]})
    frame.loc[[3, 5], "y"] = np.nan
    model = Autoencoder("vae", 4, epochs=60, **QUICK).fit(frame[:100])
    holes = frame[100:].copy()
    holes.loc[100:104, "colour"] = None
    holes.loc[105:108, "y"] = np.nan
    filled = inpaint(model, holes, like=frame[:100], blend=True).filled
    assert filled.notna().all().all()
    assert (filled.loc[100:104, "colour"] == frame.loc[100:104, "colour"]).mean() > 0.5


def test_blend_needs_rows_of_a_table(model, curved):
    with pytest.raises(InputError, match="--like"):
        inpaint(model, np.where(np.eye(3) > 0, np.nan, curved[:3]), blend=True)
    pictures = np.random.default_rng(0).integers(0, 255, (20, 8, 8), np.uint8)
    of_pictures = Autoencoder("vae", 2, epochs=1, **QUICK).fit(pictures)
    with pytest.raises(InputError, match="neither pictures"):
        inpaint(of_pictures, pictures, np.eye(8), like=pictures, blend=True)
    words = pd.DataFrame({"a": ["x", "y"] * 10, "b": ["u", "u", "v", "v"] * 5})
    of_words = Autoencoder("vae", 2, epochs=1, **QUICK).fit(words)
    with pytest.raises(InputError, match="has none"):
        inpaint(of_words, words.mask(np.eye(20, 2) > 0), like=words, blend=True)
