"""Melodies: every step as one of rest, hold and the pitches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.melodies import sounding
from isthmus.data.preparation.checks import Float32, part
from isthmus.data.schema import Melody, SeriesSchema
from isthmus.errors import DataError

NOTHING = 2
"""Places before the pitches': of a rest, and of a note that goes on."""


@dataclass(frozen=True)
class MelodyPreparation:
    """Steps, which are pitches, -1 for a note that goes on and -2 for a rest, as ones among zeros."""

    length: int
    lowest: int
    highest: int

    @property
    def shape(self) -> tuple[int, ...]:
        """(time, rest and hold and pitches)."""
        return (self.length, NOTHING + self.highest - self.lowest + 1)

    @property
    def groups(self) -> tuple[tuple[str, int], ...]:
        """The channels of a step as columns of a table are told of."""
        return (("categorical", self.shape[1]),)

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return (n, time, places) from steps (n, time, 1).

        Raises
        ------
        DataError
            If a step is none of those known.
        """
        known = ((raw >= self.lowest) & (raw <= self.highest)) | (raw == -1) | (raw == -2)
        if not known.all():
            row, step, _ = (int(i) for i in np.argwhere(~known)[0])
            raise DataError(
                f"row {row}, step {step}: {raw[row, step, 0]:g} is no pitch from {self.lowest} to {self.highest}, "
                "which the model was fitted on, nor -1 for a note that goes on or -2 for a rest: transpose the tune"
            )
        places = np.where(raw < 0, raw + NOTHING, raw - self.lowest + NOTHING).astype(np.int64)
        return np.asarray(places == np.arange(self.shape[1]), np.float32)

    def undo(self, prepared: NDArray[Any]) -> NDArray[np.int16]:
        """Return steps (n, time, 1): the likeliest of each place; a note goes on only where one has begun."""
        places = np.asarray(prepared).argmax(-1)[..., None]
        steps = np.where(places < NOTHING, places - NOTHING, places - NOTHING + self.lowest)
        return sounding(steps.astype(np.int16))

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        return {"kind": "melodies", "length": self.length, "lowest": self.lowest, "highest": self.highest}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "MelodyPreparation":
        """Rebuild; anything unexpected is a DataError."""
        length = part(description, "length")
        if type(length) is not int or not 1 <= length <= 2**20:
            raise DataError("preparation: no length of melodies")
        music = Melody.from_json({"beat": 1, "tempo": 1.0} | dict(description))
        return cls(length, music.lowest, music.highest)


def fit_melodies(schema: SeriesSchema, music: Melody) -> MelodyPreparation:
    """Nothing is learned but the pitches, which the schema tells."""
    return MelodyPreparation(schema.length, music.lowest, music.highest)
