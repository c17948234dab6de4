"""Series: numbers over time, of one or several channels; shorter ones end in NaN."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import steps
from isthmus.data.cells import NONE_WERE_MISSING
from isthmus.data.dataset import Dataset, Options, some
from isthmus.data.schema import Column, SeriesSchema, TableSchema
from isthmus.data.source import ArraySource, Source, chunks
from isthmus.data.tables import TableReader, from_reader
from isthmus.errors import DataError

Floats = NDArray[Any]
_KINDS = "iuf"


def from_source(source: Source, container: str, options: Options, where: str) -> Dataset:
    """Open an array of series: (n, time) of one channel, or (n, time, channels).

    With a window it is one long series, (time,) or (time, channels), or several, (n, time, channels).
    """
    options.refuse(where, "an array of series", ("series_id", options.series_id))
    if source.dtype.kind not in _KINDS:
        raise DataError(f"{where}: dtype is {source.dtype}; series are of numbers, convert them with .astype(float)")
    full = (source.n, *source.shape)
    if options.window or (options.each_step and len(full) == 1):
        whole = source.read(0, source.n)
        many = list(whole) if whole.ndim == 3 else [whole]
        if options.each_step and len(many) == 1:
            return _each_step(many, container, options, where)
        return _windowed(many, container, options, where)
    if len(full) not in (2, 3) or 0 in full:
        raise DataError(
            f"{where}: shape is {full}; series are (n, time) or (n, time, channels), none of them 0; "
            f"one long series is cut into windows with window= (--window)"
        )
    squeezed = len(full) == 2
    return _opened(source.with_shape((*full[1:], 1)) if squeezed else source, container, options, where, squeezed)


def from_list(data: Sequence[Any], options: Options, container: str = "list") -> Dataset:
    """Open series of their own lengths, each (time,) or (time, channels)."""
    options.refuse(container, "a list of series", ("key", options.key), ("series_id", options.series_id))
    try:
        many = [np.asarray(one.detach().cpu() if hasattr(one, "detach") else one) for one in data]
    except (ValueError, TypeError) as error:
        raise DataError(f"list: a series that is no array ({error})") from error
    if options.window:
        return _windowed(many, container, options, "list")
    return _padded(many, container, options, "list")


def from_table(reader: TableReader, options: Options) -> Dataset:
    """Open a long table: a column of series' ids, and a channel in every other column, step by step downwards.

    A series' steps stand in the order of time, but needn't stand together. Without an id the table is one series,
    to be cut into windows.
    """
    schema = options.expected_series(reader.where)
    options.refuse(reader.where, "a table of series", ("label", options.label), ("key", options.key))
    series_id = options.series_id or (schema.series_id if schema else "")
    if not (series_id or options.window or options.each_step):
        raise DataError(
            f"{reader.where}: a table holds many series if a column says which, named by series_id= (--series-id), "
            f"or one long series to be cut by window= (--window)"
        )
    columns = _columns(schema) if schema and schema.named else None
    time = steps.column_of_times(reader, options.drop) if options.each_step and not series_id else None
    without = options.drop if time is None else (*options.drop, time)
    table = from_reader(reader, Options("table", drop=without, label=series_id or None, schema=columns))
    texts = [repr(c.name) for c in table.schema.columns if c.role != "numeric"]  # type: ignore[union-attr]
    if texts:
        drop = "leave it out with drop= (--drop), or name it as series_id= (--series-id)"
        raise DataError(f"{reader.where}: column {some(texts)} is not of numbers, as channels are; {drop}")
    values = table.source.read(0, table.n)
    names = tuple(table.schema.feature_names)  # type: ignore[union-attr]
    options = replace(options, series_id=series_id or None)
    many, ids = _grouped(values, table.labels) if table.labels is not None else ([values], None)
    if options.each_step and ids is None:
        times = None if time is None else steps.read_times(reader, time)
        return replace(_each_step(many, table.container, options, reader.where, names), names=times)
    if options.window:
        return _windowed(many, table.container, options, reader.where, names)
    return replace(_padded(many, table.container, options, reader.where, names), names=ids)


def _columns(schema: SeriesSchema) -> TableSchema:
    made = (Column(name, "numeric", "float64", missing=True) for name in schema.names)
    return TableSchema(tuple(made), named=schema.named)


def _grouped(values: Floats, ids: NDArray[Any]) -> tuple[list[Floats], list[str]]:
    """The rows of each id, in the order of the ids' first rows."""
    known, first, which = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.empty(len(known), np.intp)
    rank[np.argsort(first)] = np.arange(len(known))
    order = np.argsort(rank[which], kind="stable")
    ends = np.cumsum(np.bincount(rank[which]))[:-1]
    return np.split(values[order], ends), [str(ids[row]) for row in np.sort(first)]


# ---- one array of many


def _padded(
    many: Sequence[Floats], container: str, options: Options, where: str, names: tuple[str, ...] = ()
) -> Dataset:
    """Series of their own lengths as one array, NaN after each one's end."""
    squeezed = _check_alike(many, where)
    longest = max(len(one) for one in many)
    dtype = np.result_type(*many)
    if any(len(one) < longest for one in many) and dtype.kind != "f":
        dtype = np.dtype(np.float64)
    out = np.full((len(many), longest, 1 if squeezed else many[0].shape[1]), np.nan if dtype.kind == "f" else 0, dtype)
    for row, one in zip(out, many, strict=True):
        row[: len(one)] = one[:, None] if squeezed else one
    lengths = np.array([len(one) for one in many], np.int64)
    return replace(_opened(ArraySource(out), container, options, where, squeezed, names), lengths=lengths)


def _check_alike(many: Sequence[Floats], where: str) -> bool:
    """Refuse what isn't a list of series with the same channels; tell whether they have no axis of channels."""
    odd = [i for i, one in enumerate(many) if one.ndim not in (1, 2) or one.dtype.kind not in _KINDS or not one.size]
    if odd or not many:
        which = f"series {odd[0]} is {many[odd[0]].shape} of {many[odd[0]].dtype}" if odd else "there is none in it"
        raise DataError(f"{where}: {which}; give series of numbers, each (time,) or (time, channels)")
    widths = {one.shape[1:] for one in many}
    if len(widths) > 1:
        counts = sorted(width[0] if width else 1 for width in widths)
        raise DataError(f"{where}: series of {counts[0]} and of {counts[-1]} channels; all must have the same")
    return many[0].ndim == 1


def _windowed(
    many: Sequence[Floats], container: str, options: Options, where: str, names: tuple[str, ...] = ()
) -> Dataset:
    """Windows over long series; what is left at an end is too short for one, and left out."""
    options.refuse(where, "windows", ("label", options.label))
    squeezed = _check_alike(many, where)
    window, stride = options.window or 1, options.stride or options.window
    _check_window(window, min(len(one) for one in many), where)
    cut = [np.lib.stride_tricks.sliding_window_view(one, window, axis=0)[::stride] for one in many]
    views = [one if squeezed else np.moveaxis(one, -1, 1) for one in cut]
    array = views[0] if len(views) == 1 else np.concatenate(views)  # one long series is viewed, never copied
    source = ArraySource(array[..., None] if squeezed else array)
    container = "numpy" if container in ("list", "torch") else container
    overlap = math.ceil(window / (stride or window)) - 1
    return replace(_opened(source, container, options, where, squeezed, names), overlap=overlap)


def _each_step(
    many: Sequence[Floats], container: str, options: Options, where: str, names: tuple[str, ...] = ()
) -> Dataset:
    """The window of one long series that ends at each step."""
    squeezed = _check_alike(many, where)
    schema = options.expected_series(where)
    window = options.window or (schema.length if schema else steps.choose_window(many[0]))
    _check_window(window, len(many[0]), where)
    array = steps.ending_at_each(many[0], window)
    source = ArraySource(array[..., None] if squeezed else array)
    container = "numpy" if container in ("list", "torch") else container
    found = _opened(source, container, options, where, squeezed, names)
    return replace(found, overlap=window - 1, steps=True)


def _check_window(window: int, shortest: int, where: str) -> None:
    if shortest < window:
        raise DataError(f"{where}: a series of {shortest} steps is shorter than window={window}; take a smaller one")


def numbered(names: Sequence[str]) -> list[str] | None:
    """The names of arrays in the order of their numbers, if they are those that np.savez(path, *series) gives."""
    if len(names) < 2 or not all(re.fullmatch(r"arr_\d{1,9}", name) for name in names):
        return None
    return sorted(names, key=lambda name: int(name.removeprefix("arr_")))


# ---- what they are, and whether a model knows such


def _opened(
    source: Source, container: str, options: Options, where: str, squeezed: bool, names: tuple[str, ...] = ()
) -> Dataset:
    schema = options.expected_series(where)
    options.refuse(where, "series", *(() if names else (("drop", options.drop),)))
    length, channels = source.shape
    if schema:
        _check_against(schema, length, channels, where)
    missing, empty = _scan(source, where)
    if schema:
        if (missing or length < schema.length) and not schema.missing:
            short = f"of {length} steps, the model knows {schema.length}" if length < schema.length else "with NaN"
            raise DataError(f"{where}: series {short}; {NONE_WERE_MISSING}")
        return Dataset(schema, source, container=container)
    called = names or tuple(f"x{i}" for i in range(channels))
    if empty.any():
        raise DataError(f"{where}: no value at all in channel {some([repr(called[i]) for i in np.flatnonzero(empty)])}")
    found = SeriesSchema(
        length, called, source.dtype.name, squeezed, missing, named=bool(names), series_id=options.series_id or ""
    )
    return Dataset(found, source, container=container)


def _check_against(schema: SeriesSchema, length: int, channels: int, where: str) -> None:
    if channels != len(schema.names):
        known = _count(len(schema.names), "channel")
        raise DataError(f"{where}: series of {_count(channels, 'channel')}; the model was fitted on {known}")
    if length > schema.length:
        raise DataError(
            f"{where}: series of {length} steps; the model was fitted on {schema.length} at most: cut them, "
            f"or take windows with window={schema.length} (--window {schema.length})"
        )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _scan(source: Source, where: str) -> tuple[bool, NDArray[np.bool_]]:
    """Refuse infinity; tell whether a value is missing, and which channels have none at all."""
    missing, empty = False, np.full(source.shape[1], source.dtype.kind == "f")
    first = 0
    for chunk in chunks(source) if source.dtype.kind == "f" else ():
        wild = np.isinf(chunk)
        if wild.any():
            row, step, channel = (int(i) for i in np.argwhere(wild)[0])
            raise DataError(
                f"{where}: infinity in series {first + row}, step {step}, channel {channel}; it can't be learned, "
                f"make such values missing (NaN)"
            )
        gaps = np.isnan(chunk)
        missing, empty = missing or bool(gaps.any()), empty & gaps.all(axis=(0, 1))
        first += len(chunk)
    return missing, empty


def known_lengths(raw: NDArray[Any]) -> NDArray[np.intp]:
    """Steps of every series (n, time, channels) up to its last known one."""
    if raw.dtype.kind != "f":
        return np.full(len(raw), raw.shape[1], np.intp)
    known = ~np.isnan(raw).all(axis=2)
    return np.asarray((known * np.arange(1, raw.shape[1] + 1)).max(axis=1), np.intp)


def cut_like(rebuilt: NDArray[Any], like: NDArray[Any], lengths: NDArray[np.int64] | None = None) -> NDArray[Any]:
    """Reconstructions (n, longest, channels) as long as the series they are of, NaN after each one's end.

    Without ``lengths`` (n,) a series ends at its last known step.
    """
    rebuilt = rebuilt[:, : like.shape[1]]
    ended = np.arange(like.shape[1]) >= (known_lengths(like) if lengths is None else lengths)[:, None]
    if ended.any():
        rebuilt = rebuilt.copy()
        rebuilt[ended] = np.nan
    return rebuilt
