"""Whether each code value stands for one factor of the data, for data whose factors are known.

All take codes (n, Z), such as `transform` gives, and factors (n, K), the same rows' true causes. They
measure whether factors lie along the axes of the code, which a rotation of the code undoes.
"""

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import balanced_accuracy_score, mutual_info_score
from sklearn.tree import DecisionTreeClassifier

from isthmus.errors import InputError

Floats = NDArray[np.float64]
BINS = 20
TREES = 30
TRAINED = 0.7
EVERY = range(sys.maxsize)


class DCI(NamedTuple):
    """Disentanglement (each code value serves one factor), completeness (each factor needs one), informativeness."""

    disentanglement: float
    completeness: float
    informativeness: float


def mig(codes: ArrayLike, factors: ArrayLike, *, bins: int = BINS) -> float:
    """Mutual information gap: 1 when each factor is told by one code value alone, 0 when two tell as much of it.

    mean over factors of (largest - second largest I(z_j; v_k)) / H(v_k); codes are cut into `bins` of equal width.

    Parameters
    ----------
    codes : (n, Z)
    factors : (n, K)
        Of few distinct values each: every value is a class. A factor that is constant is left out.
    bins : int, default=20
        Mutual information by counting is too high by about (bins - 1)(values - 1) / 2n nats.

    Raises
    ------
    InputError
        If rows don't match, numbers aren't finite, or every factor is constant.

    References
    ----------
    Chen, Li, Grosse & Duvenaud, "Isolating sources of disentanglement in VAEs", NeurIPS 2018; cut into 20 bins as in
    Locatello et al., ICML 2019.
    """
    z, v, _ = _checked(codes, factors, EVERY)
    cut = [_binned(column, bins) for column in z.T]
    gaps = []
    for factor in v.T:
        told = _two_largest([mutual_info_score(factor, column) for column in cut])
        gaps.append((told[0] - told[1]) / mutual_info_score(factor, factor))
    return float(np.mean(gaps))


def sap(codes: ArrayLike, factors: ArrayLike, *, categorical: Sequence[int] = ()) -> float:
    """Separated attribute predictability: how much better the best code value predicts a factor than the second best.

    A number is predicted linearly, scored by R^2 = cov^2 / (var var); a category by thresholds on the one code value,
    scored by balanced accuracy.

    Parameters
    ----------
    codes : (n, Z)
    factors : (n, K)
        Numbers, but for those named in `categorical`.
    categorical : sequence of int
        Positions of the factors that are categories.

    Raises
    ------
    InputError
        If rows don't match, numbers aren't finite, or every factor is constant.

    References
    ----------
    Kumar, Sattigeri & Balakrishnan, "Variational inference of disentangled latent concepts from unlabeled
    observations", ICLR 2018.
    """
    z, v, kinds = _checked(codes, factors, categorical)
    gaps = []
    for factor, is_category in zip(v.T, kinds, strict=True):
        rule = _threshold_accuracy if is_category else _squared_correlation
        best, second = _two_largest([rule(column, factor) for column in z.T])
        gaps.append(best - second)
    return float(np.mean(gaps))


def dci(codes: ArrayLike, factors: ArrayLike, *, categorical: Sequence[int] = (), seed: int = 0) -> DCI:
    """Disentanglement, completeness and informativeness, each at most 1, by how random forests use the code.

    R (Z, K) holds the importance of each code value for predicting each factor. Disentanglement is the mean over code
    values, weighted by their part of R, of 1 - H(row of R, normalised) / log K; completeness the mean over factors of
    1 - H(column) / log Z. Informativeness is the mean of 1 - error / error of the best constant guess, on held-out rows
    (squared errors of numbers, wrong shares of categories): 0 says that the code tells nothing.

    Parameters
    ----------
    codes : (n, Z)
    factors : (n, K)
        Numbers, but for those named in `categorical`.
    categorical : sequence of int
        Positions of the factors that are categories.
    seed : int, default=0

    Raises
    ------
    InputError
        If rows don't match, numbers aren't finite, or every factor is constant.

    References
    ----------
    Eastwood & Williams, "A framework for the quantitative evaluation of disentangled representations", ICLR 2018.
    """
    z, v, kinds = _checked(codes, factors, categorical)
    order = np.random.default_rng(seed).permutation(len(z))
    learned, judged = np.split(order, [int(TRAINED * len(z))])
    found = [
        _forest(z, factor, is_category, learned, judged, seed) for factor, is_category in zip(v.T, kinds, strict=True)
    ]
    importance_ZK = np.stack([importance for importance, _ in found], 1)
    per_code = _concentration(importance_ZK)
    weights = importance_ZK.sum(1) / max(importance_ZK.sum(), 1e-30)
    completeness = _concentration(importance_ZK.T).mean()
    return DCI(float(per_code @ weights), float(completeness), float(np.mean([skill for _, skill in found])))


def _checked(codes: ArrayLike, factors: ArrayLike, categorical: Sequence[int]) -> tuple[Floats, Floats, list[bool]]:
    """Codes, and the factors that vary, categories as numbers of their own, and which are categories."""
    z, given = _floats("codes", np.asarray(codes)), np.asarray(factors)
    if z.ndim != 2 or given.ndim != 2 or len(z) != len(given) or len(z) < 10:
        shapes = f"codes {z.shape} and factors {given.shape}"
        raise InputError(f"{shapes}: give (n, Z) and (n, K) of the same 10 or more rows")
    kinds = [k in categorical for k in range(given.shape[1])]
    columns = [_classes(c) if kind else _floats("factors", c) for c, kind in zip(given.T, kinds, strict=True)]
    v = np.stack(columns, 1)
    varied = np.ptp(v, axis=0) > 0
    if not varied.any():
        raise InputError("every factor is constant on these rows: there is nothing to tell apart")
    return z, v[:, varied], [kind for kind, varies in zip(kinds, varied, strict=True) if varies]


def _classes(column: NDArray[Any]) -> Floats:
    """Every value's place among the column's values; numbers must be finite."""
    if column.dtype.kind in "fc":
        column = _floats("factors", column)
    found = np.unique(column.astype(str) if column.dtype.kind == "O" else column, return_inverse=True)[1]
    return found.astype(np.float64)


def _floats(what: str, values: NDArray[Any]) -> Floats:
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be numbers; name those that are categories in categorical") from None
    if not np.isfinite(numbers).all():
        raise InputError("codes and factors must be finite numbers")
    return numbers


def _binned(values: Floats, bins: int) -> NDArray[np.intp]:
    edges = np.linspace(values.min(), values.max(), bins + 1)[1:-1]
    return np.digitize(values, edges)


def _two_largest(values: Sequence[float]) -> tuple[float, float]:
    ordered = sorted([*values, 0.0, 0.0], reverse=True)
    return ordered[0], ordered[1]


def _squared_correlation(column: Floats, factor: Floats) -> float:
    if np.ptp(column) <= 0:
        return 0.0
    return float(np.corrcoef(column, factor)[0, 1] ** 2)


def _threshold_accuracy(column: Floats, factor: Floats) -> float:
    tree = DecisionTreeClassifier(max_leaf_nodes=int(factor.max()) + 1, class_weight="balanced", random_state=0)
    guess = tree.fit(column[:, None], factor).predict(column[:, None])
    return float(balanced_accuracy_score(factor, guess))


def _forest(
    z: Floats, factor: Floats, is_category: bool, learned: NDArray[np.intp], judged: NDArray[np.intp], seed: int
) -> tuple[Floats, float]:
    """Importance of each code value (Z,) for one factor, and the skill on rows not learned from."""
    kind: Any = RandomForestClassifier if is_category else RandomForestRegressor
    target = factor.astype(np.int64) if is_category else factor
    forest = kind(TREES, max_features=None, min_samples_leaf=2, random_state=seed).fit(z[learned], target[learned])
    guess, truth = forest.predict(z[judged]), target[judged]
    if is_category:
        commonest = np.bincount(target[learned]).argmax()
        wrong, base = (guess != truth).mean(), (commonest != truth).mean()
    else:
        wrong, base = ((guess - truth) ** 2).mean(), ((target[learned].mean() - truth) ** 2).mean()
    return np.asarray(forest.feature_importances_), float(1 - wrong / base) if base > 0 else 0.0


def _concentration(rows: Floats) -> Floats:
    """1 - entropy of each row, normalised, over the logarithm of its length; 1 for a row of one."""
    if rows.shape[1] == 1:
        return np.ones(len(rows))
    p = rows / np.maximum(rows.sum(1, keepdims=True), 1e-30)
    entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(1)
    return np.asarray(np.where(rows.sum(1) > 0, 1 - entropy / np.log(rows.shape[1]), 0.0))
