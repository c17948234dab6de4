"""Series: opened from all they may come as, prepared, checked against a model, and given back."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from isthmus.data import (
    SeriesPreparation,
    SeriesSchema,
    cut_like,
    fit_preparation,
    open_data,
    preparation_from_json,
    restore,
    schema_from_json,
    suits,
    write_data,
)
from isthmus.errors import DataError, InputError


def rows_of(data):
    return data.source.read(0, data.n)


SERIES = [np.array([[1.0, 10], [2, 20], [3, 30]]), np.array([[4.0, 40]]), np.array([[5.0, 50], [6, 60]])]
PADDED = np.full((3, 3, 2), np.nan)
for _row, _one in zip(PADDED, SERIES, strict=True):
    _row[: len(_one)] = _one


def long_frame():
    """The same series, their rows mixed; the first row of each stands in the order of the series."""
    rows = [("b", 1.0, 10.0), ("a", 4.0, 40.0), ("c", 5.0, 50.0), ("b", 2.0, 20.0), ("c", 6.0, 60.0), ("b", 3.0, 30.0)]
    return pd.DataFrame(rows, columns=["who", "u", "v"])


def test_series_of_their_own_lengths_are_padded_with_nan(tmp_path):
    np.savez(tmp_path / "x.npz", *SERIES)
    np.save(tmp_path / "x.npy", PADDED)
    np.savez(tmp_path / "y.npz", data=PADDED, y=np.arange(3))
    long_frame().to_csv(tmp_path / "x.csv", index=False)
    long_frame().to_parquet(tmp_path / "x.parquet")
    for data in (
        SERIES,
        tuple(map(torch.tensor, SERIES)),
        PADDED,
        torch.tensor(PADDED),
        tmp_path / "x.npz",
        tmp_path / "x.npy",
    ):
        found = open_data(data, kind="series")
        np.testing.assert_array_equal(rows_of(found), PADDED)
        assert found.schema == SeriesSchema(3, ("x0", "x1"), "float64", missing=True)
    for data in (long_frame(), pl.from_pandas(long_frame()), tmp_path / "x.csv", tmp_path / "x.parquet"):
        found = open_data(data, kind="series", series_id="who")
        np.testing.assert_array_equal(rows_of(found), PADDED)
        assert found.names == ["b", "a", "c"]
        assert found.schema.names == ("u", "v")
    labelled = open_data(tmp_path / "y.npz", kind="series", key="data", label="y")
    assert labelled.labels.tolist() == [0, 1, 2]


def test_an_array_of_two_axes_is_series_of_one_channel():
    found = open_data(np.arange(6, dtype=np.float32).reshape(2, 3), kind="series")
    assert found.schema == SeriesSchema(3, ("x0",), "float32", squeezed=True)
    assert restore(rows_of(found), found.schema, "numpy").shape == (2, 3)


@pytest.mark.parametrize(
    ("stride", "starts"), [(None, [0, 4]), (4, [0, 4]), (1, [0, 1, 2, 3, 4, 5, 6]), (3, [0, 3, 6])]
)
def test_windows_over_a_long_series(stride, starts):
    x = np.random.default_rng(0).normal(size=(10, 2))
    expected = np.stack([x[start : start + 4] for start in starts])
    frame = pd.DataFrame(x, columns=["u", "v"])
    for data in (x, [x], x[None], frame):
        found = open_data(data, kind="series", window=4, stride=stride)
        np.testing.assert_array_equal(rows_of(found), expected)
    single = open_data(x[:, 0], kind="series", window=4, stride=stride)
    np.testing.assert_array_equal(rows_of(single), expected[..., :1])
    np.testing.assert_array_equal(single.source.take(np.array([1, 0])), expected[[1, 0]][..., :1])
    assert np.shares_memory(rows_of(open_data(x, kind="series", window=4, stride=1)), x), "windows are no copies"


def test_windows_never_reach_from_one_series_into_the_next():
    frame = pd.DataFrame({"who": [1] * 5 + [2] * 4, "u": np.arange(9.0)})
    found = open_data(frame, kind="series", series_id="who", window=2)
    assert rows_of(found)[..., 0].tolist() == [[0, 1], [2, 3], [5, 6], [7, 8]]


def test_the_preparation_standardises_known_values_and_is_undone():
    x = PADDED * (1.0, 1e6) + (0.0, 1e8)
    schema = open_data(x, kind="series").schema
    preparation = fit_preparation(schema, [x[:2], x[2:]])
    prepared = preparation.apply(x)
    assert prepared.dtype == np.float32
    assert prepared.shape == (3, *preparation.shape) == (3, 3, 2)
    np.testing.assert_array_equal(np.isnan(prepared), np.isnan(x))
    np.testing.assert_allclose(np.nanmean(prepared, axis=(0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(np.nanstd(prepared, axis=(0, 1)), 1, atol=1e-6)
    np.testing.assert_allclose(preparation.undo(prepared), x, rtol=1e-6)
    again = preparation_from_json(json.loads(json.dumps(preparation.to_json())))
    np.testing.assert_array_equal(again.apply(x), prepared)
    assert suits(again, schema)
    assert not suits(again, SeriesSchema(4, ("x0", "x1"), "float64"))
    assert np.isnan(preparation.apply(x[:, :2])[:, 2:]).all(), "shorter series are padded"


def test_a_constant_channel_comes_back_exactly():
    x = np.stack([np.arange(12.0).reshape(3, 4), np.full((3, 4), 0.5)], -1)
    preparation = fit_preparation(open_data(x, kind="series").schema, [x])
    assert (preparation.undo(np.random.default_rng(0).normal(size=(3, 4, 2)))[..., 1] == 0.5).all()


def test_schemas_are_json_and_back():
    for schema in (SeriesSchema(3, ("u", "v"), "float32", missing=True, named=True, series_id="who"),
                   SeriesSchema(140, ("x0",), "int16", squeezed=True)):  # fmt: skip
        assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema


@pytest.mark.parametrize(
    "wrong",
    [{"length": 0}, {"length": 1 << 40}, {"length": True}, {"names": []}, {"names": ["a", "a"]}, {"names": [1]},
     {"dtype": "object"}, {"squeezed": True}, {"missing": 1}, {"series_id": None}],
)  # fmt: skip
def test_a_hostile_schema_is_refused(wrong):
    with pytest.raises(DataError, match="schema"):
        schema_from_json(SeriesSchema(3, ("u", "v"), "float64").to_json() | wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"length": 0}, {"length": 2.5}, {"means": []}, {"means": ["a", 1]}, {"scales": [1.0]}, {"scales": [1.0, -1.0]},
     {"scales": [1.0, float("nan")]}],
)  # fmt: skip
def test_a_hostile_preparation_is_refused(wrong):
    with pytest.raises(DataError, match="preparation"):
        preparation_from_json(SeriesPreparation(3, np.zeros(2), np.ones(2)).to_json() | wrong)


def test_series_come_back_as_they_came(tmp_path):
    for given in (SERIES, PADDED):
        found = open_data(given, kind="series")
        back = restore(rows_of(found), found.schema, found.container)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(given, back, strict=True))
    found = open_data(long_frame(), kind="series", series_id="who")
    back = restore(rows_of(found), found.schema, found.container, names=found.names)
    ordered = long_frame().sort_values("who", key=lambda c: c.map("bac".index), kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(back, ordered)
    write_data(tmp_path / "x.csv", rows_of(found), found.schema, names=found.names)
    again = open_data(tmp_path / "x.csv", schema=found.schema)
    np.testing.assert_array_equal(rows_of(again), PADDED)
    assert again.names == found.names
    write_data(tmp_path / "x.npy", rows_of(found), found.schema)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), PADDED)


def test_whole_numbers_stay_whole():
    x = np.arange(12, dtype=np.int16).reshape(2, 6)
    found = open_data(x, kind="series")
    back = restore(rows_of(found) + 0.3, found.schema, "numpy")
    assert back.dtype == np.int16
    np.testing.assert_array_equal(back, x)
    ids = open_data(pd.DataFrame({"n": [7, 7, 3], "u": [1.0, 2.0, 3.0]}), kind="series", series_id="n")
    assert restore(rows_of(ids), ids.schema, "pandas", names=ids.names)["n"].tolist() == [7, 7, 3]


def test_a_reconstruction_is_as_long_as_its_series():
    rebuilt = np.ones((3, 5, 2))
    gap = PADDED.copy()
    gap[0, 1] = np.nan
    cut = cut_like(rebuilt, gap)
    assert cut.shape == (3, 3, 2)
    np.testing.assert_array_equal(np.isnan(cut), np.isnan(PADDED))
    assert (rebuilt == 1).all(), "what was given stays as it was"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((3, 3, 1)), "1 channel; the model was fitted on 2 channels"),
        (np.ones((3, 4, 2)), r"4 steps; the model was fitted on 3 at most.*--window 3"),
        (np.ones((3, 2, 2)), "of 2 steps, the model knows 3"),
        (np.where(np.arange(3)[:, None] < 2, np.ones((4, 3, 2)), np.nan), "with NaN"),
        (np.ones((3, 3, 2)) * np.inf, "infinity in series 0, step 0, channel 0"),
        (pd.DataFrame({"who": [1], "u": [1.0], "w": [2.0]}), "missing column 'v'; unexpected column 'w'"),
        (pd.DataFrame({"u": [1.0], "v": [2.0]}), "no column 'who'"),
    ],
)  # fmt: skip
def test_data_that_a_model_does_not_know(data, message):
    schema = SeriesSchema(3, ("u", "v"), "float64", named=True, series_id="who")
    with pytest.raises(DataError, match=message):
        open_data(data, schema=schema)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (np.ones(5), {}, r"shape is \(5,\).*--window"),
        (np.ones((2, 3, 4, 5)), {}, "shape is"),
        (np.ones((2, 0, 1)), {}, "shape is"),
        (np.array([["a", "b"]]), {}, "not numbers|of numbers"),
        ([], {}, "there is none"),
        ([np.ones(3), np.ones((3, 2))], {}, "series of 1 and of 2 channels"),
        ([np.ones(3), np.ones(0)], {}, "series 1 is"),
        ([np.ones(3), ["a"]], {}, "series 1 is"),
        (np.ones(5), {"window": 6}, "shorter than window=6"),
        (np.full((2, 3), np.nan), {}, "no value at all in channel 'x0'"),
        (long_frame(), {}, "series_id=.*window="),
        (long_frame(), {"series_id": "whom"}, "no column 'whom'; did you mean 'who'"),
        (long_frame(), {"series_id": "u"}, "column 'who' is not of numbers"),
        (long_frame(), {"window": 2, "label": "who"}, "label='who' means nothing"),
        (np.ones((2, 3)), {"series_id": "a"}, "means nothing"),
        (np.ones((2, 3)), {"size": (2, 3)}, "means nothing for series"),
        (np.ones((2, 3)), {"window": 0}, "window=0"),
        (np.ones((2, 3)), {"stride": 2}, "give window"),
        (np.ones((2, 3)), {"kind": "table", "window": 2}, "means nothing for a table"),
        (np.ones((2, 3)), {"kind": "rows"}, "known are"),
    ],
)  # fmt: skip
def test_what_is_no_series_is_refused(data, options, message):
    with pytest.raises(InputError, match=message):
        open_data(data, **{"kind": "series"} | options)


def test_a_number_far_from_those_known_is_refused():
    preparation = SeriesPreparation(3, np.zeros(1), np.ones(1))
    with pytest.raises(DataError, match=r"the number 1e\+20 is too far"):
        preparation.apply(np.array([[[1.0], [1e20], [np.nan]]]))


def test_a_list_keeps_the_lengths_that_gaps_at_an_end_would_hide():
    many = [np.array([1.0, 2.0, np.nan]), np.array([3.0, 4.0]), np.arange(4.0)]
    data = open_data(many, kind="series")
    assert data.lengths.tolist() == [3, 2, 4]
    assert data.subset(np.array([2, 0])).lengths.tolist() == [4, 3]
    cut = cut_like(np.zeros((3, 4, 1)), data.source.read(0, 3), data.lengths)
    assert (~np.isnan(cut[..., 0])).sum(1).tolist() == [3, 2, 4]


@pytest.mark.parametrize(
    ("window", "stride", "overlap"), [(16, 4, 3), (16, 5, 3), (16, 16, 0), (16, None, 0), (3, 1, 2)]
)
def test_windows_know_how_many_after_them_share_a_step(window, stride, overlap):
    data = open_data(np.arange(100.0), kind="series", window=window, stride=stride)
    assert data.overlap == overlap
    steps = [set(row.ravel().tolist()) for row in data.source.read(0, 6)]
    assert [bool(steps[0] & steps[i]) for i in range(1, 6)] == [i <= overlap for i in range(1, 6)]
