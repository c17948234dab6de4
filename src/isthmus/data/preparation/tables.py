"""Tables: numbers standardised, categories one-hot."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.moments import moments
from isthmus.data.preparation.checks import FURTHEST, Float32, numbers, part
from isthmus.data.preparation.curves import Curves, Some, fit_curves
from isthmus.data.schema import TableSchema
from isthmus.errors import DataError

EXTENT = ("lows", "highs", "gaps")


@dataclass(frozen=True, eq=False)
class TablePreparation:
    """Numeric columns standardised or bent to normal scores, booleans as 0 and 1, categories one-hot; gaps stay NaN.

    ``groups`` names, column by column, how the prepared columns belong together: ("numeric", 1),
    ("binary", 1) or ("categorical", number of categories). ``means`` and ``scales`` have one number a raw
    column, 0 and 1 where nothing is standardised; a scale of 0 marks a constant column, which ``undo`` gives
    back exactly. ``lows`` and ``highs`` are the least and the largest of each raw column, and ``gaps`` the shares of
    its cells that were missing; models of earlier versions don't know them. With ``curves`` the numeric columns are
    bent by these instead of being standardised.
    """

    groups: tuple[tuple[str, int], ...]
    means: NDArray[np.float64]
    scales: NDArray[np.float64]
    lows: NDArray[np.float64] | None = None
    highs: NDArray[np.float64] | None = None
    gaps: NDArray[np.float64] | None = None
    curves: Curves | None = None

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
        if self.curves is not None:
            return self._arranged(self.curves.bend(raw))
        with np.errstate(over="ignore"):
            out = self._arranged((raw - self.means) / self._divisors)
        largest = max(np.fmax.reduce(out, axis=None, initial=0), -np.fmin.reduce(out, axis=None, initial=0))
        if largest > FURTHEST:
            row = int(np.nanargmax(np.abs(out)) // out.shape[1])
            numbers = np.where(np.isnan(raw[row]), 0, np.abs(raw[row] - self.means) / self._divisors)
            worst = raw[row, int(np.argmax(numbers))]
            raise DataError(f"the number {worst:g} is too far from those the model was fitted on: is it an error?")
        return out

    def _arranged(self, cells: NDArray[np.float64]) -> Float32:
        """Cells, of which the numbers are prepared, with the categories one-hot."""
        if not self._hot:
            return cells.astype(np.float32)
        out = np.empty((len(cells), *self.shape), np.float32)
        source, target = self._plain
        out[:, target] = cells[:, source]
        for column, group in self._hot:
            codes = cells[:, column]
            out[:, group] = codes[:, None] == np.arange(group.stop - group.start)
            out[np.isnan(codes), group] = np.nan
        return out

    def undo(self, prepared: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n, columns): the likeliest category, booleans by 0.5, numbers in their own unit."""
        prepared = np.asarray(prepared)
        raw = np.empty((len(prepared), len(self.groups)))
        source, target = self._plain
        raw[:, source] = prepared[:, target]
        if self.curves is None:
            raw[:, source] = raw[:, source] * self.scales[source] + self.means[source]
        else:
            raw = self.curves.unbend(raw)
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
            **{name: values.tolist() for name in EXTENT if (values := getattr(self, name)) is not None},
            **({} if self.curves is None else {"curves": self.curves.to_json()}),
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "TablePreparation":
        """Rebuild; anything unexpected is a DataError."""
        groups = _groups(part(description, "groups"))
        means = numbers(part(description, "means"), len(groups))
        scales = numbers(part(description, "scales"), len(groups))
        if not (scales >= 0).all():
            raise DataError("preparation: a scale below 0")
        known = EXTENT if EXTENT[0] in description else ()
        extent = [numbers(part(description, name), len(groups)) for name in known]
        if known and not ((extent[0] <= extent[1]).all() and (extent[2] >= 0).all() and (extent[2] <= 1).all()):
            raise DataError("preparation: a range that ends before it begins, or a share that is none")
        bent = [kind == "numeric" for kind, _ in groups]
        curves = Curves.from_json(description["curves"], bent) if "curves" in description else None
        return cls(groups, means, scales, **dict(zip(known, extent, strict=True)), curves=curves)


def fit_table(schema: TableSchema, chunks: Iterable[NDArray[Any]], *, quantiles: bool = False) -> TablePreparation:
    """Learn mean and scale of every numeric column from its known values, and if asked for the curve that bends it."""
    groups = groups_of(schema)
    numeric = np.array([kind == "numeric" for kind, _ in groups])
    means, scales = np.zeros(len(groups)), np.ones(len(groups))
    extent = _Extent(len(groups))
    some, chunks = Some(), extent.watching(chunks)
    if quantiles:
        chunks = some.watching(chunks)
    if numeric.any():
        means[numeric], scales[numeric], huge = moments(chunks, numeric)
        if huge.any():
            names = np.array(schema.feature_names)[numeric][huge]
            raise DataError(f"column {names[0]!r}: numbers too large to be standardised; scale them down")
    for _ in chunks:  # those left, if there is no number to standardise
        pass
    curves = fit_curves(some.found(), numeric) if quantiles else None
    low, high, gaps = extent.found()
    return TablePreparation(groups, means, scales, low, high, gaps, curves)


class _Extent:
    """The least and the largest of every column, and the share of its cells that are missing."""

    def __init__(self, columns: int) -> None:
        self.low, self.high = np.full(columns, np.inf), np.full(columns, -np.inf)
        self.known, self.rows = np.zeros(columns), 0

    def watching(self, chunks: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """The same pieces, looked at as they pass."""
        for chunk in chunks:
            self.low = np.fmin(self.low, np.fmin.reduce(chunk, axis=0))
            self.high = np.fmax(self.high, np.fmax.reduce(chunk, axis=0))
            self.known += (~np.isnan(chunk)).sum(0)
            self.rows += len(chunk)
            yield chunk

    def found(self) -> tuple[NDArray[np.float64], ...]:
        """Of a column without a known cell the range is 0 to 0."""
        empty = self.known == 0
        low, high = (np.where(empty, 0.0, bound).astype(np.float64) for bound in (self.low, self.high))
        return low, high, 1 - self.known / max(self.rows, 1)


def groups_of(schema: TableSchema) -> tuple[tuple[str, int], ...]:
    """Return the prepared columns of each raw one, as in `TablePreparation`."""
    kinds = {"numeric": "numeric", "boolean": "binary", "categorical": "categorical"}
    return tuple((kinds[column.role], len(column.categories) or 1) for column in schema.columns)


def _groups(values: Any) -> tuple[tuple[str, int], ...]:
    def sound(item: Any) -> bool:
        if not (isinstance(item, list) and len(item) == 2 and type(item[1]) is int):
            return False
        return item[1] == 1 if item[0] in ("numeric", "binary") else item[0] == "categorical" and 1 <= item[1] <= 2**20

    if not isinstance(values, list) or not values or not all(sound(item) for item in values):
        raise DataError("preparation: groups are not pairs such as ['numeric', 1] or ['categorical', 3]")
    return tuple((kind, size) for kind, size in values)
