"""Changes of pictures that are known, from which a model's own ways to make them are learned."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Pictures = NDArray[Any]


def turn(pictures: Pictures, degrees: float) -> Pictures:
    """Pictures (n, height, width, channels) turned about their middles, against the clock; edges are continued."""
    angle = np.radians(degrees)
    return _mapped(pictures, np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]))


def zoom(pictures: Pictures, factor: float) -> Pictures:
    """Pictures as many times as large, about their middles."""
    return _mapped(pictures, np.eye(2) / factor)


def shift(pictures: Pictures, right: float = 0.0, down: float = 0.0) -> Pictures:
    """Pictures moved so many pixels; edges are continued."""
    return _typed(ndimage.shift(_floats(pictures), (0, down, right, 0), order=1, mode="nearest"), pictures)


def brighten(pictures: Pictures, amount: float) -> Pictures:
    """Pictures lighter by a share of white, kept from black to white."""
    black, white = _range(pictures)
    return _typed(_floats(pictures) + amount * (white - black), pictures)


TRANSFORMATIONS: dict[str, Callable[[Pictures, float], Pictures]] = {
    "turn": turn,
    "zoom": zoom,
    "right": lambda pictures, pixels: shift(pictures, right=pixels),
    "down": lambda pictures, pixels: shift(pictures, down=pixels),
    "brighten": brighten,
}
"""By the words of a command: degrees, a factor, pixels, pixels, a share of white."""


def _mapped(pictures: Pictures, matrix: NDArray[np.float64]) -> Pictures:
    """Each pixel taken from where the matrix leads it, (row, column) about the middle."""
    whole = np.eye(4)
    whole[1:3, 1:3] = matrix
    middle = (np.array(pictures.shape) - 1) / 2
    found = ndimage.affine_transform(_floats(pictures), whole, middle - whole @ middle, order=1, mode="nearest")
    return _typed(found, pictures)


def _floats(pictures: Pictures) -> NDArray[np.float64]:
    return pictures.astype(np.float64)


def _range(pictures: Pictures) -> tuple[float, float]:
    """Black and white: of floats 0 and 1, or if some lie beyond, the least and the largest."""
    if pictures.dtype.kind == "u":
        return 0.0, float(np.iinfo(pictures.dtype).max)
    low, high = float(pictures.min()), float(pictures.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def _typed(values: NDArray[np.float64], like: Pictures) -> Pictures:
    """In the type of the pictures, whole numbers rounded, kept from black to white."""
    kept = np.clip(values, *_range(like))
    return (np.rint(kept) if like.dtype.kind == "u" else kept).astype(like.dtype)
