"""Pictures of a shape with captions that say its kind, its size and its place: what `isthmus draw` is shown by."""

from collections.abc import Collection
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isthmus.data.shapes import FORMS, cover

SIDE = 24
EACH = 40
"""Pictures of each combination."""
EDGE = 3.4
"""Pixels that a middle keeps from the border of its ninth, where the shape then fits in."""
SIZES = {"small": (2.5, 2.8), "medium": (3.5, 3.8), "large": (4.7, 5.0)}
"""From and to which half its width a shape of this size is drawn, in pixels."""
GREYS = (0.6, 1.0)
ROWS, COLUMNS = ("upper", "middle", "lower"), ("left", "middle", "right")
PLACES = tuple(f"{row} {column}" for row, column in product(ROWS, COLUMNS))
SAID = {
    "square": ("square", "box"),
    "disc": ("disc", "circle"),
    "triangle": ("triangle",),
    "heart": ("heart",),
    "small": ("small", "little", "tiny"),
    "medium": ("medium", "medium-sized"),
    "large": ("large", "big", "huge"),
    "upper": ("upper", "top"),
    "middle": ("middle", "centre"),
    "lower": ("lower", "bottom"),
    "left": ("left",),
    "right": ("right",),
}
PHRASES = (
    "a {size} {shape} at the {place}",
    "a {size} {shape} in the {place}",
    "{place}: {size} {shape}",
    "the {shape} is {size} and at the {place}",
    "at the {place} there is a {size} {shape}",
    "draw a {shape}, {size}, at the {place}",
)


class Cause(NamedTuple):
    """What a caption says of a picture."""

    shape: str
    size: str
    place: str


CAUSES = tuple(Cause(*each) for each in product(FORMS, SIZES, PLACES))


def captioned_shapes(
    each: int = EACH, *, leave_out: Collection[Cause] = (), seed: int = 0
) -> tuple[NDArray[np.uint8], list[str], list[Cause]]:
    """Pictures of a shape, 24x24, with a caption each and what it says.

    There are 4 shapes of 3 sizes at 9 places. Within its ninth and the bounds of its size each is drawn anew, in a grey
    of its own; one caption says it by one of 6 phrases and by words that mean the same.

    Parameters
    ----------
    each : int
        Pictures of each combination.
    leave_out : collection of (shape, size, place)
        Combinations of which none is drawn.
    seed : int
    """
    rng = np.random.default_rng(seed)
    causes = [cause for cause in CAUSES if cause not in set(leave_out) for _ in range(each)]
    pictures = np.stack([_draw(cause, rng) for cause in causes])
    return pictures, [phrase(cause, rng) for cause in causes], causes


def phrase(cause: Cause, rng: np.random.Generator) -> str:
    """One of the captions that say this."""
    place = dict.fromkeys(cause.place.split())  # the one in the middle is no middle middle
    shape, size, *words = (str(rng.choice(SAID[word])) for word in (cause.shape, cause.size, *place))
    return str(rng.choice(PHRASES)).format(shape=shape, size=size, place=" ".join(words))


def _draw(cause: Cause, rng: np.random.Generator) -> NDArray[np.uint8]:
    half, grey = rng.uniform(*SIZES[cause.size]), rng.uniform(*GREYS)
    (up, down, left, right), mass = reach(cause.shape)
    row, column = cause.place.split()
    x = _within(COLUMNS.index(column), left * half, right * half, rng)
    y = _within(ROWS.index(row), up * half, down * half, rng)
    return np.rint(255 * grey * cover(SIDE, cause.shape, x, y - mass * half, half)).astype(np.uint8)


def _within(third: int, before: float, after: float, rng: np.random.Generator) -> float:
    """A middle in this third of the side, so that what reaches so far before and after it is within the picture."""
    low, high = third * SIDE / 3 + EDGE, (third + 1) * SIDE / 3 - EDGE
    return float(np.clip(rng.uniform(low, high), before + 0.5, SIDE - after - 0.5))


@cache
def reach(shape: str) -> tuple[tuple[float, float, float, float], float]:
    """How far a shape reaches up, down, left and right of its centre of mass; and how far below the middle that is.

    In units of half its width.
    """
    half, side = 40.0, 100
    share = cover(side, shape, side / 2, side / 2, half)
    (rows, columns), at = (np.flatnonzero(share.any(axis)) for axis in (1, 0)), np.arange(side) + 0.5
    mass = float(share.sum(1) @ at / share.sum())
    ends = (mass - rows[0], rows[-1] + 1 - mass, side / 2 - columns[0], columns[-1] + 1 - side / 2)
    return tuple(float(end) / half for end in ends), (mass - side / 2) / half  # type: ignore[return-value]
