"""Means and standard deviations of data that come piece by piece."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def moments(
    chunks: Iterable[NDArray[Any]], columns: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Mean and standard deviation of columns, and which of them overflow.

    Pieces are merged as in Chan, Golub, LeVeque (1983), eq. 2.1, which doesn't cancel where the mean is
    large against the spread.
    """
    width = int(columns.sum())
    n, mean, m2 = np.zeros(width), np.zeros(width), np.zeros(width)
    with np.errstate(over="ignore", invalid="ignore"):  # reported below, by name
        for chunk in chunks:
            values = np.asarray(chunk if columns.all() else chunk[:, columns], np.float64)
            n, mean, m2 = _merge((n, mean, m2), _summary(values))
        variance = m2 / np.maximum(n, 1)
        scale = np.sqrt(variance)
        huge = ~np.isfinite(mean) | ~np.isfinite(scale)
        # A constant column has a tiny spread of rounding errors; the bound is scikit-learn's.
        eps = np.finfo(np.float64).eps
        scale[variance <= n * eps * variance + (n * mean * eps) ** 2] = 0.0
    return mean, scale, huge


def _summary(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    missing = np.isnan(values)
    n = len(values) - missing.sum(axis=0).astype(np.float64)
    if missing.any():
        values = np.where(missing, 0.0, values)
    mean = values.sum(axis=0) / np.maximum(n, 1)
    deviation = values - mean
    deviation[missing] = 0.0
    return n, mean, np.einsum("ij,ij->j", deviation, deviation)


def _merge(a: tuple[NDArray[np.float64], ...], b: tuple[NDArray[np.float64], ...]) -> tuple[NDArray[np.float64], ...]:
    n = a[0] + b[0]
    share = b[0] / np.maximum(n, 1)
    step = b[1] - a[1]
    return n, a[1] + step * share, a[2] + b[2] + step * step * a[0] * share
