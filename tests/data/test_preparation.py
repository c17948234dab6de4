"""A preparation is learned exactly, inverts, and survives JSON."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import norm, rankdata
from sklearn.datasets import load_diabetes, load_wine

from isthmus.data import (
    Column,
    ImageSchema,
    TableSchema,
    chunks,
    fit_preparation,
    open_data,
    preparation_from_json,
    schema_from_json,
)
from isthmus.errors import DataError

MIXED = TableSchema(
    (
        Column("a", "numeric", "float64"),
        Column("c", "categorical", "string", ("x", "y", "z")),
        Column("b", "boolean", "bool"),
        Column("i", "numeric", "int64"),
    ),
    named=True,
)


def numeric(width):
    return TableSchema(tuple(Column(f"x{i}", "numeric", "float64") for i in range(width)), named=False)


def mixed_rows(n=200, missing=0.1):
    rng = np.random.default_rng(1)
    raw = np.column_stack([rng.normal(5, 3, n), rng.integers(0, 3, n), rng.integers(0, 2, n), rng.integers(-99, 99, n)])
    raw[rng.random(raw.shape) < missing] = np.nan
    return raw


@pytest.mark.parametrize("load", [load_wine, load_diabetes])
def test_means_and_scales_are_numpys_for_any_pieces(load):
    x = load().data * [1, *[1e3] * (load().data.shape[1] - 1)] + 1e6
    for size in (1, 7, 1000):
        pieces = (x[i : i + size] for i in range(0, len(x), size))
        found = fit_preparation(numeric(x.shape[1]), pieces)
        np.testing.assert_allclose(found.means, x.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(found.scales, x.std(axis=0), rtol=1e-9)


def test_missing_cells_are_left_out_of_the_moments():
    raw = mixed_rows()
    found = fit_preparation(MIXED, [raw[:3], raw[3:]])
    np.testing.assert_allclose(found.means, [np.nanmean(raw[:, 0]), 0, 0, np.nanmean(raw[:, 3])])
    np.testing.assert_allclose(found.scales, [np.nanstd(raw[:, 0]), 1, 1, np.nanstd(raw[:, 3])])


def test_a_mixed_table_is_one_hot_and_comes_back_with_its_gaps():
    raw = mixed_rows()
    found = fit_preparation(MIXED, [raw])
    assert found.groups == (("numeric", 1), ("categorical", 3), ("binary", 1), ("numeric", 1))
    z = found.apply(raw)
    assert z.dtype == np.float32
    assert z.shape == (200, *found.shape) == (200, 6)
    np.testing.assert_array_equal(np.isnan(z[:, 1:4]).all(axis=1), np.isnan(raw[:, 1]))
    np.testing.assert_array_equal(np.nansum(z[:, 1:4], axis=1), ~np.isnan(raw[:, 1]))
    np.testing.assert_allclose(found.undo(z), raw, atol=1e-4)


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 20), st.integers(1, 5)), elements=st.floats(-1e6, 1e6)))
def test_undo_inverts_apply_to_float32_precision(x):
    found = fit_preparation(numeric(x.shape[1]), [x])
    z = found.apply(x)
    assert np.isfinite(z).all()
    tolerance = 1e-6 * (np.abs(x - x.mean(axis=0)).max() + found.scales) + 1e-9 * np.abs(x).max() + 1e-150
    assert (np.abs(found.undo(z) - x) <= tolerance).all()


def test_constant_empty_and_huge_columns():
    x = np.column_stack([np.full(1000, 0.1), np.full(1000, np.nan)])
    np.testing.assert_array_equal(fit_preparation(numeric(2), [x]).scales, [0, 0])
    found = fit_preparation(numeric(1), [x[:, :1]])
    np.testing.assert_allclose(found.undo(np.array([[0.3], [-2.0]])), [[0.1], [0.1]], rtol=1e-14)
    with pytest.raises(DataError, match=r"'x0'.*too large"):
        fit_preparation(numeric(1), [np.array([[1e200], [-1e200]])])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_go_to_the_unit_interval_and_back_exactly(dtype, channels):
    rng = np.random.default_rng(2)
    raw = rng.integers(0, 256, (7, 5, 4, channels)).astype(dtype)
    found = fit_preparation(ImageSchema(5, 4, channels, dtype), [raw[:4], raw[4:]])
    z = found.apply(raw)
    assert z.dtype == np.float32
    assert z.flags.c_contiguous
    assert z.shape[1:] == found.shape == (channels, 5, 4)
    assert z.min() >= 0
    assert z.max() <= 1
    back = found.undo(z)
    assert back.dtype == raw.dtype
    np.testing.assert_allclose(back, raw, atol=0 if dtype[0] == "u" else 1e-4)


def test_float_pictures_within_the_unit_interval_stay_and_integers_are_clipped():
    x = np.linspace(0.2, 0.9, 8, dtype=np.float32).reshape(2, 2, 2, 1)
    np.testing.assert_array_equal(fit_preparation(ImageSchema(2, 2, 1, "float32"), [x]).apply(x).ravel(), x.ravel())
    full = fit_preparation(ImageSchema(1, 1, 1, "uint8"), [])
    assert full.undo(np.array([-0.2, 1.7], np.float32).reshape(2, 1, 1, 1)).ravel().tolist() == [0, 255]


@pytest.mark.parametrize("name", ["digits", "wine", "mixed", "floats"])
def test_json_is_the_identity(name):
    if name in ("digits", "wine"):
        data = open_data(name)
        schema, raw = data.schema, np.concatenate(list(chunks(data.source)))
    elif name == "mixed":
        schema, raw = MIXED, mixed_rows()
    else:
        schema, raw = ImageSchema(2, 2, 1, "float64"), np.random.default_rng(3).normal(size=(5, 2, 2, 1))
    found = fit_preparation(schema, [raw])
    again = preparation_from_json(json.loads(json.dumps(found.to_json())))
    np.testing.assert_array_equal(again.apply(raw), found.apply(raw))
    assert schema_from_json(json.loads(json.dumps(schema.to_json()))) == schema


def changed(description, path, value):
    copy = json.loads(json.dumps(description))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


TABLE, PICTURE = MIXED.to_json(), ImageSchema(4, 4, 1, "uint8").to_json()
HOSTILE_SCHEMAS = [
    None,
    {},
    {"kind": "audio"},
    changed(TABLE, ["columns"], []),
    changed(TABLE, ["columns"], "x"),
    changed(TABLE, ["dtype"], "object"),
    changed(TABLE, ["named"], 1),
    changed(TABLE, ["columns", 0], 3),
    changed(TABLE, ["columns", 0, "dtype"], "O"),
    changed(TABLE, ["columns", 0, "name"], "b"),
    changed(TABLE, ["columns", 0, "role"], "index"),
    changed(TABLE, ["columns", 1, "categories"], ["b", "a"]),
    changed(TABLE, ["columns", 1, "categories"], [1]),
    changed(TABLE, ["columns", 1, "categories"], []),
    changed(PICTURE, ["height"], 2**20 + 1),
    changed(PICTURE, ["height"], 0),
    changed(PICTURE, ["width"], True),
    changed(PICTURE, ["dtype"], "object"),
    changed(changed(PICTURE, ["channels"], 3), ["squeezed"], True),
]


@pytest.mark.parametrize("description", HOSTILE_SCHEMAS)
def test_hostile_schemas_are_refused(description):
    with pytest.raises(DataError, match="schema"):
        schema_from_json(description)


PREPARED = fit_preparation(MIXED, [mixed_rows()]).to_json()


@pytest.mark.parametrize(
    "description",
    [
        [],
        {"kind": "audio"},
        {"kind": "images", "schema": PICTURE, "low": 1, "high": 1},
        {"kind": "images", "schema": PICTURE, "low": 0, "high": "1"},
        changed(PREPARED, ["means"], [0.0]),
        changed(PREPARED, ["means", 0], float("nan")),
        changed(PREPARED, ["means", 0], 10**400),
        changed(PREPARED, ["scales", 0], -1.0),
        changed(PREPARED, ["groups"], []),
        changed(PREPARED, ["groups", 0], ["numeric", 2]),
        changed(PREPARED, ["groups", 0], ["categorical", 2**30]),
        changed(PREPARED, ["groups", 0], [[], 1]),
    ],
)
def test_hostile_preparations_are_refused(description):
    with pytest.raises(DataError):
        preparation_from_json(description)


def spiky(n=3000):
    """Half of the cells 0, others in a long tail; whole numbers from 0 to 4; a category; a number that is constant."""
    rng = np.random.default_rng(3)
    tail = np.where(rng.random(n) < 0.5, 0.0, rng.lognormal(0, 2, n))
    return np.column_stack([tail, rng.integers(0, 3, n), rng.integers(0, 2, n), rng.integers(0, 5, n)])


def bent(raw):
    return fit_preparation(MIXED, [raw[:999], raw[999:]], quantiles=True)


def test_bent_numbers_have_the_scores_of_their_ranks_and_come_back():
    raw = spiky()
    found = bent(raw)
    z = found.apply(raw)
    for column, prepared in ((0, 0), (3, 5)):  # of a spike, the middle of its ranks
        expected = norm.ppf((rankdata(raw[:, column]) - 0.5) / len(raw))
        inner = abs(expected) < 2.9
        np.testing.assert_allclose(z[inner, prepared], expected[inner], atol=0.03)
    np.testing.assert_allclose(found.undo(z), raw, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(np.isnan(found.apply(np.full((1, 4), np.nan))), True)
    far = found.undo(found.apply(np.array([[1e300, 0, 0, -5], [-1e300, 0, 0, 99]])))
    np.testing.assert_allclose(far[:, [0, 3]], [[raw[:, 0].max(), 0], [0, 4]])  # within the range known


def test_normal_scores_give_back_the_distribution_learned():
    raw = spiky()
    found = bent(raw)
    scores = np.repeat(norm.ppf((np.arange(2000) + 0.5) / 2000)[:, None], 6, 1)
    made = found.undo(scores)
    assert (made[:, 0] == 0).mean() == pytest.approx((raw[:, 0] == 0).mean(), abs=0.01)
    for level in (0.7, 0.9, 0.99):
        np.testing.assert_allclose(np.quantile(made[:, 0], level), np.quantile(raw[:, 0], level), rtol=0.05)
    np.testing.assert_allclose([(made[:, 3].round() == k).mean() for k in range(5)], 0.2, atol=0.03)


def test_bent_columns_that_are_constant_or_empty():
    x = np.column_stack([np.full(50, 7.0), np.full(50, np.nan)])
    found = fit_preparation(numeric(2), [x], quantiles=True)
    np.testing.assert_array_equal(found.apply(x)[:, 0], 0)
    np.testing.assert_array_equal(found.undo(np.array([[2.0, 1.0]])), [[7.0, 0.0]])


def test_curves_read_back_and_hostile_ones_are_refused():
    raw = spiky()
    found = bent(raw).to_json()
    again = preparation_from_json(json.loads(json.dumps(found)))
    np.testing.assert_array_equal(again.apply(raw), bent(raw).apply(raw))
    for path, value in (
        (["curves", "furthest"], 0),
        (["curves", "furthest"], float("nan")),
        (["curves", "quantiles"], [None] * 4),
        (["curves", "quantiles", 0], [1.0, 2.0]),
        (["curves", "quantiles", 0, 5], 1e9),
        (["curves", "quantiles", 1], found["curves"]["quantiles"][0]),
        (["curves"], []),
    ):
        with pytest.raises(DataError):
            preparation_from_json(changed(found, path, value))


def test_curves_of_many_rows_are_of_some_drawn_from_all():
    many = np.arange(50_000.0)[:, None]
    found = fit_preparation(numeric(1), np.array_split(many, 7), quantiles=True)
    np.testing.assert_allclose(found.undo(np.array([[0.0]])), 25_000, rtol=0.03)
