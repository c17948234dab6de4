"""Where a curve stops being worth its price."""

import numpy as np
from numpy.typing import ArrayLike

from isthmus.errors import InputError

FLAT = 1e-12


def knee(x: ArrayLike, y: ArrayLike) -> int:
    """The position of the knee of a falling, convex curve: where it lies furthest below the line between its ends.

    Both axes are scaled to 0 .. 1, the curve is turned upside down, and the knee is where it is highest above the
    diagonal. A curve that never lies clearly below that line has none; then it is the last point, and of a curve that
    doesn't fall at all the first.

    Parameters
    ----------
    x : (n,)
        Ascending.
    y : (n,)
        A point above an earlier one counts as equal to it: noise, where y can only fall.

    Returns
    -------
    int
        A position in x.

    Raises
    ------
    InputError
        If there are no points, lengths differ, x doesn't ascend, or a number isn't finite.

    References
    ----------
    Satopaa, Albrecht, Irwin & Raghavan, "Finding a 'Kneedle' in a haystack", ICDCS workshops 2011: the offline rule,
    without the smoothing spline, for the curve has few points.
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if xs.ndim != 1 or xs.shape != ys.shape or not len(xs):
        raise InputError(f"a curve of shapes {xs.shape} and {ys.shape}: give as many x as y, one or more")
    if not (np.isfinite(xs).all() and np.isfinite(ys).all() and (np.diff(xs) > 0).all()):
        raise InputError("a curve's numbers must be finite, and its x ascend")
    falling = np.minimum.accumulate(ys)
    fall = falling[0] - falling[-1]
    if fall <= FLAT * max(1.0, abs(falling[0])):
        return 0
    above = (falling[0] - falling) / fall - (xs - xs[0]) / (xs[-1] - xs[0])
    return int(np.argmax(above)) if above.max() > FLAT else len(xs) - 1
