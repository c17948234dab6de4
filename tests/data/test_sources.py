"""Sources give the same rows wherever they live."""

import gc
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import ArraySource, FileSource, chunks, split
from isthmus.data.source import Collector
from isthmus.errors import InputError

ROWS = np.random.default_rng(0).normal(size=(50, 3, 2)).astype(">f4")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.bin"
    path.write_bytes(b"head" + ROWS.tobytes())
    return FileSource(path, ROWS.dtype, (3, 2), 50, offset=4)


@given(rows=st.lists(st.integers(-50, 49), max_size=80))
def test_a_file_gives_any_rows_as_an_array_does(stored, rows):
    rows = np.array(rows, int)
    np.testing.assert_array_equal(stored.take(rows), ArraySource(ROWS).take(rows))


@given(start=st.integers(0, 60), stop=st.integers(0, 60))
def test_a_file_gives_slices_as_an_array_does(stored, start, stop):
    np.testing.assert_array_equal(stored.read(start, stop), ROWS[start:stop])


def test_a_file_source_survives_pickling_and_gives_native_numbers(stored):
    copy = pickle.loads(pickle.dumps(stored.with_shape((6,))))  # noqa: S301 - our own
    assert copy.read(0, 50).dtype.isnative
    np.testing.assert_array_equal(copy.read(0, 50), ROWS.reshape(50, 6))
    assert (copy.n, copy.nbytes, copy.resident) == (50, ROWS.nbytes, False)
    with pytest.raises(IndexError):
        copy.take(np.array([50]))


def test_a_shortened_file_is_an_error(tmp_path):
    (tmp_path / "short").write_bytes(b"12")
    with pytest.raises(InputError, match="ended early"):
        FileSource(tmp_path / "short", np.dtype("f4"), (2,), 1).read(0, 1)


@pytest.mark.parametrize("memory", [None, 10])
def test_collected_rows_come_out_as_they_went_in(memory):
    with Collector(50, (3, 2), np.dtype("f4"), memory) as collected:
        collected.add(ROWS[:20])
        collected.add(ROWS[20:45])
        source = collected.finish()
    assert source.resident == (memory is None)
    np.testing.assert_array_equal(np.concatenate(list(chunks(source, 7))), ROWS[:45])


def test_a_spool_is_deleted_with_its_last_source_and_after_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Collector(9, (2,), np.dtype("f8"), 1) as collected:
        collected.add(np.ones((9, 2)))
        source = collected.finish().with_shape((2, 1))
    gc.collect()
    assert source.read(0, 9).sum() == 18
    del source, collected
    gc.collect()
    with pytest.raises(KeyError), Collector(9, (2,), np.dtype("f8"), 1):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@given(n=st.integers(0, 200), held=st.floats(0, 0.999) | st.integers(0, 50), seed=st.integers(0, 9))
def test_split_parts_the_rows(n, held, seed):
    if isinstance(held, int) and held >= max(n, 1):
        with pytest.raises(InputError, match="held-out"):
            split(n, held, seed)
        return
    learned, out = split(n, held, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([learned, out])), np.arange(n))
    assert learned.dtype == out.dtype == np.int64
    assert (np.diff(learned) > 0).all()
    if n >= 2:
        assert len(learned) >= 1
        assert (len(out) >= 1) == (held > 0)
    again = split(n, held, seed)
    np.testing.assert_array_equal(again[1], out)


def test_rows_that_overlap_are_held_out_in_one_block_apart_from_the_others():
    learned, held = split(100, 0.1, seed=3, overlap=4)
    assert held.tolist() == list(range(90, 100))
    assert learned.tolist() == list(range(86))
    assert split(100, 0, seed=3, overlap=4)[0].tolist() == list(range(100))
    with pytest.raises(InputError, match="larger stride"):
        split(12, 2, seed=0, overlap=10)
