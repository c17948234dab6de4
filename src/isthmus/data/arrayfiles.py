"""NumPy's own files, .npy and .npz; never a pickle among them."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import series
from isthmus.data.arrays import from_source
from isthmus.data.dataset import Dataset, Options, some
from isthmus.data.source import ArraySource, Collector, FileSource, Source, fits, rows_per_chunk
from isthmus.errors import DataError

_FAULTS = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)


def from_npy(path: Path, options: Options) -> Dataset:
    """Open a .npy file: in memory if it fits the bound, else read piece by piece where it lies."""
    options.refuse(path.name, "a .npy file", ("key", options.key))
    with _reading(path):
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)  # reads the header, and checks the length
    source = _npy_source(path, mapped, options.memory)
    return from_source(source, "npy", options, path.name)


def _npy_source(path: Path, mapped: Any, memory: int | None) -> Source:
    if mapped.ndim == 0 or fits(len(mapped), mapped.shape[1:], mapped.dtype, memory):
        with _reading(path):
            return ArraySource(np.atleast_1d(np.load(path, allow_pickle=False)))
    if not mapped.flags.c_contiguous:
        raise DataError(
            f"{path.name}: larger than the memory bound and in Fortran order, so rows can't be read one by "
            f"one; save it anew with np.save(path, np.ascontiguousarray(x))"
        )
    return FileSource(path.resolve(), mapped.dtype, mapped.shape[1:], len(mapped), mapped.offset)


def from_npz(path: Path, options: Options) -> Dataset:
    """Open one array of an .npz file; ``label`` may name another of them, one label a row.

    Series of their own lengths may be one array each, as np.savez(path, *series) writes them.
    """
    with _reading(path), zipfile.ZipFile(path) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
        many = series.numbered(list(members)) if options.series and options.key is None else None
        if many:
            return series.from_list([_load(archive, members[name]) for name in many], options, "npz")
        options = options.labelled(list(members))
        key = _choose(path, members, options)
        source = _member(path, archive, members[key], options.memory)
        labels = None
        if options.label is not None:
            labels = _labels(path, archive, members, options.label, source.n)
    opened = from_source(source, "npz", replace(options, key=None, label=None), f"{path.name}[{key!r}]")
    return replace(opened, labels=labels, label=options.label or "")


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays in an .npz file."""
    with _reading(path), zipfile.ZipFile(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


def _choose(path: Path, members: dict[str, str], options: Options) -> str:
    if not members:
        raise DataError(f"{path.name}: no array in it")
    rest = [name for name in members if name != options.label]
    key = options.key if options.key is not None else rest[0] if len(rest) == 1 else None
    if key is None:
        raise DataError(f"{path.name}: holds several arrays ({some(rest, 8)}); say which with key= (--key)")
    _known(path, members, key)
    return key


def _known(path: Path, members: dict[str, str], key: str) -> None:
    if key not in members:
        raise DataError(f"{path.name}: no array {key!r}; there are {some(list(members), 8)}")


def _member(path: Path, archive: zipfile.ZipFile, name: str, memory: int | None) -> Source:
    with archive.open(name) as file:
        shape, fortran, dtype = _header(file)
        size = math.prod(shape) * dtype.itemsize
        if dtype.hasobject or size > archive.getinfo(name).file_size:
            raise ValueError("objects, or fewer bytes than its header says")
        if not shape or fits(shape[0], shape[1:], dtype, memory):
            return ArraySource(_load(archive, name))
        if fortran:
            raise DataError(f"{path.name}: {name} exceeds the memory bound in Fortran order; save it in C order")
        with Collector(shape[0], shape[1:], dtype, memory) as rows:
            for chunk in _pieces(file, shape, dtype):
                rows.add(chunk)
            return rows.finish()


def _load(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as file:
        return np.atleast_1d(np.lib.format.read_array(file, allow_pickle=False))


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _pieces(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    step = rows_per_chunk(shape[1:], dtype)
    width = math.prod(shape[1:]) * dtype.itemsize
    for start in range(0, shape[0], step):
        count = min(step, shape[0] - start)
        yield np.frombuffer(file.read(count * width), dtype).reshape(count, *shape[1:])


def _labels(path: Path, archive: zipfile.ZipFile, members: dict[str, str], label: str, n: int) -> NDArray[Any]:
    _known(path, members, label)
    labels = _load(archive, members[label])
    if labels.shape != (n,):
        raise DataError(f"{path.name}: labels {label!r} have shape {labels.shape}, expected ({n},)")
    return labels


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except _FAULTS as error:
        raise DataError(
            f"{path.name}: can't be read as a {path.suffix} file of plain numbers ({error}); object arrays "
            f"and pickles are refused, save numbers with np.save or np.savez"
        ) from error
