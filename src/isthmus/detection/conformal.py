"""Thresholds that keep a promise: conformal p-values from rows that were held out for the purpose."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import betabinom, false_discovery_control

from isthmus.errors import InputError

Floats = NDArray[np.float64]
SMALL = 0.05
"""Drift shows in too many p-values below this."""
SURE = 1e-3
"""How improbable their number must be for a warning."""


def p_values(calibration: ArrayLike, scores: ArrayLike) -> Floats:
    """How strange scores are beside those of rows that were held out: (1 + number of these as high) / (1 + all).

    If a row and the m held-out ones are exchangeable, P(p <= a) <= a, whatever the score: exactly floor(a (m + 1)) /
    (m + 1) where scores don't tie. Anomalies among the held-out rows make p-values larger, never smaller.

    Parameters
    ----------
    calibration : (m,)
        Scores of rows that nothing was learned from; higher is stranger.
    scores : (n,)

    Returns
    -------
    (n,), from 1 / (m + 1) to 1

    References
    ----------
    Vovk, Gammerman & Shafer, "Algorithmic learning in a random world", 2005; for outliers Bates, Candès, Lei, Romano &
    Sesia, "Testing for outliers with conformal p-values", Annals of Statistics 51, 2023, equation 2.
    """
    held = np.sort(np.asarray(calibration, np.float64))
    below = np.searchsorted(held, np.asarray(scores, np.float64), side="left")
    return np.asarray((1.0 + len(held) - below) / (1.0 + len(held)))


def rows_needed(false_alarms: float) -> int:
    """The fewest held-out rows with which a p-value can be as small as this share: m with 1 / (m + 1) <= share."""
    return math.ceil(1 / check_share("false_alarms", false_alarms) - 1e-9) - 1


def threshold(calibration: ArrayLike, false_alarms: float) -> float:
    """The score above which p <= `false_alarms`: of normal rows no more than that share lies there.

    Over the draw of the held-out rows too, that is: with these m rows in hand the share is random, beta-distributed
    with parameters k and m + 1 - k, where k = floor(share (m + 1)) (Vovk, ACML 2012).

    Raises
    ------
    InputError
        If so few rows were held out that no score could be flagged; the message says how many are needed.
    """
    held = np.sort(np.asarray(calibration, np.float64))
    needed = rows_needed(false_alarms)
    if len(held) < needed:
        raise InputError(
            f"false_alarms={false_alarms:g} takes {needed:,} held-out rows, and there are {len(held):,}: promise less, "
            "give more rows, or hold out a larger share (calibration)"
        )
    allowed = math.floor(false_alarms * (len(held) + 1) + 1e-9)
    return float(held[len(held) - allowed])


def discoveries(p: ArrayLike, fdr: float) -> NDArray[np.bool_]:
    """Which rows are flagged so that on average no more than the share `fdr` of them are normal ones.

    Benjamini & Hochberg 1995; conformal p-values of one calibration set are positively dependent, so that it holds for
    them (Bates et al. 2023, theorem 2).
    """
    p = np.asarray(p, np.float64)
    check_share("fdr", fdr)
    return np.asarray(false_discovery_control(p) <= fdr) if len(p) else np.zeros(0, np.bool_)


def drifted(p: ArrayLike, held: int) -> bool:
    """Whether more of these p-values are small than rows like the `held` held-out ones would show by chance.

    The number of p <= 0.05 among n normal rows, one calibration set for all, is beta-binomial: binomial with the
    chance Beta(k, held + 1 - k), k = floor(0.05 (held + 1)). True where as many or more are that improbable: 0.1%.
    """
    p = np.asarray(p, np.float64)
    k = math.floor(SMALL * (held + 1))
    return k >= 1 and bool(betabinom.sf((p <= SMALL).sum() - 1, len(p), k, held + 1 - k) < SURE)


def check_share(name: str, value: float) -> float:
    """A share strictly between 0 and 1, or an InputError that names it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < 1:
        raise InputError(f"{name}={value!r}: give a share between 0 and 1, such as 0.01")
    return float(value)
