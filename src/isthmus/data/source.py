"""Rows of raw numbers, wherever they live: in memory, or in a file read piece by piece."""

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import InputError

CHUNK_BYTES = 8 * 2**20


class Source(Protocol):
    """Rows of raw numbers. ``shape`` is that of one row; ``resident`` says whether they lie in memory."""

    @property
    def n(self) -> int:
        """The number of rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one number."""

    @property
    def nbytes(self) -> int:
        """The size of all rows, in bytes."""

    @property
    def resident(self) -> bool:
        """Whether the rows lie in memory."""

    def __len__(self) -> int: ...

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the rows ``start`` to ``stop`` (exclusive), as slicing would."""

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Return any rows, in the order asked for."""

    def with_shape(self, shape: tuple[int, ...]) -> "Source":
        """Return the same numbers with rows of another shape, not copied."""


@dataclass(frozen=True, eq=False)
class ArraySource:
    """The rows of an array in memory, never copied."""

    array: NDArray[Any]

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row."""
        return self.array.shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one number."""
        return self.array.dtype

    @property
    def nbytes(self) -> int:
        """The size of all rows, in bytes."""
        return self.array.nbytes

    @property
    def resident(self) -> bool:
        """Whether the rows lie in memory."""
        return True

    def __len__(self) -> int:
        return len(self.array)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return a view of contiguous rows."""
        return self.array[start:stop]

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Return a copy of any rows, in that order."""
        taken: NDArray[Any] = self.array[rows]
        return taken

    def with_shape(self, shape: tuple[int, ...]) -> "ArraySource":
        """Return the same array with rows of another shape."""
        return ArraySource(self.array.reshape(len(self.array), *shape))


@dataclass(frozen=True, eq=False)
class FileSource:
    """The rows of a C-ordered binary file, read by position.

    No memory map: the pages of a map count as the process's own memory, and it is promised to stay
    bounded. Each call opens the file anew, so threads and unpickled copies share nothing.
    """

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    n: int
    offset: int = 0

    @property
    def row_bytes(self) -> int:
        """The size of one row, in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The size of all rows, in bytes."""
        return self.n * self.row_bytes

    @property
    def resident(self) -> bool:
        """Whether the rows lie in memory."""
        return False

    def __len__(self) -> int:
        return self.n

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return contiguous rows, freshly read."""
        start, stop, _ = slice(start, stop).indices(self.n)
        out = np.empty((max(stop - start, 0), *self.shape), self.dtype)
        with self.path.open("rb", buffering=0) as file:
            self._fill(file, start, out)
        return _native(out)

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Return any rows in that order; neighbours are fetched by one read."""
        rows = np.where(np.asarray(rows) < 0, np.asarray(rows) + self.n, rows)
        if rows.size and (rows.min() < 0 or rows.max() >= self.n):
            raise IndexError(f"row {rows.max()} of a source of {self.n} rows")
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        found = np.empty((len(rows), *self.shape), self.dtype)
        bounds = [*np.flatnonzero(np.diff(ordered, prepend=-2) != 1).tolist(), len(rows)]
        with self.path.open("rb", buffering=0) as file:
            for start, stop in pairwise(bounds):
                self._fill(file, int(ordered[start]), found[start:stop])
        out = np.empty_like(found)
        out[order] = found
        return _native(out)

    def with_shape(self, shape: tuple[int, ...]) -> "FileSource":
        """Return the same file with rows of another shape."""
        changed = replace(self, shape=shape)
        # The first source owns a spooled file; the second must keep it alive.
        object.__setattr__(changed, "_owner", self)
        return changed

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_owner"}

    def _fill(self, file: IO[bytes], row: int, out: NDArray[Any]) -> None:
        file.seek(self.offset + row * self.row_bytes)
        view = out.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(view):  # one read gives at most 2 GiB on Linux
            got = file.readinto(view[done:])  # type: ignore[attr-defined]
            if not got:
                raise InputError(f"{self.path.name}: ended early; was it changed while being read?")
            done += got


def _native(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def rows_per_chunk(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Return how many rows make a piece of about 8 MB, at least one."""
    return max(1, CHUNK_BYTES // max(1, int(np.prod(shape, dtype=np.int64)) * dtype.itemsize))


def chunks(source: Source, rows: int | None = None) -> Iterator[NDArray[Any]]:
    """Give all rows in order, ``rows`` at a time (about 8 MB if not said)."""
    step = rows or rows_per_chunk(source.shape, source.dtype)
    for start in range(0, source.n, step):
        yield source.read(start, start + step)


def fits(n: int, shape: tuple[int, ...], dtype: np.dtype[Any], memory: int | None) -> bool:
    """Say whether the raw rows and their float32 preparation together stay within ``memory`` bytes."""
    cells = n * int(np.prod(shape, dtype=np.int64))
    return memory is None or cells * (dtype.itemsize + 4) <= memory


class Collector:
    """Rows arrive in order and leave as one source: an array if it fits ``memory``, else a temporary file.

    Used as a context manager, so that a fault on the way leaves no file behind.
    """

    def __init__(self, n: int, shape: tuple[int, ...], dtype: np.dtype[Any], memory: int | None) -> None:
        self.shape, self.dtype, self.count = shape, dtype, 0
        self._array: NDArray[Any] | None = None
        self._file: IO[bytes] | None = None
        if fits(n, shape, dtype, memory):
            self._array = np.empty((n, *shape), dtype)
        else:
            handle, name = tempfile.mkstemp(prefix="isthmus-", suffix=".rows")
            self._file, self._path = os.fdopen(handle, "wb", buffering=2**20), Path(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:  # finish was not reached
            with contextlib.suppress(OSError):  # a full disk fails again at closing
                self._file.close()
            self._path.unlink(missing_ok=True)

    def add(self, rows: NDArray[Any]) -> None:
        """Append rows of shape (k, *shape)."""
        if self._array is not None:
            self._array[self.count : self.count + len(rows)] = rows
        elif self._file is not None:
            with _spooling():
                self._file.write(np.ascontiguousarray(rows, self.dtype).data)
        self.count += len(rows)

    def finish(self) -> Source:
        """Give the rows collected; a temporary file lives as long as its source."""
        if self._array is not None:
            return ArraySource(self._array[: self.count])
        if self._file is not None:
            with _spooling():
                self._file.close()
            self._file = None
        source = FileSource(self._path, self.dtype, self.shape, self.count)
        weakref.finalize(source, _remove, self._path, os.getpid())
        return source


@contextlib.contextmanager
def _spooling() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"the data don't fit the memory bound, and their temporary copy in "
            f"{tempfile.gettempdir()} failed: {reason}; set TMPDIR to a folder with room"
        ) from error


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child must not delete its parent's file
        path.unlink(missing_ok=True)
