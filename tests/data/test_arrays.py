"""Arrays, tensors and NumPy's files: what is taken as what, and what is refused."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from isthmus.data import chunks, open_data, restore
from isthmus.errors import DataError, InputError


def test_an_array_is_neither_copied_nor_changed():
    x = np.random.default_rng(0).normal(size=(5, 3))
    assert open_data(x).source.array is x
    pictures = np.zeros((4, 8, 6), np.uint8)
    opened = open_data(pictures)
    assert opened.kind == "images"
    assert opened.schema.shape == opened.source.shape == (8, 6, 1)
    assert np.shares_memory(opened.source.array, pictures)
    assert restore(opened.source.read(0, 4), opened.schema, "numpy").shape == (4, 8, 6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint64", "float16", "float32", ">f8", "bool"])
def test_tables_come_back_in_their_type(dtype):
    x = np.array([[0, 1], [1, 1], [1, 0]]).astype(dtype)
    opened = open_data(x)
    back = restore(opened.source.read(0, 3).astype(float) + 0.2, opened.schema, opened.container)
    assert back.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_allclose(back.astype(float), x + 0.2 * (x.dtype.kind == "f"), rtol=1e-3)


def test_integers_are_clipped_to_their_type():
    for dtype in ("uint8", "int64", "uint64"):
        info = np.iinfo(dtype)
        schema = open_data(np.zeros((2, 1), dtype)).schema
        low, high = restore(np.array([[-1e30], [1e30]]), schema, "numpy").ravel().tolist()
        assert (low, high / info.max) == (info.min, pytest.approx(1))


def test_a_tensor_is_taken_without_its_graph():
    tensor = torch.ones(3, 2, requires_grad=True) * 2
    opened = open_data(tensor)
    assert opened.container == "torch"
    assert opened.source.array.tolist() == [[2, 2]] * 3


def test_builtin_sets_and_their_labels():
    opened = open_data("digits")
    assert opened.source.array.dtype == np.uint8
    np.testing.assert_allclose(opened.source.array[..., 0], load_digits().images * 255 / 16, atol=0.5)
    assert opened.labels.tolist() == load_digits().target.tolist()
    assert open_data("breast-cancer").schema.feature_names[0] == "mean radius"


def test_a_path_that_exists_wins_over_a_builtin_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("digits")
    with pytest.raises(DataError, match=r"no pictures in this folder; known endings are \.png"):
        open_data("digits")


NAN = np.array([[1.0, np.nan], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (np.zeros(3), {}, r"reshape\(-1, 1\)"),
        (np.float64(3), {}, "one number a row"),
        (np.zeros((0, 3)), {}, r"\(0, 3\).*at least one row"),
        (np.zeros((3, 0)), {}, "nothing in it"),
        (np.zeros((2, 2), object), {}, "dtype is object.*DataFrame"),
        (np.zeros((2, 2), complex), {}, "complex128.*imaginary"),
        (np.array([["a"]]), {}, "text needs a table"),
        (np.zeros((2, 2), "M8[D]"), {}, "days since"),
        (np.zeros((2, 4, 4)), {}, "kind='images'"),
        (np.zeros((2, 4, 4), np.uint8), {"kind": "table"}, "two axes"),
        (np.zeros((2, 4, 4, 1, 1), np.uint8), {}, "pictures are"),
        (np.zeros((2, 4)), {"kind": "images"}, "this is a table, and kind= asks for pictures"),
        (np.zeros((2, 4, 4), np.int64), {"kind": "images"}, "int64; convert"),
        (np.zeros((2, 3, 8, 8), np.uint8), {}, "moveaxis"),
        (np.where(np.eye(3) > 0, np.inf, 0)[:2], {}, r"inf in column 'x0', row 0, inf in column 'x1', row 1"),
        (NAN, {}, r"no value at all in column 'x1'"),
        (NAN.reshape(2, 2, 1), {"kind": "images"}, "NaN.*row 0"),
        (np.full((2, 2, 1), np.inf), {"kind": "images"}, "infinity.*row 0"),
        (np.ma.masked_equal(np.eye(3), 1), {}, r"masked.*filled"),
        (None, {}, "NoneType: not data"),
        ([[1, 2], [3]], {}, "no array can be made"),
        ("nosuch.csv", {}, "nosuch.csv: no such file.*built-in are digits"),
        ("digit", {}, "did you mean 'digits'"),
    ],
)
def test_refusals(data, options, message):
    with pytest.raises(DataError, match=message):
        open_data(data, **options)


@pytest.mark.parametrize(
    "options", [{"kind": "pictures"}, {"size": (0, 3)}, {"drop": ["x0"]}, {"label": "x0"}, {"key": "a"}]
)
def test_options_refused(options):
    with pytest.raises(InputError):
        open_data(np.eye(3), **options)


def test_later_arrays_must_agree():
    table = open_data(np.eye(6)).schema
    with pytest.raises(DataError, match="X has 5 features, but Autoencoder is expecting 6 features as input"):
        open_data(np.eye(5), schema=table)
    missing = np.full((1, 6), np.nan, "f4")
    with pytest.raises(DataError, match=r"missing cells \(NaN\) in column 'x0'.*fitted on data without"):
        open_data(missing, schema=table)
    holes = open_data(np.where(np.eye(6) > 0, np.nan, 1.0)).schema
    assert np.isnan(open_data(missing, schema=holes).source.array).all()
    pictures = open_data(np.zeros((2, 4, 5), np.uint8)).schema
    for bad in (
        np.zeros((2, 5, 4), np.uint8),
        np.zeros((2, 4, 5), np.uint16),
        np.zeros((2, 4, 5, 3), np.uint8),
    ):
        with pytest.raises(DataError, match=r"fitted on 4x5 .*grey, uint8"):
            open_data(bad, schema=pictures)
    with pytest.raises(DataError, match="this is a table, and the model was fitted on pictures"):
        open_data(np.eye(3), schema=pictures)


@pytest.mark.parametrize("memory", [None, 100])
@pytest.mark.parametrize("dtype", ["uint8", "<f4", ">f8"])
def test_npy_and_npz_give_the_array_in_memory_or_not(tmp_path, memory, dtype):
    x = np.random.default_rng(1).integers(0, 99, (40, 6, 3)).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    np.savez_compressed(tmp_path / "x.npz", x=x, y=np.arange(40))
    for found in (
        open_data(tmp_path / "x.npy", kind="images", memory=memory),
        open_data(tmp_path / "x.npz", kind="images", key="x", label="y", memory=memory),
    ):
        assert found.source.resident == (memory is None)
        np.testing.assert_array_equal(np.concatenate(list(chunks(found.source, 7)))[..., 0], x)
        assert found.source.take(np.array([3])).dtype.isnative
    assert found.labels.tolist() == list(range(40))


def test_infinity_is_found_in_files_larger_than_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.data.source.CHUNK_BYTES", 64)
    x = np.zeros((100, 2))
    x[77, 1] = np.inf
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(DataError, match=r"x.npy: inf in column 'x1', row 77"):
        open_data(tmp_path / "x.npy", memory=1)


def test_files_refused(tmp_path):
    x = np.eye(8)
    np.save(tmp_path / "f.npy", np.asfortranarray(np.arange(12.0).reshape(3, 4)))
    np.savez(tmp_path / "two.npz", a=x, b=x)
    np.savez(tmp_path / "one.npz", a=x)
    np.save(tmp_path / "cut.npy", x)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:300])
    (tmp_path / "bad.npz").write_bytes((tmp_path / "one.npz").read_bytes()[:-40])
    np.save(tmp_path / "o.npy", np.array([[print]]), allow_pickle=True)
    (tmp_path / "p.npy").write_bytes(pickle.dumps([1]))
    (tmp_path / "t.xlsx").write_bytes(b"")
    (tmp_path / "t.png").write_bytes(b"")
    for name, options, message in [
        ("f.npy", {"memory": 1}, "Fortran order.*ascontiguousarray"),
        ("two.npz", {}, r"several arrays \(a, b\).*--key"),
        ("two.npz", {"key": "c"}, "no array 'c'; there are a, b"),
        ("two.npz", {"key": "a", "label": "b"}, r"labels 'b' have shape \(8, 8\), expected \(8,\)"),
        ("cut.npy", {}, "cut.npy: can't be read"),
        ("bad.npz", {}, "bad.npz: can't be read"),
        ("o.npy", {}, "pickles are refused"),
        ("p.npy", {}, "pickles are refused"),
        ("t.xlsx", {}, "unknown ending '.xlsx'; known are .npy"),
        ("t.png", {}, "give the folder"),
        ("twoo.npz", {}, "did you mean 'two.npz'"),
    ]:
        with pytest.raises(DataError, match=message):
            open_data(tmp_path / name, **options)
    assert open_data(str(tmp_path / "one.npz")).n == 8


@pytest.mark.data
def test_real_arrays_open():
    root = Path(os.environ.get("ISTHMUS_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not root.is_dir():
        pytest.skip("no folder of real data sets (set ISTHMUS_DATA)")
    cifar = open_data(root / "images" / "cifar10_subset.npz", key="x_train", label="y_train")
    assert cifar.source.shape == (32, 32, 3)
    assert len(cifar.labels) == cifar.n == 6000
    assert open_data(root / "adbench" / "38_thyroid.npz", label="y").source.shape == (6,)
