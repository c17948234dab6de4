"""How good rows are that a model made: whether they are on the data, whether they are all of the data, and no copies.

All take rows as features (n, F): of pictures those of a judge that knows the data, of tables prepared cells.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from isthmus.errors import InputError

Floats = NDArray[np.float64]
NEIGHBOURS = 5
FOLDS = 5


class Spread(NamedTuple):
    """Whether made rows are on the data, and whether all data have made rows near them; shares from 0 to 1."""

    precision: float
    """Share of made rows within a ball of a real one, whose radius is the distance to its k-th neighbour."""
    recall: float
    """Share of real rows within such a ball of a made one."""
    density: float
    """Balls of real rows that a made one lies in, on average, over k: precision that one stray real row can't lift."""
    coverage: float
    """Share of real rows in whose ball a made one lies."""


def frechet_distance(made: ArrayLike, real: ArrayLike) -> float:
    """|m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)) of the means and covariances of two sets of rows, (n, F) each.

    The squared 2-Wasserstein distance of the gaussians that have them. It is biased upwards by few rows: compare only
    what was measured with equally many.

    Raises
    ------
    InputError
        If there are fewer than two rows, or the sets differ in width.

    References
    ----------
    Heusel et al., "GANs trained by a two time-scale update rule", NeurIPS 2017; Dowson & Landau, J. Multivariate
    Analysis 1982.
    """
    a, b = _pair(made, real, fewest=2)
    s_a, s_b = (np.atleast_2d(np.cov(rows.T)) for rows in (a, b))
    root = _root(s_a)
    trace = np.sqrt(np.linalg.eigvalsh(root @ s_b @ root).clip(0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s_a) + np.trace(s_b) - 2 * trace)


def spread(made: ArrayLike, real: ArrayLike, *, neighbours: int = NEIGHBOURS) -> Spread:
    """Precision, recall, density and coverage of made rows (n, F) beside real ones (m, F).

    Parameters
    ----------
    made, real : (n, F), (m, F)
    neighbours : int, default=5
        k.

    Raises
    ------
    InputError
        If there are not more rows than neighbours, or the sets differ in width.

    References
    ----------
    Kynkaanniemi et al., "Improved precision and recall metric", NeurIPS 2019; Naeem et al., "Reliable fidelity and
    diversity metrics for generative models", ICML 2020.
    """
    a, b = _pair(made, real, fewest=neighbours + 1)
    within, reached = _in_balls(a, b, neighbours)
    _, recalled = _in_balls(a, b, neighbours, of_made=True)
    return Spread(
        float((within > 0).mean()), float(recalled.mean()), float(within.mean() / neighbours), float(reached.mean())
    )


def copies(made: ArrayLike, learned: ArrayLike, other: ArrayLike) -> float:
    """The share of made rows nearer to a learned one than to any other real row that wasn't learned.

    With as many learned as other rows it is a half where nothing is copied, by symmetry, and 1 where all is.

    Parameters
    ----------
    made : (n, F)
    learned, other : (m, F)
        Rows that the model learned from, and equally many from the same source that it didn't.

    Raises
    ------
    InputError
        If there are not equally many, or the sets differ in width.

    References
    ----------
    After Meehan, Chaudhuri & Dasgupta, "A non-parametric test to detect data-copying in generative models", AISTATS
    2020.
    """
    a, b = _pair(made, learned, fewest=1)
    _, c = _pair(made, other, fewest=1)
    if len(b) != len(c):
        raise InputError(f"{len(b)} learned and {len(c)} other rows: give equally many, or more of one are nearer")
    to_learned, to_other = (NearestNeighbors(n_neighbors=1).fit(rows).kneighbors(a)[0][:, 0] for rows in (b, c))
    return float(np.mean(to_learned < to_other) + 0.5 * np.mean(to_learned == to_other))


def copies_error(made: ArrayLike, learned: ArrayLike, other: ArrayLike) -> float:
    """The standard error of `copies` where nothing is copied.

    Then any half of the N real rows might as well have been the learned ones. Of n made rows each has its nearest among
    the learned with a half's chance, but those that have the same one go together: where h of them have a real row for
    their nearest, the error is root(sum over real rows of (h - n/N)^2 x N / (N - 1)) / 2n.

    Raises
    ------
    InputError
        If the sets differ in width.
    """
    a, b = _pair(made, learned, fewest=1)
    _, c = _pair(made, other, fewest=1)
    real = np.concatenate([b, c])
    nearest = NearestNeighbors(n_neighbors=1).fit(real).kneighbors(a)[1][:, 0]
    counts = np.bincount(nearest, minlength=len(real))
    return float(np.sqrt(counts.var(ddof=1) * len(real)) / (2 * len(a)))


def two_sample_accuracy(made: ArrayLike, real: ArrayLike, *, seed: int = 0) -> float:
    """How well a logistic regression tells made rows from as many real ones, cross-validated: 0.5 is not at all.

    Raises
    ------
    InputError
        If there are fewer than five rows of each, or the sets differ in width.

    References
    ----------
    Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    """
    a, b = _pair(made, real, fewest=FOLDS)
    count, numbers = min(len(a), len(b)), np.random.default_rng(seed)
    rows = np.concatenate([side[numbers.permutation(len(side))[:count]] for side in (a, b)])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return float(cross_val_score(classifier, rows, np.repeat([0, 1], count), cv=FOLDS).mean())


def _pair(made: ArrayLike, real: ArrayLike, fewest: int) -> tuple[Floats, Floats]:
    a, b = (np.asarray(rows, np.float64) for rows in (made, real))
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    if a.shape[1] != b.shape[1] or min(len(a), len(b)) < fewest:
        raise InputError(f"rows of {a.shape} and {b.shape}: give sets of one width, of {fewest} rows or more each")
    return a, b


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    root: Floats = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root


def _in_balls(made: Floats, real: Floats, k: int, *, of_made: bool = False) -> tuple[Floats, NDArray[np.bool_]]:
    """In how many balls of the real rows each made one lies, and which real rows have one in theirs.

    With `of_made` the balls are those of the made rows: then which real rows lie in one.
    """
    centres = made if of_made else real
    radii = NearestNeighbors(n_neighbors=k + 1).fit(centres).kneighbors(centres)[0][:, -1]
    counts, reached = np.zeros(len(made)), np.zeros(len(real), bool)
    step = max(1, (1 << 24) // max(len(real), 1))
    norms = (real**2).sum(1)
    for start in range(0, len(made), step):
        some = made[start : start + step]
        square = ((some**2).sum(1)[:, None] + norms - 2 * some @ real.T).clip(0)
        inside = square <= (radii[start : start + step, None] if of_made else radii) ** 2
        counts[start : start + step] = inside.sum(1)
        reached |= inside.any(0)
    return counts, reached
