"""How well a code is used, and how regular what it decodes to is.

Legend: n rows, Z code values.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors

from isthmus.errors import InputError

ACTIVE = 0.01
Judge = Callable[[NDArray[Any]], NDArray[np.bool_]]


class Continuity(NamedTuple):
    """How far a decoded row moves when its code takes a step."""

    move: float
    """Mean distance of decoded rows one step apart, in prepared units."""
    jump: float
    """Mean over paths of the largest move over the mean move: 1 is perfectly even, `steps` all in one leap."""


def active_units(means: ArrayLike, threshold: float = ACTIVE) -> NDArray[np.bool_]:
    """Which code values tell the rows apart: the variance over rows of the posterior's mean is above 0.01, (Z,).

    Parameters
    ----------
    means : (n, Z)
        E[z] under q(z|x) of every row, such as `transform` gives.
    threshold : float, default=0.01

    References
    ----------
    Burda, Grosse & Salakhutdinov, "Importance weighted autoencoders", ICLR 2016, section 5.2.
    """
    return np.asarray(np.asarray(means, np.float64).var(axis=0) > threshold)


def continuity(
    decode: Callable[[NDArray[Any]], NDArray[Any]],
    codes: ArrayLike,
    *,
    steps: int = 10,
    pairs: int = 100,
    seed: int = 0,
) -> Continuity:
    """How far decoded rows move per step, along straight lines between the codes of random pairs of rows.

    Parameters
    ----------
    decode : callable
        Codes (n, Z) to rows (n, ...).
    codes : (n, Z)
        Of two rows or more.
    steps : int, default=10
        Equal steps from one code to the other.
    pairs : int, default=100
    seed : int, default=0

    Returns
    -------
    Continuity
        `move` in units of the decoded rows; `jump` has none. A path on which nothing moves counts as even.

    Raises
    ------
    InputError
        If there are fewer than two codes, or no step.

    References
    ----------
    After the perceptual path length of Karras, Laine & Aila, CVPR 2019, with plain distances and finite steps.
    """
    z_nZ = np.asarray(codes, np.float64)
    if z_nZ.ndim != 2 or len(z_nZ) < 2 or steps < 1 or pairs < 1:
        raise InputError(f"codes {z_nZ.shape}, steps={steps}, pairs={pairs}: give two codes, a step and a pair or more")
    numbers = np.random.default_rng(seed)
    first = numbers.integers(len(z_nZ), size=pairs)
    second = (first + numbers.integers(1, len(z_nZ), size=pairs)) % len(z_nZ)
    share = np.linspace(0, 1, steps + 1)[None, :, None]
    path = z_nZ[first][:, None] * (1 - share) + z_nZ[second][:, None] * share
    rows = np.asarray(decode(path.reshape(-1, z_nZ.shape[1])), np.float64).reshape(pairs, steps + 1, -1)
    moves = np.linalg.norm(np.diff(rows, axis=1), axis=2)
    mean = moves.mean(1)
    even = np.where(mean > 0, moves.max(1) / np.where(mean > 0, mean, 1.0), 1.0)
    return Continuity(float(moves.mean()), float(even.mean()))


def completeness(samples: ArrayLike, real: ArrayLike, *, neighbours: int = 3, judge: Judge | None = None) -> float:
    """The share of samples from the prior, decoded, that an independent judge finds on the data.

    The judge that is there by default never saw the model: it finds a sample on the data if it lies nearer to some
    real row than that row's third nearest neighbour does.

    Parameters
    ----------
    samples, real : (n, ...)
        Decoded samples, and rows of data that the model wasn't fitted on, in the same units.
    neighbours : int, default=3
    judge : callable, optional
        Samples to (n,) of bool, instead.

    Raises
    ------
    InputError
        If there are no samples, or too few real rows for so many neighbours.

    References
    ----------
    The judge: Kynkaanniemi et al., "Improved precision and recall metric", NeurIPS 2019.
    """
    made, truth = (np.asarray(rows, np.float64) for rows in (samples, real))
    if not len(made) or len(truth) <= neighbours:
        raise InputError(f"{len(made)} samples and {len(truth)} real rows: give one, and more than {neighbours}")
    if judge is not None:
        return float(np.mean(judge(np.asarray(samples))))
    made, truth = made.reshape(len(made), -1), truth.reshape(len(truth), -1)
    nearest = NearestNeighbors(n_neighbors=neighbours + 1).fit(truth)
    radius = nearest.kneighbors(truth)[0][:, -1]
    everyone = NearestNeighbors(n_neighbors=len(truth)).fit(truth)
    found = 0
    for start in range(0, len(made), 200):
        distance, index = everyone.kneighbors(made[start : start + 200])
        found += int((distance <= radius[index]).any(1).sum())
    return found / len(made)
