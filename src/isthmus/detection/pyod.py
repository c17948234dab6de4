"""PyOD's ways of asking a detector, so that it drops into code written for PyOD's."""

import math
from abc import abstractmethod
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

from isthmus.autoencoder import Autoencoder
from isthmus.detection.confidence import Ranking, RejectionStats
from isthmus.errors import InputError
from isthmus.model import Model

Floats = NDArray[np.float64]
REJECTED = {"sklearn": 0, "pyod": -2}
"""What `predict_with_rejection` says of a row that it says nothing of, by convention."""


class UnknownScoringError(InputError, NotImplementedError):
    """PyOD raises a NotImplementedError here, and a mistake of the user's is an InputError."""


class PyODWays:
    """Chances, confidence and rejection from the scores of a fitted detector, as PyOD's base class offers them."""

    autoencoder_: Autoencoder
    decision_scores_: Floats
    calibration_scores_: Floats
    threshold_: float
    contamination: float
    false_alarms: float | None
    convention: str

    @abstractmethod
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit to data."""

    @abstractmethod
    def anomaly_scores(self, X: Any) -> Floats:
        """How strange every row is, (n,)."""

    @abstractmethod
    def said(self, flagged: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Predictions in the words of the convention."""

    @property
    def model(self) -> Model:
        """The fitted network."""
        return self.autoencoder_.model_

    @property
    def _mu(self) -> float:
        return float(self.decision_scores_.mean())

    @property
    def _sigma(self) -> float:
        return float(self.decision_scores_.std())

    def predict(self, X: Any, return_confidence: bool = False) -> Any:
        """Which rows are anomalies: -1 and else 1; by PyOD's convention 1 and else 0.

        With `return_confidence` also `predict_confidence` of every row.
        """
        scores = self.anomaly_scores(X)
        found = self.said(scores > self.threshold_)
        return (found, self._confidence(scores)) if return_confidence else found

    def predict_proba(self, X: Any, method: str = "linear", return_confidence: bool = False) -> Any:
        """Chances of normal and of anomalous, (n, 2), as PyOD's: scores scaled to the range of those fitted.

        `method="unify"` takes the gaussian's distribution function at the standardised score instead (Kriegel et al.,
        SDM 2011). Neither is a calibrated probability: for that see `p_values`. With `return_confidence` also
        `predict_confidence` of every row.
        """
        scores, fitted = self.anomaly_scores(X), self.decision_scores_
        if method == "linear":
            strange = (scores - fitted.min()) / max(np.ptp(fitted), np.finfo(float).tiny)
        elif method == "unify":
            strange = torch.erf(torch.from_numpy((scores - self._mu) / (self._sigma * 2**0.5 or 1.0))).numpy()
        else:
            raise InputError(f"method={method!r}: choose linear or unify")
        strange = strange.clip(0, 1)
        chances = np.stack([1 - strange, strange], 1)
        return (chances, self._confidence(scores)) if return_confidence else chances

    def predict_confidence(self, X: Any) -> Floats:
        """How sure each prediction is, (n,): the chance that another draw of the rows fitted would lead to the same.

        See Perini, Vercruyssen & Davis, ECML PKDD 2020. The threshold alone is thought to vary: with `false_alarms`
        with the rows held out, else with all that were fitted; what the network learned stays as it is.
        """
        return self._confidence(self.anomaly_scores(X))

    def predict_with_rejection(
        self,
        X: Any,
        T: float = 32,
        return_stats: bool = False,
        delta: float = 0.1,
        c_fp: float = 1,
        c_fn: float = 1,
        c_r: float | None = None,
    ) -> Any:
        """`predict`, but 0 (by PyOD's convention -2) where the other prediction has a chance of exp(-T) or more.

        See Perini & Davis, NeurIPS 2023. The larger T, the more rows are rejected. With `return_stats` also what
        `compute_rejection_stats` says.
        """
        scores = self.anomaly_scores(X)
        found = self.said(scores > self.threshold_)
        found[self._ranking.unsure(scores, T)] = REJECTED[self.convention]
        stats = self.compute_rejection_stats(T, delta, c_fp, c_fn, c_r) if return_stats else None
        return found if stats is None else (found, list(stats))

    def compute_rejection_stats(
        self, T: float = 32, delta: float = 0.1, c_fp: float = 1, c_fn: float = 1, c_r: float | None = None
    ) -> RejectionStats:
        """What share of rows is rejected, expected and, with probability 1 - delta, at most; what a row costs at most.

        Parameters
        ----------
        T : float
            As for `predict_with_rejection`.
        delta : float
        c_fp, c_fn, c_r : float
            Costs of a normal row flagged, of an anomaly passed over, of a row rejected; the last by default is the
            share that is flagged.

        Raises
        ------
        InputError
            If a number is out of range.
        """
        check_is_fitted(self, "autoencoder_")
        ranking = self._ranking
        c_r = ranking.above / len(ranking.scores) if c_r is None else c_r
        for name, cost in (("c_fp", c_fp), ("c_fn", c_fn), ("c_r", c_r)):
            if not cost >= 0:
                raise InputError(f"{name}={cost!r}: a cost is 0 or more")
        return ranking.rejection(T, delta, c_fp, c_fn, c_r)

    def fit_predict_score(self, X: Any, y: ArrayLike, scoring: str = "roc_auc_score") -> float:
        """Fit to X, and judge the scores of its rows by labels, 1 for an anomaly, that weren't learned from.

        `scoring` is "roc_auc_score", or "prc_n_score": of as many rows as there are anomalies, the strangest, the share
        that are.
        """
        if scoring not in ("roc_auc_score", "prc_n_score"):
            raise UnknownScoringError(f"scoring={scoring!r}: choose roc_auc_score or prc_n_score")
        truth, scores = np.asarray(y), self.fit(X).decision_scores_
        if scoring == "roc_auc_score":
            return float(roc_auc_score(truth, scores))
        worst = np.argsort(-scores, kind="stable")[: int((truth == 1).sum())]
        return float((truth[worst] == 1).mean())

    @property
    def _ranking(self) -> Ranking:
        """The scores that the threshold comes from: with a promise of few false alarms of the rows held out."""
        if self.false_alarms is None:
            scores, above = self.decision_scores_, math.floor(self.contamination * len(self.decision_scores_))
        else:
            scores = self.calibration_scores_
            above = math.floor(self.false_alarms * (len(scores) + 1) + 1e-9)
        return Ranking(scores, max(above, 1))

    def _confidence(self, scores: Floats) -> Floats:
        normal, strange = self._ranking.chances(scores)
        return np.where(scores > self.threshold_, strange, normal)
