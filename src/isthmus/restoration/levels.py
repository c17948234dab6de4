"""How much noise there is in a picture that came without a word about it."""

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

HIGH_PASS = np.array([1 - 3**0.5, -(3 - 3**0.5), 3 + 3**0.5, -(1 + 3**0.5)]) / 32**0.5
"""Daubechies' wavelet of two vanishing moments ("Orthonormal bases of compactly supported wavelets", CPAM 1988)."""
GAUSSIAN_MEDIAN = 0.6744898
"""The median of the absolute value of N(0, 1)."""
ROUNDING = 1e-7
FEWEST = 64
"""Wavelet coefficients from which a median is believed."""


def estimate_level(picture: NDArray[np.float32]) -> float:
    """The standard deviation of white gaussian noise in a picture, in the picture's own units.

    The median of the absolute values of the finest diagonal wavelet coefficients, over 0.6745: edges are few, and a
    median doesn't mind them (Donoho & Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 1994).
    Fine texture counts as noise. Coefficients of 0 at black and white pixels, where noise was cut off, are left out.

    Parameters
    ----------
    picture : (height, width, channels)
        Of several channels the level is the root of the mean of their variances.

    Raises
    ------
    DataError
        If the picture is too small to tell.
    """
    levels = [_level(picture[..., i]) for i in range(picture.shape[2])]
    return float(np.sqrt(np.mean(np.square(levels))))


def check_size(height: int, width: int) -> None:
    """Refuse a picture that is too small to tell its noise.

    Raises
    ------
    DataError
        If there are too few coefficients.
    """
    rows, columns = (max(0, _count(length)) for length in (height, width))
    if rows * columns < FEWEST:
        raise DataError(f"a picture of {height}x{width} is too small to tell its noise: give the level")


def _level(plane: NDArray[np.float32]) -> float:
    check_size(*plane.shape)
    found = np.abs(_high_pass(_high_pass(plane).T))
    corners = plane[: 2 * found.shape[1] : 2, : 2 * found.shape[0] : 2].T
    found = found[(found > ROUNDING) | ((corners != 0) & (corners != 1))]
    return float(np.median(found)) / GAUSSIAN_MEDIAN if found.size else 0.0


def _high_pass(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every second coefficient along the rows, (height, width) to (height // 2 - 1, width)."""
    count = _count(len(plane))
    parts = [weight * plane[i : i + 2 * count : 2] for i, weight in enumerate(HIGH_PASS)]
    found: NDArray[np.float32] = np.sum(parts, 0, dtype=np.float32)
    return found


def _count(length: int) -> int:
    return (length - len(HIGH_PASS)) // 2 + 1
