"""How much noise there is in a picture that came without a word about it."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from isthmus.errors import DataError

SIDE = 8
MOST = 40_000
"""Small patches that are looked at, spread over the picture."""
FEWEST = 4 * SIDE * SIDE


def estimate_level(picture: NDArray[np.float32]) -> float:
    """The standard deviation of white gaussian noise in a picture, in the picture's own units.

    Of 8x8 patches of a natural picture the covariance has many small eigenvalues, and noise of variance s^2 adds s^2 to
    each. Once the large ones are set aside the rest are alike, so that their mean is their median, and that is s^2
    (Chen, Zhu & Heng, "An efficient statistical method for image noise level estimation", ICCV 2015). Patches that
    touch black or white, where noise is cut off, are left out if others are left.

    Parameters
    ----------
    picture : (height, width, channels)
        Values from 0 to 1. Of several channels the level is the root of the mean of their variances.

    Raises
    ------
    DataError
        If the picture is too small to tell.
    """
    if min(picture.shape[:2]) < 2 * SIDE + SIDE:
        raise DataError(f"a picture of {picture.shape[0]}x{picture.shape[1]} is too small to tell its noise")
    return float(np.sqrt(np.mean([_variance(picture[..., i]) for i in range(picture.shape[2])])))


def _variance(plane: NDArray[np.float32]) -> float:
    patches = _patches(plane)
    if np.ptp(patches) == 0:
        return 0.0
    values = np.linalg.eigvalsh(np.cov(patches, rowvar=False))[::-1]
    rests = (values[i:] for i in range(len(values)))
    return float(max(next(rest.mean() for rest in rests if rest.mean() <= np.median(rest)), 0.0))


def _patches(plane: NDArray[np.float32]) -> NDArray[np.float64]:
    """Patches spread over the plane, (patches, 64)."""
    windows = sliding_window_view(plane, (SIDE, SIDE))
    step = max(1, int(np.sqrt(windows.shape[0] * windows.shape[1] / MOST)))
    found = windows[::step, ::step].reshape(-1, SIDE * SIDE).astype(np.float64)
    whole = found[((found > 0) & (found < 1)).all(1)]
    return whole if len(whole) >= FEWEST else found
