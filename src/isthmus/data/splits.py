"""Which rows are learned from and which are held out."""

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import InputError


def split(n: int, held: float, seed: int, overlap: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part the rows 0..n-1 into those to learn from and those to hold out: at random, unless rows overlap.

    Parameters
    ----------
    n : int
        Number of rows.
    held : float or int
        The share to hold out, in [0, 1), or as an int the number of rows.
    seed : int
        The one source of randomness.
    overlap : int
        How many of the rows after each share something with it, as windows over one series do. Then the last rows
        are held out in one block, and those that share with it are in neither part.

    Returns
    -------
    learned, held_out : (n - k,) and (k,) int64, both sorted
        With ``held`` above 0 and at least two rows, neither part is empty.

    Raises
    ------
    InputError
        If ``held`` leaves nothing to learn from.
    """
    count = _held_count(n, held)
    if overlap and count:
        if n - count <= overlap:
            raise InputError(
                f"of {n} windows each shares steps with the {overlap} after it, so to hold out {count} leaves none to "
                "learn from; take a larger stride (--stride), or hold out none (--validation 0)"
            )
        return np.arange(n - count - overlap, dtype=np.int64), np.arange(n - count, n, dtype=np.int64)
    order = np.random.default_rng(seed).permutation(n).astype(np.int64)
    return np.sort(order[count:]), np.sort(order[:count])


def _held_count(n: int, held: float) -> int:
    if isinstance(held, int) and not isinstance(held, bool):
        if not 0 <= held < max(n, 1):
            raise InputError(f"held-out rows: {held} of {n} rows; give a number from 0 to {max(n - 1, 0)}")
        return held
    if not 0 <= held < 1:
        raise InputError(f"held-out share: {held}; give a number of at least 0 and below 1")
    if held == 0 or n < 2:
        return 0
    return min(max(round(n * held), 1), n - 1)
