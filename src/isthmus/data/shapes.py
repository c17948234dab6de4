"""Pictures drawn from known causes, for judging codes by what they ought to have found."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 16
FACTORS = ("shape", "x", "y", "size", "brightness")
SHAPES = ("square", "disc", "triangle")
PLACES, SIZES, GREYS = 8, 4, 4
FINE = 4
"""Points a side that each pixel is averaged over, so that a shape moves by less than a pixel without a leap."""


def shapes() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All 3,072 pictures of a square, a disc or a triangle at 8 x 8 places, in 4 sizes and 4 greys, and their causes.

    Returns
    -------
    pictures : (3072, 16, 16) uint8
        White is 255, the ground 0.
    factors : (3072, 5) int64
        In the order of `FACTORS`: every combination once. `shape` is a category, the others are in order of size.
    """
    factors = np.array(list(product(range(3), range(PLACES), range(PLACES), range(SIZES), range(GREYS))), np.int64)
    drawn = {key: _cover(*key) for key in {tuple(row[:4]) for row in factors.tolist()}}
    cover = np.stack([drawn[tuple(row[:4])] for row in factors.tolist()])
    grey = 0.4 + 0.6 * factors[:, 4] / (GREYS - 1)
    return np.rint(255 * cover * grey[:, None, None]).astype(np.uint8), factors


def _cover(shape: int, x: int, y: int, size: int) -> NDArray[Any]:
    """The share of each pixel that a shape covers, (16, 16)."""
    points = (np.arange(SIDE * FINE) + 0.5) / FINE
    half = 2.0 + 0.5 * size
    first, last = 3.5, SIDE - 3.5
    across = points[None, :] - (first + (last - first) * x / (PLACES - 1))
    down = points[:, None] - (first + (last - first) * y / (PLACES - 1))
    inside = (
        np.maximum(abs(across), abs(down)) <= half,
        across**2 + down**2 <= half**2,
        (abs(across) <= (down + half) / 2) & (down <= half),
    )[shape]
    return np.asarray(inside.reshape(SIDE, FINE, SIDE, FINE).mean((1, 3)))
