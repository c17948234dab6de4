"""Tables in files and frames: CSV, Parquet, Feather, pandas, polars."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from isthmus.data.dataset import some
from isthmus.data.source import CHUNK_BYTES
from isthmus.data.tables import TableReader, arrow_name
from isthmus.errors import DataError

_PAGE_BYTES = 2**16  # of each column at a time; else a whole row group, which may be the whole file


def is_frame(data: object) -> bool:
    """Say whether this is a pandas or polars DataFrame, without importing either."""
    return any(
        isinstance(data, sys.modules[name].DataFrame)
        for name in ("pandas", "polars")
        if hasattr(sys.modules.get(name), "DataFrame")
    )


def read_frame(data: Any) -> TableReader:
    """Read a pandas or polars DataFrame."""
    if type(data).__module__.split(".")[0] == "polars":
        return read_arrow(data.to_arrow(), "DataFrame", "polars")
    return _read_pandas(data)


def read_arrow(table: Any, where: str, container: str) -> TableReader:
    """Read an arrow table in memory."""
    types = tuple(table.schema.types)
    step = _batch_rows(len(types))
    return TableReader(
        where,
        container,
        tuple(table.schema.names),
        types,
        tuple(arrow_name(kind) for kind in types),
        lambda: iter(table.to_batches(max_chunksize=step)),
        table.num_rows,
    )


def _read_pandas(frame: Any) -> TableReader:
    names = tuple(str(name) for name in frame.columns)
    named = list(frame.columns) != list(range(len(names)))
    columns, bad = [], []
    for i, name in enumerate(names):
        try:
            columns.append(pa.array(frame.iloc[:, i], from_pandas=True))
        except (pa.ArrowException, TypeError, ValueError) as error:
            bad.append(f"{name!r} ({str(error).splitlines()[0]})")
    if bad:
        raise DataError(f"DataFrame: cells of several kinds in column {some(bad)}; convert or drop it")
    columns = [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns]
    types = tuple(column.type for column in columns)
    dtypes = tuple(_pandas_name(str(d), kind) for d, kind in zip(frame.dtypes, types, strict=True))
    step = _batch_rows(len(names))

    def batches() -> Iterator[Any]:
        whole = pa.RecordBatch.from_arrays(columns, names=[str(i) for i in range(len(names))])
        return (whole.slice(start, step) for start in range(0, len(frame), step))

    if not named:
        names = tuple(f"x{i}" for i in range(len(names)))
    return TableReader("DataFrame", "pandas", names, types, dtypes, batches, len(frame), named)


def _pandas_name(dtype: str, kind: Any) -> str:
    # Objects that hold only numbers, and categories, are named by what they hold.
    plain = dtype == "category" or (dtype == "object" and not pa.types.is_large_string(kind))
    return arrow_name(kind) if plain and not (dtype == "object" and pa.types.is_string(kind)) else dtype


def read_parquet(path: Path) -> TableReader:
    """Read a Parquet file, a few row groups' pages at a time."""
    with _reading(path), pq.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows

    def batches() -> Iterator[Any]:
        with _reading(path), pq.ParquetFile(path, pre_buffer=False, buffer_size=_PAGE_BYTES) as file:
            yield from _without_index(file.iter_batches(_batch_rows(len(schema))), schema)

    return _file_reader(path, "parquet", schema, batches, rows)


def read_feather(path: Path) -> TableReader:
    """Read a Feather (version 2) or Arrow file, batch by batch."""
    with _reading(path), pa.OSFile(str(path)) as file:
        schema = _open_ipc(file).schema

    def batches() -> Iterator[Any]:
        with _reading(path), pa.OSFile(str(path)) as file:
            reader = _open_ipc(file)
            if isinstance(reader, pa.ipc.RecordBatchStreamReader):
                yield from _without_index(reader, schema)
            else:
                found = (reader.get_batch(i) for i in range(reader.num_record_batches))
                yield from _without_index(found, schema)

    return _file_reader(path, "feather", schema, batches, None)


def _open_ipc(file: Any) -> Any:
    try:
        return pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        return pa.ipc.open_stream(file)


def _file_reader(path: Path, container: str, schema: Any, batches: Any, rows: int | None) -> TableReader:
    index = _index_columns(schema)
    kept = [field for field in schema if field.name not in index]
    types = tuple(field.type for field in kept)
    names = tuple(field.name for field in kept)
    return TableReader(path.name, container, names, types, tuple(map(arrow_name, types)), batches, rows)


def _without_index(batches: Any, schema: Any) -> Iterator[Any]:
    index = _index_columns(schema)
    kept = [i for i, name in enumerate(schema.names) if name not in index]
    step = _batch_rows(len(kept))
    for batch in batches:  # as large as their writer made them; what is made of them need not be
        chosen = batch.select(kept)
        yield from (chosen.slice(start, step) for start in range(0, len(batch), step))


def _index_columns(schema: Any) -> set[str]:
    """The columns in which pandas saved its index: row names, not data."""
    described = schema.pandas_metadata or {}
    return {name for name in described.get("index_columns", ()) if isinstance(name, str)}


def _batch_rows(columns: int) -> int:
    return max(1, CHUNK_BYTES // (8 * max(1, columns)))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path.name}: can't be read as {path.suffix} ({reason})") from error
