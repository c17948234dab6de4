"""Rows to a file piece by piece, so that any number of them takes bounded memory."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from isthmus.data.restoring import restore, to_arrow
from isthmus.data.schema import Schema, TableSchema
from isthmus.errors import InputError
from isthmus.files import atomic_write

ARROW: dict[str, Callable[[IO[bytes], pa.Schema], Any]] = {
    ".csv": pyarrow.csv.CSVWriter,
    ".parquet": pyarrow.parquet.ParquetWriter,
    ".feather": pa.ipc.new_file,
    ".arrow": pa.ipc.new_file,
}


def write_pieces(path: Path, pieces: Iterable[NDArray[Any]], schema: Schema, n: int) -> None:
    """Write `n` raw rows that come in pieces: tables as .csv, .parquet, .feather or .arrow, rows of all kinds as .npy.

    Raises
    ------
    InputError
        If the ending doesn't suit the data, or writing fails; what was there stays as it was.
    """
    ending = path.suffix.lower()
    if ending in ARROW and isinstance(schema, TableSchema):
        write_tables(path, (to_arrow(raw, schema) for raw in pieces))
    elif ending == ".npy" and not (isinstance(schema, TableSchema) and not schema.numeric):
        _write_array(path, pieces, schema, n)
    else:
        raise InputError(f"{path}: {schema.kind} can't be written piece by piece as {ending}; use .npy")


def write_tables(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write the pieces of a table, all of one schema, as the path's ending says."""
    ending, writer = path.suffix.lower(), None
    with atomic_write(path) as file:
        for table in tables:
            piece = _plain(table) if ending == ".csv" else table
            writer = writer or ARROW[ending](file, piece.schema)
            writer.write_table(piece)
        if writer is not None:
            writer.close()


def _plain(table: pa.Table) -> pa.Table:
    """A table whose categories are texts, as .csv takes them."""
    columns = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    return pa.table(columns, names=table.column_names)


def _write_array(path: Path, pieces: Iterable[NDArray[Any]], schema: Schema, n: int) -> None:
    begun = False
    with atomic_write(path) as file:
        for raw in pieces:
            rows = np.ascontiguousarray(restore(raw, schema, "numpy"))
            if not begun:
                about = {"descr": np.lib.format.dtype_to_descr(rows.dtype), "fortran_order": False}
                np.lib.format.write_array_header_1_0(file, about | {"shape": (n, *rows.shape[1:])})
                begun = True
            file.write(rows.tobytes())
