"""Pictures of a shape with captions that say its kind, its size and its place: what `isthmus draw` is shown by."""

from collections.abc import Collection
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isthmus.data.shapes import FORMS, cover

SIDE = 24
EACH = 40
"""Pictures of each combination."""
SPREAD = 0.5
"""Pixels by which a shape may lie to either side of the midst of its ninth, or of what the edge leaves it."""
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

    There are 4 shapes of 3 sizes at 9 places. Within half a pixel of its place and the bounds of its size each is
    drawn anew, in a grey of its own; one caption says it by one of 6 phrases and by words that mean the same.

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
    y, x = (_middle(word, half) + rng.uniform(-SPREAD, SPREAD) for word in cause.place.split())
    return np.rint(255 * grey * cover(SIDE, cause.shape, x, y, half)).astype(np.uint8)


def _middle(word: str, half: float) -> float:
    """Where the middle of a shape lies along one side: in the midst of its third, but within the picture."""
    if word == "middle":
        return SIDE / 2
    from_edge = max(SIDE / 6, half + SPREAD + 0.5)
    return from_edge if word in ("upper", "left") else SIDE - from_edge
