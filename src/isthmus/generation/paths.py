"""Ways from one code to another.

Legend: K stops, S steps, Z code values.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.errors import InputError

Floats = NDArray[np.float64]
WAYS = ("linear", "spherical")
PARALLEL = 1e-6
"""Angle, in radians, below which an arc is a line."""


def path(stops: ArrayLike, steps: int, *, way: str = "linear") -> Floats:
    """Codes on the way through stops, equally many steps between each two of them.

    Parameters
    ----------
    stops : (K, Z)
        Two codes or more.
    steps : int
        From one stop to the next.
    way : {"linear", "spherical"}
        On straight lines, or on arcs about 0 whose radius changes evenly: a straight line between two codes drawn from
        N(0, I) passes nearer to 0 than almost any code drawn from it lies.

    Returns
    -------
    (S, Z)
        S = (K - 1) steps + 1, the stops among them.

    Raises
    ------
    InputError
        If there are fewer than two stops, or no steps, or another way is asked for.

    References
    ----------
    Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985; for codes: White, "Sampling generative
    networks", 2016.
    """
    z_KZ = np.asarray(stops, np.float64)
    if z_KZ.ndim != 2 or len(z_KZ) < 2 or steps < 1:
        raise InputError(f"stops {z_KZ.shape}, steps={steps}: give two codes and one step, or more")
    if way not in WAYS:
        raise InputError(f"way={way!r}: choose one of {', '.join(WAYS)}")
    between = _line if way == "linear" else _arc
    shares = np.arange(steps)[:, None] / steps
    legs = [between(a, b, shares) for a, b in pairwise(z_KZ)]
    return np.concatenate([*legs, z_KZ[-1:]])


def _line(a: Floats, b: Floats, shares: Floats) -> Floats:
    return a + shares * (b - a)  # between stops that are alike nothing moves, to the last bit


def _arc(a: Floats, b: Floats, shares: Floats) -> Floats:
    long_a, long_b = np.linalg.norm(a), np.linalg.norm(b)
    if not long_a * long_b > 0:
        return _line(a, b, shares)
    angle = np.arccos(np.clip(a @ b / (long_a * long_b), -1, 1))
    if min(angle, np.pi - angle) < PARALLEL:  # there is no arc, or no one arc
        return _line(a, b, shares)
    turned = (np.sin((1 - shares) * angle) * a / long_a + np.sin(shares * angle) * b / long_b) / np.sin(angle)
    arc: Floats = turned * ((1 - shares) * long_a + shares * long_b)
    return arc
