"""The numbers a network likes: learned from the data, invertible, saved with the model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from isthmus.data.moments import moments
from isthmus.data.schema import CountsSchema, ImageSchema, Schema, SeriesSchema, TableSchema
from isthmus.errors import DataError

Float32 = NDArray[np.float32]
_FURTHEST = 1e12
_FULL = {"uint8": 255.0, "uint16": 65535.0}


class Preparation(Protocol):
    """Raw rows to float32 rows and back. ``shape`` is that of one prepared row."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one prepared row."""

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return the prepared rows, (n, *shape), freshly made."""

    def undo(self, prepared: NDArray[Any]) -> NDArray[Any]:
        """Return raw rows in the data's own unit."""

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""


@dataclass(frozen=True)
class ImagePreparation:
    """Pixels from [low, high] to [0, 1], channels first.

    ``low`` and ``high`` are the type's full range for integers; for floats they are learned, unless all
    values lie in [0, 1] as they are.
    """

    schema: ImageSchema
    low: float
    high: float

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, height, width)."""
        return (self.schema.channels, self.schema.height, self.schema.width)

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return (n, channels, height, width) from (n, height, width, channels)."""
        out = np.empty((len(raw), *self.shape), np.float32)
        turned = np.moveaxis(raw, 3, 1)
        if self.low != 0:
            turned = turned - self.low
        # Division, not a product with 1/255: white must be exactly 1.
        np.divide(turned, np.float32(self.high - self.low), out=out, casting="unsafe", dtype=np.float32)
        return out

    def undo(self, prepared: NDArray[Any]) -> NDArray[Any]:
        """Return (n, height, width, channels) in the pictures' own type, integers rounded and clipped."""
        raw = np.moveaxis(np.asarray(prepared), 1, 3) * (self.high - self.low)
        if self.low != 0:
            raw += self.low
        dtype = np.dtype(self.schema.dtype)
        return to_integers(raw, dtype) if dtype.kind == "u" else np.ascontiguousarray(raw, dtype)

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        return {"kind": "images", "schema": self.schema.to_json(), "low": self.low, "high": self.high}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "ImagePreparation":
        """Rebuild; anything unexpected is a DataError."""
        schema = ImageSchema.from_json(_part(description, "schema"))
        low, high = _numbers([_part(description, "low"), _part(description, "high")], 2)
        if not low < high:
            raise DataError(f"preparation: low {low} is not below high {high}")
        return cls(schema, float(low), float(high))


@dataclass(frozen=True, eq=False)
class TablePreparation:
    """Numeric columns standardised, booleans as 0 and 1, categories one-hot; missing stays NaN.

    ``groups`` names, column by column, how the prepared columns belong together: ("numeric", 1),
    ("binary", 1) or ("categorical", number of categories). ``means`` and ``scales`` have one number a raw
    column, 0 and 1 where nothing is standardised; a scale of 0 marks a constant column, which ``undo`` gives
    back exactly.
    """

    groups: tuple[tuple[str, int], ...]
    means: NDArray[np.float64]
    scales: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        """(prepared columns,)."""
        return (sum(size for _, size in self.groups),)

    @cached_property
    def _plain(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Raw and prepared positions of the columns that stay one column."""
        starts = self._starts
        raw = np.array([i for i, (kind, _) in enumerate(self.groups) if kind != "categorical"], np.intp)
        return raw, starts[raw]

    @cached_property
    def _divisors(self) -> NDArray[np.float64]:
        return np.where(self.scales > 0, self.scales, 1.0)

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        sizes = np.array([size for _, size in self.groups], np.intp)
        return np.cumsum(sizes) - sizes

    @cached_property
    def _hot(self) -> list[tuple[int, slice]]:
        """Raw position and prepared columns of each one-hot group."""
        return [
            (i, slice(int(start), int(start) + size))
            for i, ((kind, size), start) in enumerate(zip(self.groups, self._starts, strict=True))
            if kind == "categorical"
        ]

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return (n, F) from (n, columns); a missing category is NaN in its whole group.

        Raises
        ------
        DataError
            If a number is so far from those fitted on that its square is no float32.
        """
        with np.errstate(over="ignore"):
            out = self._apply(raw)
        largest = max(np.fmax.reduce(out, axis=None, initial=0), -np.fmin.reduce(out, axis=None, initial=0))
        if largest > _FURTHEST:
            row = int(np.nanargmax(np.abs(out)) // out.shape[1])
            numbers = np.where(np.isnan(raw[row]), 0, np.abs(raw[row] - self.means) / self._divisors)
            worst = raw[row, int(np.argmax(numbers))]
            raise DataError(f"the number {worst:g} is too far from those the model was fitted on: is it an error?")
        return out

    def _apply(self, raw: NDArray[Any]) -> Float32:
        if not self._hot:
            return ((raw - self.means) / self._divisors).astype(np.float32)
        out = np.empty((len(raw), *self.shape), np.float32)
        source, target = self._plain
        out[:, target] = (raw[:, source] - self.means[source]) / self._divisors[source]
        for column, group in self._hot:
            codes = raw[:, column]
            out[:, group] = codes[:, None] == np.arange(group.stop - group.start)
            out[np.isnan(codes), group] = np.nan
        return out

    def undo(self, prepared: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n, columns): the likeliest category, booleans by 0.5, numbers in their own unit."""
        prepared = np.asarray(prepared)
        raw = np.empty((len(prepared), len(self.groups)))
        source, target = self._plain
        raw[:, source] = prepared[:, target] * self.scales[source] + self.means[source]
        for i in self._binary:
            known = ~np.isnan(raw[:, i])
            raw[known, i] = raw[known, i] > 0.5
        for column, group in self._hot:
            block = prepared[:, group]
            raw[:, column] = np.where(np.isnan(block).any(axis=1), np.nan, block.argmax(axis=1))
        return raw

    @cached_property
    def _binary(self) -> list[int]:
        return [i for i, (kind, _) in enumerate(self.groups) if kind == "binary"]

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values; Python writes floats so that they read back exactly."""
        return {
            "kind": "table",
            "groups": [[kind, size] for kind, size in self.groups],
            "means": self.means.tolist(),
            "scales": self.scales.tolist(),
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "TablePreparation":
        """Rebuild; anything unexpected is a DataError."""
        groups = _groups(_part(description, "groups"))
        means = _numbers(_part(description, "means"), len(groups))
        scales = _numbers(_part(description, "scales"), len(groups))
        if not (scales >= 0).all():
            raise DataError("preparation: a scale below 0")
        return cls(groups, means, scales)


@dataclass(frozen=True)
class CountsPreparation:
    """Counts as they are, in float32 (exact to 2^24); ``total`` is the mean total of the rows learned from."""

    features: int
    total: float

    @property
    def shape(self) -> tuple[int, ...]:
        """(features,)."""
        return (self.features,)

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return the counts, freshly made."""
        return np.array(raw, np.float32)

    def undo(self, prepared: NDArray[Any]) -> NDArray[Any]:
        """Return expected counts: not whole numbers, and not rounded to them."""
        return np.asarray(prepared)

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        return {"kind": "counts", "features": self.features, "total": self.total}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "CountsPreparation":
        """Rebuild; anything unexpected is a DataError."""
        features, total = _part(description, "features"), _numbers([_part(description, "total")], 1)[0]
        if type(features) is not int or not 2 <= features <= 2**20 or not 0 < total < _FURTHEST:
            raise DataError("preparation: counts of no features, or without a total")
        return cls(features, float(total))


@dataclass(frozen=True, eq=False)
class SeriesPreparation:
    """Every channel standardised by its known values, all series as long as the longest fitted; missing stays NaN.

    A scale of 0 marks a constant channel, which ``undo`` gives back exactly.
    """

    length: int
    means: NDArray[np.float64]
    scales: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        """(time, channels)."""
        return (self.length, len(self.means))

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return (n, time, channels) from series of this length or shorter, NaN after their ends.

        Raises
        ------
        DataError
            If a number is so far from those fitted on that its square is no float32.
        """
        out = np.full((len(raw), *self.shape), np.nan, np.float32)
        with np.errstate(over="ignore"):
            out[:, : raw.shape[1]] = (raw - self.means) / np.where(self.scales > 0, self.scales, 1.0)
        far = np.abs(out) > _FURTHEST
        if far.any():
            row, step, channel = (int(i) for i in np.argwhere(far)[0])
            raise DataError(
                f"the number {raw[row, step, channel]:g} is too far from those the model was fitted on: is it an error?"
            )
        return out

    def undo(self, prepared: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n, time, channels) in the channels' own units."""
        return np.asarray(prepared) * self.scales + self.means

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        return {"kind": "series", "length": self.length, "means": self.means.tolist(), "scales": self.scales.tolist()}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "SeriesPreparation":
        """Rebuild; anything unexpected is a DataError."""
        length, means = _part(description, "length"), _part(description, "means")
        if type(length) is not int or not 1 <= length <= 2**20 or not isinstance(means, list) or not means:
            raise DataError("preparation: no length and means of series")
        scales = _numbers(_part(description, "scales"), len(means))
        if not (scales >= 0).all():
            raise DataError("preparation: a scale below 0")
        return cls(length, _numbers(means, len(means)), scales)


def preparation_from_json(description: Any) -> Preparation:
    """Rebuild a preparation from a model file, which may be hostile.

    Raises
    ------
    DataError
        If a part is missing, of the wrong type, or out of bounds.
    """
    kind = _part(description, "kind")
    if kind == "images":
        return ImagePreparation.from_json(description)
    if kind == "table":
        return TablePreparation.from_json(description)
    if kind == "counts":
        return CountsPreparation.from_json(description)
    if kind == "series":
        return SeriesPreparation.from_json(description)
    raise DataError(f"preparation: unknown kind {str(kind)[:40]!r}")


def fit_preparation(schema: Schema, chunks: Iterable[NDArray[Any]]) -> Preparation:
    """Learn a preparation from raw rows that come piece by piece, in one pass.

    Parameters
    ----------
    schema : ImageSchema, TableSchema or SeriesSchema
        What the rows are.
    chunks : iterable of (k, *schema.shape)
        The rows to learn from; missing cells are left out of means and scales.

    Raises
    ------
    DataError
        If numbers are too large to be standardised.
    """
    if isinstance(schema, ImageSchema):
        return _fit_images(schema, chunks)
    if isinstance(schema, CountsSchema):
        return _fit_counts(schema, chunks)
    if isinstance(schema, SeriesSchema):
        return _fit_series(schema, chunks)
    return _fit_table(schema, chunks)


def suits(preparation: Preparation, schema: Schema) -> bool:
    """Whether a preparation is for data of this schema."""
    if isinstance(schema, ImageSchema):
        return isinstance(preparation, ImagePreparation) and preparation.schema == schema
    if isinstance(schema, CountsSchema):
        return isinstance(preparation, CountsPreparation) and preparation.features == len(schema.columns)
    if isinstance(schema, SeriesSchema):
        return isinstance(preparation, SeriesPreparation) and preparation.shape == schema.shape
    return isinstance(preparation, TablePreparation) and preparation.groups == _groups_of(schema)


def _fit_images(schema: ImageSchema, chunks: Iterable[NDArray[Any]]) -> ImagePreparation:
    if schema.dtype in _FULL:
        return ImagePreparation(schema, 0.0, _FULL[schema.dtype])
    low, high = np.inf, -np.inf
    for chunk in chunks:
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    return ImagePreparation(schema, low, high if high > low else low + 1.0)


def _fit_counts(schema: CountsSchema, chunks: Iterable[NDArray[Any]]) -> CountsPreparation:
    total, rows = 0.0, 0
    for chunk in chunks:
        total, rows = total + float(chunk.sum(dtype=np.float64)), rows + len(chunk)
    mean = total / max(rows, 1)
    if mean >= _FURTHEST:
        raise DataError(f"counts are too large (a row's mean total is {mean:.3g}); scale them down")
    return CountsPreparation(len(schema.columns), mean or 1.0)


def _fit_table(schema: TableSchema, chunks: Iterable[NDArray[Any]]) -> TablePreparation:
    groups = _groups_of(schema)
    numeric = np.array([kind == "numeric" for kind, _ in groups])
    means, scales = np.zeros(len(groups)), np.ones(len(groups))
    if numeric.any():
        means[numeric], scales[numeric], huge = moments(chunks, numeric)
        if huge.any():
            names = np.array(schema.feature_names)[numeric][huge]
            raise DataError(f"column {names[0]!r}: numbers too large to be standardised; scale them down")
    return TablePreparation(groups, means, scales)


def _fit_series(schema: SeriesSchema, chunks: Iterable[NDArray[Any]]) -> SeriesPreparation:
    channels = len(schema.names)
    means, scales, huge = moments((chunk.reshape(-1, channels) for chunk in chunks), np.ones(channels, bool))
    if huge.any():
        name = schema.names[int(np.argmax(huge))]
        raise DataError(f"channel {name!r}: numbers too large to be standardised; scale them down")
    return SeriesPreparation(schema.length, means, scales)


def _groups_of(schema: TableSchema) -> tuple[tuple[str, int], ...]:
    kinds = {"numeric": "numeric", "boolean": "binary", "categorical": "categorical"}
    return tuple((kinds[column.role], len(column.categories) or 1) for column in schema.columns)


def to_integers(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Round and clip numbers without NaN into an integer type."""
    info = np.iinfo(dtype)
    top = float(info.max)
    if int(top) > info.max:  # 2**63 - 1 is no float64
        top = float(np.nextafter(top, 0))
    # float32 holds whole numbers of 16 bits exactly, and is twice as fast.
    whole = np.array(values, np.float32 if dtype.itemsize <= 2 else np.float64)
    np.rint(whole, out=whole)
    np.clip(whole, info.min, top, out=whole)
    return whole.astype(dtype)


def _part(description: Any, key: str) -> Any:
    if not isinstance(description, Mapping) or key not in description:
        raise DataError(f"preparation: {key!r} is missing")
    return description[key]


def _numbers(values: Any, length: int) -> NDArray[np.float64]:
    plain = isinstance(values, list) and all(type(value) in (int, float) for value in values)
    if not plain or len(values) != length or not np.isfinite(np.array(values, float)).all():
        raise DataError(f"preparation: expected {length} finite numbers")
    return np.array(values, np.float64)


def _groups(values: Any) -> tuple[tuple[str, int], ...]:
    def sound(item: Any) -> bool:
        if not (isinstance(item, list) and len(item) == 2 and type(item[1]) is int):
            return False
        return item[1] == 1 if item[0] in ("numeric", "binary") else item[0] == "categorical" and 1 <= item[1] <= 2**20

    if not isinstance(values, list) or not values or not all(sound(item) for item in values):
        raise DataError("preparation: groups are not pairs such as ['numeric', 1] or ['categorical', 3]")
    return tuple((kind, size) for kind, size in values)
