"""Raw numbers back into the user's kind of object."""

import importlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from isthmus.data.preparation import to_integers
from isthmus.data.schema import Column, CountsSchema, ImageSchema, Schema, SeriesSchema, TableSchema
from isthmus.data.series import known_lengths
from isthmus.errors import InputError

_ID = "series"


def restore(
    raw: NDArray[Any],
    schema: Schema,
    container: str,
    *,
    index: Any = None,
    names: Sequence[str] | None = None,
) -> Any:
    """Give raw rows back in the kind of object that came in.

    Parameters
    ----------
    raw : (n, columns) or (n, height, width, channels)
        Rows as a source holds them, or as a preparation's ``undo`` returns them.
    schema : ImageSchema, TableSchema or SeriesSchema
        The names, types and sizes to give back.
    container : str
        "pandas" and "polars" give a DataFrame, of series a long one; "list" series of their own lengths; all others
        an array.
    index : optional
        The index of a pandas DataFrame.
    names : sequence of str, optional
        The series' ids.

    Returns
    -------
    array or DataFrame
        Integers are rounded and clipped to their type. An integer column with missing cells becomes float64
        where its type knows no gaps. An array of a table with categories holds objects. Expected counts are
        floats without a single zero: dense, whatever came in.
    """
    if isinstance(schema, TableSchema):
        if container == "pandas":
            return _pandas(raw, schema, index)
        if container == "polars":
            return _library("polars").from_arrow(to_arrow(raw, schema))
        return _table_array(raw, schema)
    if isinstance(schema, CountsSchema):
        return _counts(raw, schema, container, index)
    if isinstance(schema, SeriesSchema):
        return _series(raw, schema, container, names)
    return _pictures(raw, schema)


def _counts(raw: NDArray[Any], schema: CountsSchema, container: str, index: Any) -> Any:
    if container not in ("pandas", "polars"):
        return raw
    columns = tuple(Column(name, "numeric", "float64") for name in schema.columns)
    return restore(raw.astype(np.float64), TableSchema(columns, schema.named), container, index=index)


def _series(raw: NDArray[Any], schema: SeriesSchema, container: str, names: Sequence[str] | None) -> Any:
    if container == "pandas":
        _library("pandas")
        return long_table(raw, schema, names).to_pandas()
    if container == "polars":
        return _library("polars").from_arrow(long_table(raw, schema, names))
    out = _typed(raw, np.dtype(schema.dtype))
    out = out[..., 0] if schema.squeezed else out
    if container == "list":
        return [one[:length] for one, length in zip(out, known_lengths(raw), strict=True)]
    return out


def long_table(raw: NDArray[Any], schema: SeriesSchema, names: Sequence[str] | None = None) -> Any:
    """Return series (n, time, channels) as one arrow table, series after series, each to its last known step."""
    lengths = known_lengths(raw)
    ids = np.array(names if names is not None else range(len(raw)))
    if names is not None and all(re.fullmatch(r"0|[1-9]\d{0,17}", name) for name in names):
        ids = ids.astype(np.int64)
    within = np.arange(raw.shape[1]) < lengths[:, None]
    values = [_typed(raw[..., i][within], np.dtype(schema.dtype)) for i in range(raw.shape[2])]
    cells = [pa.array(v, mask=np.isnan(v) if v.dtype.kind == "f" else None) for v in values]
    return pa.table([pa.array(np.repeat(ids, lengths)), *cells], names=[schema.series_id or _ID, *schema.names])


def _pictures(raw: NDArray[Any], schema: ImageSchema) -> NDArray[Any]:
    pictures = _typed(raw, np.dtype(schema.dtype))
    return pictures[..., 0] if schema.squeezed else pictures


def _typed(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    if values.dtype == dtype:
        return values
    if dtype.kind in "iu" and values.dtype.kind == "f":
        return values if np.isnan(values).any() else to_integers(values, dtype)
    return values > 0.5 if dtype.kind == "b" else values.astype(dtype)


def _table_array(raw: NDArray[Any], schema: TableSchema) -> NDArray[Any]:
    if schema.numeric:
        return _typed(raw, np.dtype(schema.dtype))
    table = to_arrow(raw, schema)
    out = np.empty(raw.shape, object)
    for i in range(len(schema.columns)):
        out[:, i] = table.column(i).to_pylist()
    return out


def to_arrow(raw: NDArray[Any], schema: TableSchema) -> Any:
    """Return a table as an arrow table, missing cells as nulls."""
    columns = [_arrow_column(raw[:, i], column) for i, column in enumerate(schema.columns)]
    return pa.Table.from_arrays(columns, names=schema.feature_names)


def _arrow_column(values: NDArray[Any], column: Column) -> Any:
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
    if column.role == "boolean":
        return pa.array(values > 0.5, mask=missing)
    known = np.where(missing, 0, values)
    if column.role == "numeric":
        return pa.array(_typed(known, column.number_type), mask=missing)
    codes = pa.array(known.astype(np.int32), mask=missing)
    categories = pa.array(column.categories, pa.string())
    if "[" in column.dtype and column.dtype.startswith("category"):  # such as category[int64]
        categories = categories.cast(column.dtype[len("category[") : -1])
    found = pa.DictionaryArray.from_arrays(codes, categories)
    return found if column.dtype.startswith("category") else found.dictionary_decode()


def _pandas(raw: NDArray[Any], schema: TableSchema, index: Any) -> Any:
    pd = _library("pandas")
    if all(column.role == "numeric" and column.dtype == "float64" for column in schema.columns):
        frame = pd.DataFrame(np.asarray(raw, np.float64), columns=schema.feature_names)
    else:
        frame = to_arrow(raw, schema).to_pandas()
        frame = frame.astype(_pandas_types(frame, schema))
    if not schema.named:
        frame.columns = pd.RangeIndex(len(schema.columns))
    if index is not None:
        frame.index = index
    return frame


def _library(name: str) -> Any:
    """A library of frames, imported only for those who gave one; the machine may be another than that of the fit."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"the rows are to be a {name} DataFrame, as those fitted on were: install {name}") from None


def _pandas_types(frame: Any, schema: TableSchema) -> dict[str, str]:
    """Return the columns to which arrow gives another type than pandas had."""
    return {
        column.name: column.dtype
        for column in schema.columns
        if str(frame[column.name].dtype) != column.dtype
        and not column.dtype.startswith("category")
        and (column.role == "categorical" or _takes_gaps(column.dtype) or not frame[column.name].isna().any())
    }


def _takes_gaps(dtype: str) -> bool:
    return dtype[0].isupper() or dtype == "boolean" or "[" in dtype  # Int64, int64[pyarrow]
