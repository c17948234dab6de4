"""Files of counts: sparse .npz and .mtx, and the tables of biology, .biom and .h5ad."""

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.io
import scipy.sparse as sp

from isthmus.data import counts
from isthmus.data.dataset import Dataset, Options
from isthmus.errors import DataError, InputError

_FAULTS = (ValueError, OSError, EOFError, KeyError, IndexError, TypeError, OverflowError, AttributeError,
           UnicodeDecodeError, RecursionError, zipfile.BadZipFile, zlib.error, NotImplementedError)  # fmt: skip
_MOST_EMPTY = 2**24
"""Rows or columns beyond those that hold anything: a header may lie, and every row takes memory."""


class Found(NamedTuple):
    """A file's matrix, (rows, features), and what it calls them."""

    matrix: Any
    columns: list[str] | None = None
    names: list[str] | None = None


def from_file(path: Path, options: Options) -> Dataset:
    """Open a file of counts, by its ending."""
    ending = path.suffix.lower()
    if ending != ".h5ad":
        options.refuse(path.name, f"a {ending} file of counts", ("key", options.key))
    with _reading(path):
        found = READERS[ending](path, options.key)
    return counts.from_matrix(found.matrix, ending[1:], options, path.name, columns=found.columns, names=found.names)


def is_sparse_npz(path: Path) -> bool:
    """Say whether an .npz file holds the pieces of one sparse matrix, as scipy.sparse.save_npz writes them."""
    with _reading(path), zipfile.ZipFile(path) as archive:
        members = {name.removesuffix(".npy") for name in archive.namelist()}
    pieces = ({"indices", "indptr"}, {"row", "col"})
    return {"data", "shape"} <= members and any(piece <= members for piece in pieces)


def from_npz(path: Path, options: Options) -> Dataset:
    """Open a sparse .npz file; arrays ``feature_ids`` and ``sample_ids`` beside it name columns and rows."""
    with _reading(path), np.load(path, allow_pickle=False) as pieces:
        matrix = _from_pieces(pieces)
        columns, names = (_texts(pieces[k]) if k in pieces else None for k in ("feature_ids", "sample_ids"))
    return counts.from_matrix(matrix, "npz", options, path.name, columns=columns, names=names)


def _from_pieces(pieces: Any) -> Any:
    shape = _shape(pieces["shape"], len(pieces["data"]))
    if "row" in pieces:
        return sp.coo_matrix((pieces["data"], (pieces["row"], pieces["col"])), shape=shape)
    form = pieces["format"].item() if "format" in pieces else b"csr"
    return _compressed(pieces, shape, form.decode() if isinstance(form, bytes) else str(form))


def _compressed(pieces: Any, shape: tuple[int, int], form: str) -> Any:
    if form not in ("csr", "csc"):
        raise ValueError(f"a sparse matrix of form {form[:20]!r}; csr, csc and coo are known")
    parts: Any = tuple(np.asarray(pieces[name]) for name in ("data", "indices", "indptr"))
    matrix = (sp.csr_matrix if form == "csr" else sp.csc_matrix)(parts, shape=shape)
    matrix.check_format(full_check=True)  # indices from a file may point anywhere
    return matrix


def _shape(shape: Any, cells: int) -> tuple[int, int]:
    rows, columns = (int(side) for side in shape)
    if not all(0 < side <= cells + _MOST_EMPTY for side in (rows, columns)):
        raise ValueError(f"a matrix of shape {(rows, columns)} for {cells} cells")
    return rows, columns


def _texts(values: Any) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values.tolist()]


def _read_mtx(path: Path, key: str | None) -> Found:  # noqa: ARG001
    rows, columns, cells, form, _, _ = scipy.io.mminfo(path)
    _shape((rows, columns), cells)
    if form != "coordinate" and rows * columns * 8 > 64 * path.stat().st_size + 2**20:
        raise ValueError("fewer numbers than its header says")
    return Found(sp.csr_matrix(scipy.io.mmread(path)))


def _read_biom(path: Path, key: str | None) -> Found:  # noqa: ARG001
    with path.open("rb") as file:
        json_form = file.read(1) in b"{ \n"
    return _biom_json(json.loads(path.read_text("utf-8"))) if json_form else _biom_hdf5(path)


def _biom_json(table: Any) -> Found:
    """BIOM 1.0 (McDonald et al., GigaScience 2012): rows are features, columns samples."""
    columns, names = ([str(item["id"]) for item in table[axis]] for axis in ("rows", "columns"))
    shape = (len(columns), len(names))
    cells = np.array(table["data"], np.float64)
    if table["matrix_type"] == "sparse":
        cells = cells.reshape(-1, 3)
        places = (cells[:, 0].astype(np.int64), cells[:, 1].astype(np.int64))
        return Found(sp.coo_matrix((cells[:, 2], places), shape=shape).T, columns, names)
    return Found(sp.csr_matrix(cells.reshape(shape)).T, columns, names)


def _biom_hdf5(path: Path) -> Found:
    """BIOM 2: the same matrix is kept by samples, whose rows are ours."""
    with _hdf5(path) as file:
        columns, names = (_texts(file[f"{axis}/ids"][:]) for axis in ("observation", "sample"))
        pieces = {name: file[f"sample/matrix/{name}"][:] for name in ("data", "indices", "indptr")}
        return Found(_compressed(pieces, (len(names), len(columns)), "csr"), columns, names)


def _read_h5ad(path: Path, key: str | None) -> Found:
    """AnnData's X, or with ``key`` another matrix, such as layers/counts."""
    with _hdf5(path) as file:
        place = key or "X"
        if place not in file:
            raise ValueError(f"no {place!r} in it; there are {', '.join(list(file)[:8])}")
        held = file[place]
        columns, names = _index(file, "var"), _index(file, "obs")
        if hasattr(held, "keys"):
            form = str(held.attrs["encoding-type"]).removesuffix("_matrix")
            pieces = {name: held[name][:] for name in ("data", "indices", "indptr")}
            return Found(_compressed(pieces, _shape(held.attrs["shape"], len(pieces["data"])), form), columns, names)
        return Found(sp.csr_matrix(held[:]), columns, names)


def _index(file: Any, axis: str) -> list[str] | None:
    """The names of rows or columns, where they are kept in the plain way."""
    held = file.get(axis)
    if held is None or not hasattr(held, "keys") or "_index" not in held.attrs:
        return None
    return _texts(held[held.attrs["_index"]][:])


def _hdf5(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise InputError(f"{path.name}: to read it, install h5py: pip install 'isthmus[counts]'") from None
    return h5py.File(path, "r")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except _FAULTS as error:
        raise DataError(f"{path.name}: can't be read as a {path.suffix} file of counts ({error})") from error


READERS: dict[str, Callable[[Path, str | None], Found]] = {
    ".mtx": _read_mtx,
    ".biom": _read_biom,
    ".h5ad": _read_h5ad,
}
