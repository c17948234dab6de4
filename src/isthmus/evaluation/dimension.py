"""The intrinsic dimension of data, by two estimators that look at nearest neighbours alone.

Both take the density to be constant over a few neighbours. They see noise as dimensions too, and fall short where the
dimension is high and rows are few: neighbourhoods are then no longer small.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors

from isthmus.errors import InputError

Floats = NDArray[np.float64]
MOST_ROWS = 3000
KEPT = 0.9
"""Share of the ratios that TwoNN fits: the largest belong to rows whose neighbourhood isn't small (Facco et al.)."""


def two_nn(rows: ArrayLike, *, seed: int = 0) -> float:
    """The dimension by the ratio of the distances to the second and the first neighbour.

    mu = r2 / r1 is distributed as 1 - mu^-d; d is the slope of -log(1 - F(mu)) on log mu, through the origin.

    Parameters
    ----------
    rows : (n, ...)
        Of more than 3,000 rows so many are drawn. Rows that are the same count once.
    seed : int, default=0

    Returns
    -------
    float
        NaN if fewer than 5 distinct rows, or no ratio above 1, are there.

    Raises
    ------
    InputError
        If a number isn't finite.

    References
    ----------
    Facco, d'Errico, Rodriguez & Laio, "Estimating the intrinsic dimension of datasets by a minimal neighborhood
    information", Scientific Reports 7, 2017.
    """
    distances = _distances(rows, 2, seed)
    if len(distances) < 5:
        return float("nan")
    log_ratio = np.sort(np.log(distances[:, 1] / distances[:, 0]))[: int(KEPT * len(distances))]
    share = np.arange(1, len(log_ratio) + 1) / len(distances)
    square = float(log_ratio @ log_ratio)
    return float(log_ratio @ -np.log1p(-share)) / square if square > 0 else float("nan")


def maximum_likelihood_dimension(rows: ArrayLike, *, fewest: int = 10, most: int = 20, seed: int = 0) -> float:
    """The dimension by maximum likelihood of the distances to the k nearest neighbours.

    m_k(x) = [ sum over j < k of log(T_k(x) / T_j(x)) / (k - 2) ]^-1, averaged over rows, and over k from `fewest` to
    `most`; T_j is the distance to the j-th neighbour.

    Parameters
    ----------
    rows : (n, ...)
        Of more than 3,000 rows so many are drawn. Rows that are the same count once.
    fewest, most : int
        From 3 on; bounded by the number of rows.
    seed : int, default=0

    Returns
    -------
    float
        NaN if there are no more than `fewest` distinct rows.

    Raises
    ------
    InputError
        If a number isn't finite, or the range of k isn't one.

    References
    ----------
    Levina & Bickel, "Maximum likelihood estimation of intrinsic dimension", NeurIPS 2004, equations 9 to 11, with the
    k - 2 that makes it unbiased.
    """
    if not 3 <= fewest <= most:
        raise InputError(f"fewest={fewest}, most={most}: neighbours go from 3 on, in ascending order")
    log_t = np.log(_distances(rows, most, seed))
    if log_t.shape[1] < fewest:
        return float("nan")
    found = []
    for k in range(fewest, log_t.shape[1] + 1):
        total = (log_t[:, k - 1 : k] - log_t[:, : k - 1]).sum(1)
        found.append(((k - 2) / total[total > 0]).mean() if (total > 0).any() else np.nan)
    return float(np.mean(found))


def _distances(rows: ArrayLike, neighbours: int, seed: int) -> Floats:
    """Distances to the nearest other rows, ascending, (n, up to `neighbours`), all above 0."""
    array = np.asarray(rows, np.float64)
    flat = array.reshape(len(array), -1)
    if not np.isfinite(flat).all():
        raise InputError("rows with missing or infinite numbers have no distances: leave such rows out")
    if len(flat) > MOST_ROWS:
        flat = flat[np.random.default_rng(seed).choice(len(flat), MOST_ROWS, replace=False)]
    flat = np.unique(flat, axis=0)
    count = min(neighbours, len(flat) - 1)
    if count < 1:
        return np.empty((0, 0))
    found, _ = NearestNeighbors(n_neighbors=count + 1).fit(flat).kneighbors(flat)
    return np.asarray(np.maximum(found[:, 1:], np.finfo(np.float64).tiny))
