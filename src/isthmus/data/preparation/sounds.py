"""Sounds of one length: how loud each band of frequencies is at each moment; the phase is guessed on the way back."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.moments import moments
from isthmus.data.phases import bands_in, frames_of, heard
from isthmus.data.preparation.checks import Float32, numbers, part
from isthmus.data.schema import SeriesSchema, Spectra
from isthmus.data.spectra import frames_in
from isthmus.errors import DataError

LARGEST = 1 << 24
"""Numbers of a short-time spectrum: with four windows over each sample, a million samples take an eighth of it."""


@dataclass(frozen=True, eq=False)
class SoundPreparation:
    """The root of the magnitude of every band of a short-time spectrum, standardised band by band.

    ``undo`` gives a sound with such a spectrum, not the one that went in: its phase is another.
    """

    length: int
    spectra: Spectra
    means: NDArray[np.float64]
    scales: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, bands)."""
        return (frames_in(self.spectra, self.length), len(self.means))

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return (n, frames, bands) of sounds (n, length, 1)."""
        known = np.where(self.scales > 0, self.scales, 1.0)
        return np.stack([(frames_of(self.spectra, row[:, 0]) - self.means) / known for row in raw]).astype(np.float32)

    def undo(self, prepared: NDArray[Any]) -> NDArray[np.float32]:
        """Return sounds (n, length, 1), full scale being 1."""
        loud = np.maximum(np.asarray(prepared, np.float64) * self.scales + self.means, 0.0)
        return np.stack([heard(self.spectra, row, self.length) for row in loud]).astype(np.float32)[..., None]

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        learned = {"means": self.means.tolist(), "scales": self.scales.tolist()}
        return {"kind": "sounds", "length": self.length, "spectra": asdict(self.spectra)} | learned

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "SoundPreparation":
        """Rebuild; anything unexpected is a DataError."""
        length, spectra = part(description, "length"), Spectra.from_json(part(description, "spectra"))
        if type(length) is not int or not 1 <= length <= 2**20:
            raise DataError("preparation: no length of sounds")
        if frames_in(spectra, length) * spectra.bins > LARGEST:
            raise DataError(f"preparation: spectra of more than {LARGEST:,} numbers for a sound of {length:,} samples")
        bands = bands_in(spectra)
        scales = numbers(part(description, "scales"), bands)
        if not (scales >= 0).all():
            raise DataError("preparation: a scale below 0")
        return cls(length, spectra, numbers(part(description, "means"), bands), scales)


def fit_sounds(schema: SeriesSchema, spectra: Spectra, chunks: Iterable[NDArray[Any]]) -> SoundPreparation:
    """Learn mean and scale of every band."""
    loud = (frames_of(spectra, row[:, 0]) for chunk in chunks for row in chunk)
    means, scales, _ = moments(loud, np.ones(bands_in(spectra), bool))
    return SoundPreparation(schema.length, spectra, means, scales)
