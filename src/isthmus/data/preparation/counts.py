"""Counts as they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.preparation.checks import FURTHEST, Float32, numbers, part
from isthmus.data.schema import CountsSchema
from isthmus.errors import DataError


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
        features, total = part(description, "features"), numbers([part(description, "total")], 1)[0]
        if type(features) is not int or not 2 <= features <= 2**20 or not 0 < total < FURTHEST:
            raise DataError("preparation: counts of no features, or without a total")
        return cls(features, float(total))


def fit_counts(schema: CountsSchema, chunks: Iterable[NDArray[Any]]) -> CountsPreparation:
    """Learn the mean total of a row."""
    total, rows = 0.0, 0
    for chunk in chunks:
        total, rows = total + float(chunk.sum(dtype=np.float64)), rows + len(chunk)
    mean = total / max(rows, 1)
    if mean >= FURTHEST:
        raise DataError(f"counts are too large (a row's mean total is {mean:.3g}); scale them down")
    return CountsPreparation(len(schema.columns), mean or 1.0)
