"""Series: every channel standardised, all of one length."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.moments import moments
from isthmus.data.preparation.checks import FURTHEST, Float32, numbers, part
from isthmus.data.schema import SeriesSchema
from isthmus.errors import DataError


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
        far = np.abs(out) > FURTHEST
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
        length, means = part(description, "length"), part(description, "means")
        if type(length) is not int or not 1 <= length <= 2**20 or not isinstance(means, list) or not means:
            raise DataError("preparation: no length and means of series")
        scales = numbers(part(description, "scales"), len(means))
        if not (scales >= 0).all():
            raise DataError("preparation: a scale below 0")
        return cls(length, numbers(means, len(means)), scales)


def fit_series(schema: SeriesSchema, chunks: Iterable[NDArray[Any]]) -> SeriesPreparation:
    """Learn mean and scale of every channel from its known values."""
    channels = len(schema.names)
    means, scales, huge = moments((chunk.reshape(-1, channels) for chunk in chunks), np.ones(channels, bool))
    if huge.any():
        name = schema.names[int(np.argmax(huge))]
        raise DataError(f"channel {name!r}: numbers too large to be standardised; scale them down")
    return SeriesPreparation(schema.length, means, scales)
