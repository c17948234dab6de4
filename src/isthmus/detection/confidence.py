"""How sure it is whether a row is flagged: what other rows of the same kind, had they been drawn, would have said."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from isthmus.errors import InputError

Floats = NDArray[np.float64]


class RejectionStats(NamedTuple):
    """What rejection costs: the share to be expected, a bound of it, and a bound of the mean cost of a row."""

    expected: float
    upper_bound: float
    cost: float


class Ranking(NamedTuple):
    """Scores that a threshold was set by, and how many of the highest lie above it."""

    scores: Floats
    above: int

    def chances(self, scores: ArrayLike) -> tuple[Floats, Floats]:
        """That a row isn't flagged, and that it is, under another draw of n rows from the same distribution.

        Of n rows each is below a score s with a chance p whose posterior mean is (1 + number below or at s) / (2 + n).
        The row is flagged where fewer than k lie above it: with chance P(Bin(n, p) > n - k) = I_p(n - k + 1, k).

        Parameters
        ----------
        scores : (n,)

        Returns
        -------
        two of (n,), whose sum is 1; both exact where they are tiny

        References
        ----------
        Perini, Vercruyssen & Davis, "Quantifying the confidence of anomaly detectors in their example-wise
        predictions", ECML PKDD 2020.
        """
        below = np.searchsorted(np.sort(self.scores), np.asarray(scores, np.float64), side="right")
        p = (1.0 + below) / (2.0 + len(self.scores))
        law = self._law
        return np.asarray(law.sf(p)), np.asarray(law.cdf(p))

    def unsure(self, scores: ArrayLike, tolerance: float) -> NDArray[np.bool_]:
        """Which rows both outcomes have a chance of at least exp(-tolerance) for: 2 |chance - 1/2| <= 1 - 2 exp(-T)."""
        return np.asarray(np.minimum(*self.chances(scores)) >= np.exp(-check_positive("T", tolerance)))

    def rejection(self, tolerance: float, delta: float, c_fp: float, c_fn: float, c_r: float) -> RejectionStats:
        """The share of rows that `unsure` rejects, and what a decision costs.

        With q1 and q2 the p at which the chance of being flagged is exp(-T) and 1 - exp(-T), expected are q2 - q1. By
        the inequality of Dvoretzky, Kiefer and Wolfowitz (with the constant of Massart 1990) the share of new rows is
        with probability 1 - delta at most t2 - t1 + 1/n + 2 sqrt(log(2 / delta) / (2 n)), where t = ((2 + n) q - 1) / n
        is the share of the n scores below. The cost is at most min(k/n, 1 - q2) c_fp + min(k/n, q1) c_fn +
        (q2 - q1) c_r.

        References
        ----------
        Perini & Davis, "Unsupervised anomaly detection with rejection", NeurIPS 2023. Their bound on the share takes
        Hoeffding's inequality for q1 and q2, which are exact here.
        """
        if not 0 < delta < 1:
            raise InputError(f"delta={delta!r}: give a probability between 0 and 1, such as 0.1")
        tail, n = min(float(np.exp(-check_positive("T", tolerance))), 0.5), len(self.scores)
        q1, q2 = float(self._law.ppf(tail)), float(self._law.isf(tail))
        t1, t2 = np.clip([((2 + n) * q - 1) / n for q in (q1, q2)], 0, 1)
        bound = t2 - t1 + 1 / n + 2 * np.sqrt(np.log(2 / delta) / (2 * n))
        share = self.above / n
        cost = min(share, 1 - q2) * c_fp + min(share, q1) * c_fn + (q2 - q1) * c_r
        return RejectionStats(q2 - q1, float(min(bound, 1.0)), float(cost))

    @property
    def _law(self) -> Any:
        return beta(len(self.scores) - self.above + 1, self.above)


def check_positive(name: str, value: float) -> float:
    """A number above 0, or an InputError that names it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < np.inf:
        raise InputError(f"{name}={value!r}: give a number above 0")
    return float(value)
