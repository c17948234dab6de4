"""Pictures drawn from known causes, for judging codes by what they ought to have found."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 16
FACTORS = ("shape", "x", "y", "size", "brightness")
PLACES, SIZES, GREYS = 8, 4, 4
FINE = 4
"""Points a side that each pixel is averaged over, so that a shape moves by less than a pixel without a leap."""
Points = NDArray[Any]


def _heart(across: Points, down: Points, half: float) -> Points:
    """Two discs side by side, and the tangents at their outer sides that meet below in a right angle."""
    radius, slant = half / 2, np.sqrt(0.5)
    x, y = abs(across), down + radius * slant
    discs = (x - radius) ** 2 + y**2 <= radius**2
    tip = (y >= 0) & (x <= radius * (1 + slant)) & (x + y <= radius * (1 + 2 * slant))
    return np.asarray(discs | tip)


FORMS: dict[str, Callable[[Points, Points, float], Points]] = {
    "square": lambda across, down, half: np.maximum(abs(across), abs(down)) <= half,
    "disc": lambda across, down, half: across**2 + down**2 <= half**2,
    "triangle": lambda across, down, half: (abs(across) <= (down + half) / 2) & (down <= half),
    "heart": _heart,
}
"""Whether points belong to a shape, by their way from its middle, right and down; none is wider than 2 half."""
SHAPES = ("square", "disc", "triangle")


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
    drawn = {key: _at(*key) for key in {tuple(row[:4]) for row in factors.tolist()}}
    share = np.stack([drawn[tuple(row[:4])] for row in factors.tolist()])
    grey = 0.4 + 0.6 * factors[:, 4] / (GREYS - 1)
    return np.rint(255 * share * grey[:, None, None]).astype(np.uint8), factors


def _at(shape: int, x: int, y: int, size: int) -> NDArray[Any]:
    first, last = 3.5, SIDE - 3.5
    middle_x, middle_y = (first + (last - first) * place / (PLACES - 1) for place in (x, y))
    return cover(SIDE, SHAPES[shape], middle_x, middle_y, 2.0 + 0.5 * size)


def cover(side: int, shape: str, x: float, y: float, half: float) -> NDArray[Any]:
    """The share of each pixel that a shape covers, (side, side); its middle and half its width are in pixels."""
    points = (np.arange(side * FINE) + 0.5) / FINE
    inside = FORMS[shape](points[None, :] - x, points[:, None] - y, half)
    return np.asarray(inside.reshape(side, FINE, side, FINE).mean((1, 3)))
