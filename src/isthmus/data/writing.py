"""Results as files: tables, arrays, pictures and codes."""

import errno
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from isthmus.data.arrayfiles import array_names
from isthmus.data.dataset import Dataset, Options
from isthmus.data.folders import write_folder
from isthmus.data.kinds import MUSIC
from isthmus.data.opening import open_data, read_table
from isthmus.data.playing import is_played, write_played
from isthmus.data.restoring import long_table, restore, to_arrow
from isthmus.data.schema import CountsSchema, ImageSchema, Schema, SeriesSchema, TableSchema
from isthmus.data.streamwriting import write_tables
from isthmus.data.tables import from_reader
from isthmus.errors import DataError, InputError
from isthmus.files import atomic_write

_ARRAYS = (".npy", ".npz")
_TABLES = (".csv", ".parquet", ".feather", ".arrow")
ENDINGS = _ARRAYS + _TABLES
ROWS = (*ENDINGS, *MUSIC, ".wav")
"""Endings of files of rows, among them those that not all kinds of rows can be written as."""
_ROW = "row"
_A = {"table": "a table", "series": "series", "counts": "counts"}
_STD = "_std"


def check_output(
    path: str | os.PathLike[str],
    force: bool = False,
    *,
    endings: Sequence[str] = ENDINGS,
    folder: bool = True,
) -> Path:
    """Refuse an output that can't be written, before any work is done for it.

    Parameters
    ----------
    path : str or Path
        A file with one of ``endings``; or without any, a folder of pictures.
    force : bool
        Allow it to exist.
    endings : sequence of str
        The endings known.
    folder : bool
        Whether a folder will do.

    Raises
    ------
    InputError
        If the ending is unknown, the path exists without ``force``, or its folder doesn't exist or can't be
        written.
    """
    path = Path(path)
    as_folder = folder and (path.is_dir() or (not path.suffix and not path.exists()))
    if not as_folder and path.suffix.lower() not in endings:
        known = ", ".join(endings) + (", or a folder (no ending) for pictures, music and sounds" if folder else "")
        raise InputError(f"{path}: unknown ending {path.suffix!r} of an output; known are {known}")
    if path.is_dir() and not as_folder:
        raise InputError(f"{path}: is a folder; give the name of a file")
    _check_place(path, force)
    return path


def _check_place(path: Path, force: bool) -> None:
    taken = path.is_file() or (path.is_dir() and any(path.iterdir()))
    if taken and not force:
        raise InputError(f"{path}: exists already; overwrite it with --force (force=True)")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    place = path if path.exists() and not path.is_file() else path.parent  # a device is written in place
    if not (os.access(place, os.W_OK) and (place == path or _takes_files(place))):
        raise InputError(f"{path}: no right to write in {place}")


def _takes_files(folder: Path) -> bool:
    """Whether a file can be made there; rights don't tell of folders such as /proc."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)  # what is replaced may make the room


def write_data(
    path: str | os.PathLike[str],
    raw: NDArray[Any],
    schema: Schema,
    *,
    names: Sequence[str] | None = None,
    force: bool = False,
) -> None:
    """Write raw rows as the path's ending says.

    Parameters
    ----------
    path : str or Path
        A .npy, .npz, .csv, .parquet, .feather or .arrow file; for pictures a folder; for music a .mid and for sounds
        a .wav file, or a folder of such.
    raw : (n, columns), (n, height, width, channels) or (n, time, channels)
        Rows as a preparation's ``undo`` returns them.
    names : sequence of str, optional
        The pictures' relative paths in a folder; known picture endings are kept, others become .png. Of series,
        their ids in a table.
    force : bool
        Allow ``path`` to exist.

    Raises
    ------
    InputError
        If ``check_output`` refuses the path, the ending doesn't suit the data, or writing fails.
    """
    path = check_output(path, force, endings=ROWS)
    ending = path.suffix.lower()
    if is_played(path, schema):
        write_played(path, raw, cast(SeriesSchema, schema))
        return
    if isinstance(schema, ImageSchema):
        if path.is_dir() or not ending:
            write_folder(path, restore(raw, schema, "numpy").reshape(len(raw), *schema.shape), names)
            return
        if ending in _TABLES:
            raise InputError(f"{path}: pictures can't be written as {ending}; use .npy, .npz or a folder")
    elif ending not in ENDINGS:
        raise InputError(f"{path}: {_A[schema.kind]} can't be a folder; use {', '.join(_TABLES)}, .npy or .npz")
    if isinstance(schema, CountsSchema) and ending in _TABLES:
        write_tables(path, [pa.table({name: raw[:, i] for i, name in enumerate(schema.columns)})])
        return
    if isinstance(schema, SeriesSchema) and ending in _TABLES:
        write_tables(path, [long_table(raw, schema, names)])
        return
    if isinstance(schema, TableSchema) and ending in _TABLES:
        write_tables(path, [to_arrow(raw, schema)])
        return
    if isinstance(schema, TableSchema) and not schema.numeric:
        raise InputError(f"{path}: columns of text can't be written as {ending}; use {', '.join(_TABLES)}")
    _write_arrays(path, {"data": restore(raw, schema, "numpy")})


def write_codes(
    path: str | os.PathLike[str],
    codes: NDArray[Any],
    *,
    names: Sequence[str],
    rows: Sequence[str] | None = None,
    force: bool = False,
) -> None:
    """Write codes (n, z) under column ``names``; ``rows`` (such as picture names) become a first column.

    A .npy file holds the numbers alone; an .npz file the arrays ``codes``, ``names`` and ``row``.

    Raises
    ------
    InputError
        If ``check_output`` refuses the path, or writing fails.
    """
    path = check_output(path, force, folder=False)
    if path.suffix.lower() in _ARRAYS:
        arrays = {"codes": codes, "names": np.array(names, str)}
        _write_arrays(path, arrays if rows is None else arrays | {_ROW: np.array(rows, str)})
        return
    columns = {} if rows is None else {_ROW: pa.array(rows, pa.string())}
    columns |= {name: pa.array(np.ascontiguousarray(codes[:, i])) for i, name in enumerate(names)}
    write_tables(path, [pa.table(columns)])


def read_codes(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read codes (n, z) as ``write_codes`` wrote them, or from any table of numbers.

    Of a table, columns whose names end in ``_std`` (a posterior's standard deviations) are left out.

    Raises
    ------
    DataError
        If the file holds anything but finite numbers.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise DataError(f"{path.name}: unknown ending {ending!r} of codes; known are {', '.join(ENDINGS)}")
    found = _open_codes(path, ending)
    numeric = isinstance(found.schema, TableSchema) and all(c.role == "numeric" for c in found.schema.columns)
    codes = found.source.read(0, found.n)
    if not numeric or not np.isfinite(codes).all():
        raise DataError(f"{path.name}: codes are finite numbers, without text and missing cells")
    return codes


def _open_codes(path: Path, ending: str) -> Dataset:
    if ending == ".npz":
        return open_data(path, kind="table", key="codes" if "codes" in array_names(path) else None)
    if ending == ".npy" or not path.exists():
        return open_data(path, kind="table")
    reader = read_table(path, ending, Options())
    spreads = tuple(name for name in reader.names if name.removesuffix(_STD) != name)
    return from_reader(reader, Options(drop=((_ROW,) if _ROW in reader.names else ()) + spreads))


def _write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    with atomic_write(path) as file:
        if path.suffix.lower() == ".npy":
            np.save(file, next(iter(arrays.values())), allow_pickle=False)
        else:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
