"""Likelihoods in the unit of compression."""

import math

from isthmus.errors import InputError


def bits_per_dimension(nll: float, dimensions: int, levels: int = 256) -> float:
    """What a row costs per cell when it is stored to whole levels, in bits.

    bits = nll / (dimensions x ln 2) + log2(levels - 1)

    Parameters
    ----------
    nll : float
        Minus the log density of a row of values from 0 to 1, in nats, or a bound of it.
    dimensions : int
        Cells of a row.
    levels : int, default=256
        Grey levels; they lie 1 / (levels - 1) apart, so a level's probability is about the density over levels - 1.

    Notes
    -----
    A density on [0, 1] has no bits by itself, and may be as high as one likes on the few levels that pictures have.
    The figure bounds the cost of a code only if nll is the mean over rows to which noise, uniform over one level, was
    added (Theis, van den Oord & Bethge, "A note on the evaluation of generative models", ICLR 2016).

    Raises
    ------
    InputError
        If there are no dimensions or fewer than 2 levels.
    """
    if dimensions < 1 or levels < 2:
        raise InputError(f"dimensions={dimensions}, levels={levels}: give 1 dimension and 2 levels or more")
    return nll / (dimensions * math.log(2)) + math.log2(levels - 1)
