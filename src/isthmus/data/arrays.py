"""NumPy arrays and torch tensors: whether they are a table or pictures, and whether they are sound."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data import counts, series
from isthmus.data.cells import NONE_WERE_MISSING
from isthmus.data.dataset import Dataset, Options, some
from isthmus.data.schema import Column, ImageSchema, TableSchema
from isthmus.data.source import ArraySource, Source, chunks
from isthmus.errors import DataError

Mask = NDArray[np.bool_]
_PIXELS = ("uint8", "uint16", "float32", "float64")


def is_tensor(data: object) -> bool:
    """Say whether this is a torch tensor, without importing torch."""
    return type(data).__module__.split(".")[0] == "torch" and hasattr(data, "detach")


def from_array(data: Any, options: Options) -> Dataset:
    """Open an array, tensor or nested list; an array is never copied."""
    options.refuse("array", "an array", ("key", options.key))
    if isinstance(data, np.ma.MaskedArray) and np.ma.getmaskarray(data).any():
        raise DataError("array: some cells are masked; make them missing with x.filled(np.nan)")
    container = "torch" if is_tensor(data) else "numpy"
    try:
        array = data.detach().cpu().numpy() if is_tensor(data) else np.asarray(data)
    except (ValueError, TypeError) as error:
        raise DataError(f"{type(data).__name__}: no array can be made of it ({error})") from error
    if array.ndim == 0 and array.dtype == object:
        raise DataError(f"{type(data).__name__}: not data; give an array, tensor, DataFrame, or the path of a file")
    return from_source(ArraySource(np.atleast_1d(array)), container, options, "array")


def from_source(source: Source, container: str, options: Options, where: str) -> Dataset:
    """Open rows of numbers as a nameless table, pictures or series, after checking them.

    Parameters
    ----------
    source : Source
        Rows of any shape and type; what is neither a table nor pictures is refused.
    where : str
        What the messages call the data.
    """
    if options.counts:
        return counts.from_dense(_native(source), container, options, where)
    if options.series:
        return series.from_source(_native(source), container, options, where)
    _check_type(source, where)
    if _kind(source, options, where) == "table":
        table = _check_table(_native(source), options, where)
        return Dataset(table, source=_native(source), container=container)
    pictures, rows = _check_pictures(_native(source), options, where)
    return Dataset(pictures, source=rows, container=container)


def _native(source: Source) -> Source:
    if isinstance(source, ArraySource) and not source.dtype.isnative:
        return ArraySource(source.array.astype(source.dtype.newbyteorder("=")))
    return source


def _check_type(source: Source, where: str) -> None:
    kind = source.dtype.kind
    if kind not in "biuf":
        remedy = {
            "O": "convert it with .astype(float), or give a DataFrame if columns hold text",
            "U": "text needs a table with named columns (a DataFrame, CSV or Parquet)",
            "S": "text needs a table with named columns (a DataFrame, CSV or Parquet)",
            "c": "give the real and the imaginary part as columns of their own",
            "M": "give numbers, such as days since a date",
            "m": "give numbers, such as a duration in seconds",
        }.get(kind, "give plain numbers")
        raise DataError(f"{where}: dtype is {source.dtype}, not numbers; {remedy}")


def _kind(source: Source, options: Options, where: str) -> Literal["images", "table"]:
    full = (source.n, *source.shape)
    if len(full) < 2:
        raise DataError(
            f"{where}: shape is {full}, one number a row; reshape one feature with .reshape(-1, 1), "
            f"or a single sample with .reshape(1, -1)"
        )
    if source.n == 0 or 0 in full:
        raise DataError(f"{where}: shape is {full}, so there is nothing in it; at least one row is needed")
    if len(full) == 2:
        options.expected_table(where)
        return "table"
    if options.kind == "table" or isinstance(options.schema, TableSchema):
        raise DataError(f"{where}: shape is {full}, and a table has two axes; use .reshape(len(x), -1)")
    if len(full) > 4:
        raise DataError(f"{where}: shape is {full}; pictures are (n, height, width[, channels])")
    if options.kind == "auto" and options.schema is None and source.dtype.name not in ("uint8", "uint16"):
        raise DataError(
            f"{where}: shape is {full} and dtype {source.dtype}; if these are pictures, say so "
            f"with kind='images' (--kind images); for a table use .reshape(len(x), -1)"
        )
    return "images"


def _check_table(source: Source, options: Options, where: str) -> TableSchema:
    options.refuse(where, "columns without names", ("drop", options.drop), ("label", options.label))
    schema = options.expected_table(where)
    width = source.shape[0]
    if schema is not None:
        _check_against(schema, width)
        found, _ = _scan_table(source, where, schema.feature_names)
        if found.any() and not schema.takes_missing:
            names = some([repr(schema.feature_names[i]) for i in np.flatnonzero(found)])
            raise DataError(f"{where}: missing cells (NaN) in column {names}; {NONE_WERE_MISSING}")
        return schema
    columns = [f"x{i}" for i in range(width)]
    some_missing, all_missing = _scan_table(source, where, columns)
    if all_missing.any():
        empty = [repr(columns[i]) for i in np.flatnonzero(all_missing)]
        raise DataError(f"{where}: no value at all in column {some(empty)}; leave such columns out")
    dtype = source.dtype.name
    role: Literal["boolean", "numeric"] = "boolean" if dtype == "bool" else "numeric"
    made = (Column(c, role, dtype, (), bool(m)) for c, m in zip(columns, some_missing, strict=True))
    return TableSchema(tuple(made), named=False, dtype=dtype)


def _check_against(schema: TableSchema, width: int) -> None:
    expected = len(schema.columns)
    if width != expected:  # scikit-learn's words, which its users and its own checks know
        raise DataError(f"X has {width} features, but Autoencoder is expecting {expected} features as input")
    if not schema.numeric:
        texts = [repr(column.name) for column in schema.columns if column.role == "categorical"]
        raise DataError(
            f"the model was fitted on columns with names and categories ({some(texts)}), and an array has "
            f"neither; give a DataFrame, CSV or Parquet table"
        )


def _scan_table(source: Source, where: str, names: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Refuse infinite values; tell which columns miss some cells, and which all."""
    some_missing = np.zeros(source.shape, bool)
    present = np.full(source.shape, source.dtype.kind != "f")
    first = 0
    for chunk in chunks(source) if source.dtype.kind == "f" else ():
        if np.isfinite(chunk).all():
            present[:] = True
        else:
            missing = np.isnan(chunk)
            _refuse_infinite(np.isinf(chunk), chunk, first, where, names)
            some_missing |= missing.any(axis=0)
            present |= ~missing.all(axis=0)
        first += len(chunk)
    return some_missing, ~present


def _refuse_infinite(infinite: Mask, chunk: NDArray[Any], first: int, where: str, names: Sequence[str]) -> None:
    found = []
    for i in np.flatnonzero(infinite.any(axis=0)).tolist():
        row = int(np.argmax(infinite[:, i]))
        found.append(f"{chunk[row, i]} in column {names[i]!r}, row {first + row}")
    if found:
        raise DataError(f"{where}: {some(found)}; infinity can't be learned; make such cells missing (NaN)")


def _check_pictures(source: Source, options: Options, where: str) -> tuple[ImageSchema, Source]:
    options.refuse(where, "an array", ("size", options.size), ("skip_bad", options.skip_bad))
    schema = options.expected_images(where)
    squeezed = len(source.shape) == 2
    if squeezed:
        source = source.with_shape((*source.shape, 1))
    height, width, channels = source.shape
    _check_pixels(source, where)
    found = ImageSchema(height, width, channels, source.dtype.name, squeezed)
    if schema is not None:
        check_pictures_agree(schema, found, where)
    elif channels > 4 and height in (1, 3):
        raise DataError(
            f"{where}: {source.n} pictures of {height}x{width} with {channels} channels look like "
            f"(n, channels, height, width); turn them with np.moveaxis(x, 1, -1)"
        )
    return schema or found, source


def _check_pixels(source: Source, where: str) -> None:
    if source.dtype.name not in _PIXELS:
        raise DataError(f"{where}: pictures of dtype {source.dtype}; convert to one of {', '.join(_PIXELS)}")
    first = 0
    for chunk in chunks(source) if source.dtype.kind == "f" else ():
        whole = np.isfinite(chunk).reshape(len(chunk), -1).all(axis=1)
        if not whole.all():
            row = int(np.argmin(whole))
            word = "NaN (not a number)" if np.isnan(chunk[row]).any() else "infinity"
            raise DataError(f"{where}: {word} in the picture of row {first + row}; leave it out or mend it")
        first += len(chunk)


def check_pictures_agree(schema: ImageSchema, found: ImageSchema, where: str) -> None:
    """Raise unless the pictures have the size, channels and type that the model was fitted on."""
    floats = found.dtype.startswith("float") and schema.dtype.startswith("float")
    same = schema.shape == found.shape and (schema.dtype == found.dtype or floats)
    if not same:
        raise DataError(f"{where}: pictures are {_size(found)}; the model was fitted on {_size(schema)}")


def _size(schema: ImageSchema) -> str:
    many = {1: "grey", 3: "RGB"}.get(schema.channels, f"{schema.channels} channels")
    return f"{schema.height}x{schema.width} (height x width), {many}, {schema.dtype}"
