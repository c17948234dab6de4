"""Detect: the strangest rows first. Judged by labels, where known, in AUROC and AP beside three classical detectors."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors

from isthmus.data import Dataset
from isthmus.detection import Detector, Stretch, conformal
from isthmus.detection.reasons import Reason
from isthmus.errors import DataError

Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]
RESAMPLES = 500
NEIGHBOURS = 10
MOST_COMPARED = 20_000
"""Rows that the classical detectors are fitted on, and judged on, at most: they are slow."""
MOST_CELLS = 50_000_000
YES = ("1", "true", "yes", "anomaly", "anomalous", "outlier", "bad", "abnormal", "defect")
NO = ("0", "false", "no", "normal", "inlier", "good", "ok")


@dataclass(frozen=True)
class Found:
    """The scores of rows, which of them are flagged, and the strangest ones with their reasons, the strangest first.

    Of one long series these are the strangest steps of the flagged stretches.
    """

    scores: Floats
    flagged: Labels
    p_values: Floats | None
    worst: NDArray[np.int64]
    reasons: list[Reason]
    stretches: list[Stretch] | None = None


def name_of(data: Dataset, row: int) -> str:
    """A picture's or a series' name, else the row's number."""
    return data.names[row] if data.names else str(row)


def names_of(data: Dataset, found: Found) -> list[str]:
    """The names of the strangest rows; of stretches their first and last steps, or these steps' times."""
    if found.stretches is None:
        return [name_of(data, int(row)) for row in found.worst]
    ends = [(name_of(data, stretch.first), name_of(data, stretch.last)) for stretch in found.stretches]
    return [first if first == last else f"{first} to {last}" for first, last in ends]


def find(detector: Detector, data: Dataset, *, most: int) -> Found:
    """Score rows, flag them as the detector's promise says, and explain the `most` strangest."""
    scores = detector.scores_of(data)
    p = detector.p_values_of(scores)
    if p is not None and detector.fdr is not None:
        flagged = conformal.discoveries(p, detector.fdr)
    else:
        flagged = scores > detector.threshold_
    stretches = detector.stretches_of(flagged, scores)[:most] if data.steps else None
    if stretches is None:
        worst = np.argsort(-scores, kind="stable")[:most].astype(np.int64)
    else:
        worst = np.array([stretch.peak for stretch in stretches], np.int64)
    explained = detector.explain(data.subset(worst)) if len(worst) else []
    return Found(scores, flagged, p, worst, explained, stretches)


@dataclass(frozen=True)
class Figure:
    """A figure and its 95% bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Judged:
    """How well scores tell labelled anomalies from the rest, and how well simpler detectors do on the same rows."""

    rows: int
    anomalies: int
    auroc: Figure
    ap: Figure
    f1: Figure
    peers: dict[str, tuple[float, float]]
    """AUROC and AP by name."""

    @property
    def verdict(self) -> str:
        """Who is better, in words."""
        if not self.peers:
            return "The rows it was fitted on are not at hand, so there is nothing to compare it with."
        best = max(self.peers, key=lambda name: self.peers[name][0])
        found = self.peers[best][0]
        if found > self.auroc.high:
            return f"{best} is better here (AUROC {found:.3f}): use it."
        if found >= self.auroc.low:
            return f"No surer than {best} (AUROC {found:.3f})."
        return f"Better than {best}, the next best (AUROC {found:.3f})."

    def to_json(self) -> dict[str, Any]:
        """The figures and the verdict."""
        return asdict(self) | {"verdict": self.verdict}


def judge(detector: Detector, data: Dataset, fitted: Dataset | None, found: Found, truth: Labels) -> Judged:
    """Scores of labelled rows, beside those of classical detectors if the rows that all are fitted on are at hand."""
    some = compared_rows(truth, data)
    judged, scores, flagged = truth[some], found.scores[some], found.flagged[some]
    auroc, ap, f1 = intervals(
        judged,
        lambda rows: roc_auc_score(judged[rows], scores[rows]),
        lambda rows: average_precision_score(judged[rows], scores[rows]),
        lambda rows: f1_score(judged[rows], flagged[rows], zero_division=0.0),
    )
    theirs = {} if fitted is None else classical(prepared(detector, fitted), prepared(detector, data, some))
    peers = {
        name: (float(roc_auc_score(judged, score)), float(average_precision_score(judged, score)))
        for name, score in theirs.items()
    }
    return Judged(len(judged), int(judged.sum()), auroc, ap, f1, peers)


def anomalous(labels: NDArray[Any], normal: str | None = None) -> Labels:
    """Which rows the labels call anomalies: all but those labelled `normal`, or the usual words such as 1 and 0.

    Raises
    ------
    DataError
        If the words are others, or all rows are of one kind.
    """
    words = np.array([str(label).strip().lower() for label in labels])
    if normal is not None:
        truth: Labels = words != normal.strip().lower()
    else:
        odd = sorted({*words} - {*YES, *NO})
        if odd:
            raise DataError(f"label {odd[0]!r}: say which one is normal with --normal, such as --normal {words[0]}")
        truth = np.isin(words, YES)
    if truth.all() or not truth.any():
        kind = "an anomaly" if truth.all() else "normal"
        raise DataError(f"every row is labelled {kind}: there is nothing to judge by")
    return truth


def intervals(truth: Labels, *figures: Callable[[NDArray[np.intp]], float]) -> tuple[Figure, ...]:
    """Each figure of all rows, and its 2.5% and 97.5% points over 500 resamples, anomalies and others apart."""
    rng, kinds = np.random.default_rng(0), [np.flatnonzero(truth), np.flatnonzero(~truth)]
    whole, drawn = np.arange(len(truth)), []
    for _ in range(RESAMPLES):
        rows = np.concatenate([rng.choice(kind, len(kind)) for kind in kinds])
        drawn.append([figure(rows) for figure in figures])
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return tuple(Figure(float(f(whole)), float(a), float(b)) for f, a, b in zip(figures, low, high, strict=True))


def classical(fitted: Floats, rows: Floats) -> dict[str, Floats]:
    """Scores of rows by detectors that users would reach for first, fitted on the same rows; higher is stranger."""
    forest = IsolationForest(random_state=0).fit(fitted)
    pca = PCA(0.9, svd_solver="full").fit(fitted)
    rebuilt = pca.inverse_transform(pca.transform(rows))
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS + 1, len(fitted))).fit(fitted)
    away = near.kneighbors(rows)[0]
    away = np.where(away[:, :1] == 0, away[:, 1:], away[:, :-1])  # a row that was fitted is no neighbour of itself
    return {
        "isolation forest": -forest.score_samples(rows),
        "PCA": ((rows - rebuilt) ** 2).sum(1),
        "nearest neighbours": away.mean(1),
    }


def prepared(detector: Detector, data: Dataset, rows: NDArray[np.int64] | None = None) -> Floats:
    """Rows as the detector sees them, missing cells at the column's mean; at most so many as are compared."""
    rows = _some(data.n, MOST_COMPARED, data) if rows is None else rows
    found = detector.autoencoder_.preparation_.apply(data.source.take(rows))
    return np.asarray(np.nan_to_num(found.reshape(len(rows), -1).astype(np.float64)))


def compared_rows(truth: Labels, data: Dataset) -> NDArray[np.int64]:
    """At most so many rows as are compared, of anomalies the share that there is, for everybody to be judged on."""
    most = len(_some(data.n, MOST_COMPARED, data))
    if most == data.n:
        return np.arange(data.n, dtype=np.int64)
    order = np.random.default_rng(0).permutation(data.n)
    strange = order[truth[order]][: max(1, round(most * truth.mean()))]
    normal = order[~truth[order]][: most - len(strange)]
    return np.sort(np.concatenate([strange, normal])).astype(np.int64)


def _some(n: int, most: int, data: Dataset) -> NDArray[np.int64]:
    most = min(most, max(100, MOST_CELLS // max(1, int(np.prod(data.source.shape)))))
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(0).choice(n, most, replace=False))
