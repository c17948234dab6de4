"""Ways in which codes can be changed: towards an attribute, or as a transformation of the rows would change them.

Legend: n rows, Z code values, K attributes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import orth
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.preprocessing import StandardScaler

from isthmus.errors import InputError

Floats = NDArray[np.float64]
HOWS = ("means", "probe")
FEWEST = 2
STRENGTHS = tuple(10.0**power for power in range(-3, 5))
"""Of the ridge, times the number of rows."""


@dataclass(frozen=True, eq=False)
class Attribute:
    """A direction of codes towards more of an attribute; a step of 1 leads from the mean without it to that with it."""

    direction_Z: Floats

    def change(self, codes: ArrayLike, amount: float) -> Floats:
        """Codes (n, Z), so many steps on."""
        moved: Floats = np.asarray(codes, np.float64) + amount * self.direction_Z
        return moved


def attribute(codes: ArrayLike, has: ArrayLike, *, how: str = "means", apart_from: ArrayLike = ()) -> Attribute:
    """The direction of codes towards an attribute, from codes of rows that have it and rows that haven't.

    Parameters
    ----------
    codes : (n, Z)
    has : (n,) of bool
    how : {"means", "probe"}
        The difference of the means (Larsen et al., ICML 2016), or the direction in which a logistic regression tells
        them apart (Shen et al., CVPR 2020), as long as that difference is along it.
    apart_from : (K, Z), optional
        Directions of other attributes, which this one then doesn't change: it is made orthogonal to them.

    Raises
    ------
    InputError
        If there are fewer than two rows with it, or without, or the direction is nothing but the others.
    """
    z_nZ, with_n = np.asarray(codes, np.float64), np.asarray(has, bool)
    if how not in HOWS:
        raise InputError(f"how={how!r}: choose one of {', '.join(HOWS)}")
    if z_nZ.ndim != 2 or with_n.shape != (len(z_nZ),):
        raise InputError(f"codes {z_nZ.shape} and attribute {with_n.shape}: give one truth a code")
    if min(with_n.sum(), (~with_n).sum()) < FEWEST:
        raise InputError(f"{with_n.sum()} rows with the attribute and {(~with_n).sum()} without: give two of each")
    step_Z = z_nZ[with_n].mean(0) - z_nZ[~with_n].mean(0)
    if how == "probe":
        across_Z = _probe(z_nZ, with_n)
        step_Z = across_Z * (step_Z @ across_Z)
    return Attribute(_apart(step_Z, np.asarray(apart_from, np.float64)))


def _probe(z_nZ: Floats, with_n: NDArray[np.bool_]) -> Floats:
    scaler = StandardScaler().fit(z_nZ)
    fitted = LogisticRegression(max_iter=2000, class_weight="balanced").fit(scaler.transform(z_nZ), with_n)
    across_Z: Floats = fitted.coef_[0] / scaler.scale_
    return across_Z / np.linalg.norm(across_Z)


def _apart(step_Z: Floats, others_KZ: Floats) -> Floats:
    if not others_KZ.size:
        return step_Z
    basis_ZK = orth(np.atleast_2d(others_KZ).T)  # of directions that are alike, or hang together, no more than span
    apart_Z = step_Z - basis_ZK @ (basis_ZK.T @ step_Z)
    if np.linalg.norm(apart_Z) <= 1e-9 * np.linalg.norm(step_Z):
        raise InputError("the direction is nothing but the others: leave one of them out")
    return apart_Z


@dataclass(frozen=True, eq=False)
class Transformation:
    """What a transformation of rows, such as a turn by 15 degrees, does to their codes: z + amount (z B + b)."""

    slope_ZZ: Floats
    step_Z: Floats

    def change(self, codes: ArrayLike, amount: float = 1.0) -> Floats:
        """Codes (n, Z) so many times transformed; at 1 as learned, at -1 back."""
        z_nZ = np.asarray(codes, np.float64)
        moved: Floats = z_nZ + amount * (z_nZ @ self.slope_ZZ + self.step_Z)
        return moved


def transformation(codes: ArrayLike, transformed: ArrayLike) -> Transformation:
    """Learn a transformation from the codes of rows and of the same rows transformed, both (n, Z).

    Ridge regression of the change of a code upon the code, its strength chosen by leave-one-out error, for the way on
    which a picture turns isn't the same everywhere. With a strength without end it is the mean change.

    Raises
    ------
    InputError
        If there are fewer than two rows, or not equally many.
    """
    before_nZ, after_nZ = (np.asarray(each, np.float64) for each in (codes, transformed))
    if before_nZ.ndim != 2 or before_nZ.shape != after_nZ.shape or len(before_nZ) < FEWEST:
        raise InputError(f"codes {before_nZ.shape} and {after_nZ.shape}: give as many of both, two or more")
    fitted = RidgeCV(alphas=[len(before_nZ) * strength for strength in STRENGTHS])
    fitted.fit(before_nZ, after_nZ - before_nZ)
    return Transformation(np.atleast_2d(fitted.coef_).T, np.atleast_1d(fitted.intercept_))
