"""Pictures as numbers from 0 to 1."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.preparation.checks import Float32, numbers, part
from isthmus.data.schema import ImageSchema
from isthmus.errors import DataError

_FULL = {"uint8": 255.0, "uint16": 65535.0}


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
        schema = ImageSchema.from_json(part(description, "schema"))
        low, high = numbers([part(description, "low"), part(description, "high")], 2)
        if not low < high:
            raise DataError(f"preparation: low {low} is not below high {high}")
        return cls(schema, float(low), float(high))


def fit_images(schema: ImageSchema, chunks: Iterable[NDArray[Any]]) -> ImagePreparation:
    """Learn the range of floats; that of integers is known."""
    if schema.dtype in _FULL:
        return ImagePreparation(schema, 0.0, _FULL[schema.dtype])
    low, high = np.inf, -np.inf
    for chunk in chunks:
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    return ImagePreparation(schema, low, high if high > low else low + 1.0)


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
