"""Counts: whole numbers from 0 up, mostly zeros; sparse from the file to the batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from isthmus.data.cells import Faults, column_labels, column_numbers
from isthmus.data.dataset import Dataset, Options
from isthmus.data.schema import Column, CountsSchema
from isthmus.data.source import Source, chunks
from isthmus.data.tables import TableReader, kept_columns, match_columns
from isthmus.errors import DataError

MOST_ROWS = 2**31


@dataclass(frozen=True, eq=False)
class SparseSource:
    """The rows of a sparse matrix in memory; ``read`` and ``take`` make dense only the rows asked for."""

    matrix: Any

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.matrix.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row."""
        return (int(self.matrix.shape[1]),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one number."""
        dtype: np.dtype[Any] = self.matrix.dtype
        return dtype

    @property
    def nbytes(self) -> int:
        """The size of what is held: cells that are not zero, and their places."""
        return int(self.matrix.data.nbytes + self.matrix.indices.nbytes + self.matrix.indptr.nbytes)

    @property
    def resident(self) -> bool:
        """Whether the rows lie in memory."""
        return True

    def __len__(self) -> int:
        return self.n

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return contiguous rows, dense."""
        return np.asarray(self.matrix[start:stop].toarray())

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Return any rows in that order, dense."""
        return np.asarray(self.matrix[rows].toarray())

    def some(self, rows: NDArray[np.integer]) -> "SparseSource":
        """Return any rows in that order, sparse as they are."""
        return SparseSource(self.matrix[rows])

    def with_shape(self, shape: tuple[int, ...]) -> "SparseSource":
        """Return itself; rows of counts have one shape."""
        if shape != self.shape:
            raise DataError(f"counts of shape {self.shape} can't become {shape}")
        return self


def from_matrix(
    matrix: Any,
    container: str,
    options: Options,
    where: str,
    *,
    columns: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
) -> Dataset:
    """Open a sparse matrix or sparse array, (n, features), after checking it.

    Parameters
    ----------
    columns, names : sequence of str, optional
        What features and rows are called.
    """
    options.refuse(where, "counts", ("size", options.size), ("skip_bad", options.skip_bad), ("label", options.label))
    options.refuse(where, "counts of a sparse matrix", ("drop", options.drop))
    known = options.expected_counts(where)
    rows = _canonical(matrix, where)
    schema = known or _schema(rows.shape[1], columns, rows.dtype.name, where)
    if known is not None:
        rows = rows[:, _places(known, columns, rows.shape[1], where)]
    _check(rows, schema.feature_names, where, first=0)
    if known is None and not rows.nnz:
        raise DataError(f"{where}: all counts are 0, so there is nothing to learn")
    return Dataset(schema, SparseSource(rows), names=None if names is None else list(names), container=container)


def from_dense(source: Source, container: str, options: Options, where: str) -> Dataset:
    """Open an array of whole numbers as counts, row by row into a sparse matrix."""
    if len(source.shape) != 1 or not source.n or not source.shape[0]:
        raise DataError(f"{where}: shape is {(source.n, *source.shape)}; counts are (rows, features), one row or more")
    if source.dtype.kind not in "biuf":
        raise DataError(f"{where}: dtype is {source.dtype}, not numbers")
    return from_matrix(_stack(chunks(source)), container, options, where)


def from_table(reader: TableReader, options: Options) -> Dataset:
    """Open a table of which every column left is a feature and every cell a count."""
    options.refuse(reader.where, "a table", ("key", options.key))
    known = options.expected_counts(reader.where)
    kept = kept_columns(reader, options)
    places = match_columns(reader, known, kept) if known else kept
    columns = [Column(reader.names[i], "numeric", "float64") for i in places]
    labels: list[Any] = []
    place = reader.names.index(options.label) if options.label is not None else None
    matrix = _stack(_batches(reader, columns, places, labels, place))
    names = [column.name for column in columns] if reader.named else None
    made = known or _schema(matrix.shape[1], names, "float64", reader.where)
    bare = Options(schema=made)
    opened = from_matrix(matrix, reader.container, bare, reader.where)
    return Dataset(made, opened.source, _labels(labels), container=reader.container, label=options.label or "")


def _batches(
    reader: TableReader, columns: Sequence[Column], places: Sequence[int], labels: list[Any], label: int | None
) -> Iterator[NDArray[Any]]:
    first = 0
    for batch in reader.batches():
        faults = Faults(reader.where, first)
        pairs = zip(columns, places, strict=True)
        numbers = [column_numbers(batch.column(place), column, faults) for column, place in pairs]
        faults.raise_any()
        if label is not None:
            labels.append(batch.column(label))
        first += len(batch)
        yield np.column_stack(numbers)


def _labels(pieces: list[Any]) -> NDArray[Any] | None:
    return column_labels(pieces) if pieces else None


def _stack(pieces: Iterator[NDArray[Any]]) -> Any:
    found = [sp.csr_matrix(piece) for piece in pieces]
    if not found:
        raise DataError("no rows; at least one is needed")
    return sp.vstack(found, format="csr")


def _canonical(matrix: Any, where: str) -> Any:
    """The same as CSR without doubled cells; the caller's own stays as it is."""
    if matrix.dtype.kind not in "biuf":
        raise DataError(f"{where}: dtype is {matrix.dtype}, not numbers")
    n, width = matrix.shape
    if not (n and width >= 2 and n < MOST_ROWS):
        raise DataError(f"{where}: shape is {(n, width)}; counts need one row or more and two columns or more")
    rows = matrix.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    return rows.astype(np.uint8) if rows.dtype.kind == "b" else rows


def _check(rows: Any, columns: Sequence[str], where: str, first: int) -> None:
    """Refuse cells that are no counts, by name of column and number of row."""
    data = rows.data
    with np.errstate(invalid="ignore"):
        wrong = ~(data >= 0) | np.isinf(data) | (data != np.floor(data))
    if wrong.any():
        at = int(np.argmax(wrong))
        row = int(np.searchsorted(rows.indptr, at, side="right")) - 1
        value, column = data[at], columns[int(rows.indices[at])]
        rule = "is missing" if np.isnan(value) else "is below 0" if value < 0 else "is no whole number"
        raise DataError(
            f"{where}: column {column!r}: {value} (row {first + row}) {rule}; counts are whole numbers from 0 up"
        )


def _schema(width: int, columns: Sequence[str] | None, dtype: str, where: str) -> CountsSchema:
    named = columns is not None
    names = tuple(map(str, columns)) if columns is not None else tuple(f"x{i}" for i in range(width))
    if len(names) != width:
        raise DataError(f"{where}: {len(names)} names for {width} columns")
    if len(set(names)) < width:
        raise DataError(f"{where}: two columns have the same name; rename them")
    return CountsSchema(names, named, dtype)


def _places(schema: CountsSchema, columns: Sequence[str] | None, width: int, where: str) -> Any:
    """Where the model's columns are: by name if both have names, else by position."""
    expected = len(schema.columns)
    if columns is not None and schema.named:
        found = {str(name): place for place, name in enumerate(columns)}
        missing = [name for name in schema.columns if name not in found]
        if missing or len(found) != expected:
            odd = repr(missing[0]) if missing else "more columns than the model knows"
            raise DataError(f"{where}: not the model's {expected} columns: {odd} {'is missing' if missing else ''}")
        return [found[name] for name in schema.columns]
    if width != expected:
        raise DataError(f"X has {width} features, but Autoencoder is expecting {expected} features as input")
    return slice(None)


def is_sparse(data: object) -> bool:
    """Say whether this is a sparse matrix or array of scipy's."""
    return bool(sp.issparse(data))
