"""Reduce: every row as a few code values. Judged by the error of the rows rebuilt from them, beside PCA's."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA

from isthmus import choices, provenance
from isthmus.autoencoder import Autoencoder
from isthmus.data import CaptionConditions, Dataset, captioned, labelled, split

Rows = NDArray[np.int64]
MOST_FITTED = 20_000
MOST_JUDGED = 10_000
MOST_BYTES = 500_000_000
CLEAR = 0.02
"""Errors nearer than this share of each other are called equal."""


@dataclass(frozen=True)
class Judged:
    """Which rows the figures are of, and what the baseline was fitted on."""

    fitted: Dataset
    fitted_rows: Rows
    data: Dataset
    rows: Rows
    which: str


@dataclass(frozen=True)
class Honest:
    """Mean squared error per row of three ways to rebuild rows, in prepared units, on the same rows."""

    model: float
    pca: float
    mean: float
    latent_dim: int
    rows: int
    which: str

    @property
    def verdict(self) -> str:
        """Who is better, in words."""
        values = f"{self.latent_dim} value{'s' if self.latent_dim > 1 else ''}"
        if self.mean <= 0:
            return "All rows are alike: there is nothing to rebuild."
        if self.model >= self.mean:
            return "No better than guessing the mean of every column: this model has learned nothing. Train longer."
        if abs(self.model - self.pca) <= CLEAR * self.pca:
            return f"As good as PCA with {values}: for this purpose PCA, being simpler, would do."
        if self.model < self.pca:
            return f"{1 - self.model / self.pca:.0%} less error than PCA with {values}."
        return f"PCA with {values} is better here: train longer, or use PCA."

    def to_json(self) -> dict[str, Any]:
        """The figures and the verdict."""
        return asdict(self) | {"verdict": self.verdict}


def judged_rows(
    estimator: Autoencoder, data: Dataset, y: ArrayLike | None = None, *, held_out: Dataset | None = None
) -> Judged:
    """The rows to judge a model by: held out if `data` are what it was fitted on, else half of these new data.

    Parameters
    ----------
    estimator : fitted Autoencoder
    data : Dataset
        What it was fitted on, or other rows of the same schema.
    y : (n,) or (n, c), optional
        What a conditional model is told of them, instead of their own labels.
    held_out : Dataset, optional
        The rows given as held-out part when it was fitted.
    """
    if y is not None:
        data = (captioned if isinstance(estimator.conditions_, CaptionConditions) else labelled)(data, y)
    everything = np.arange(data.n, dtype=np.int64)
    if held_out is not None:
        return Judged(data, everything, held_out, np.arange(held_out.n, dtype=np.int64), "held-out rows")
    record = estimator.record_
    if provenance.fingerprint(data) != record["data"]["sha256"]:
        half, other = split(data.n, 0.5, seed=0, overlap=data.overlap if data.n > 2 * data.overlap + 1 else 0)
        return Judged(data, half, data, other, "rows of new data, PCA fitted on the others")
    if not record["validation"]:
        return Judged(data, everything, data, everything, "training rows (none of these were held out)")
    seed = record["settings"]["seed"]
    learned, held = choices.held_out_rows(data.n, record["validation"], seed, data.overlap)
    if not len(held):
        return Judged(data, everything, data, everything, "training rows (too few to hold any out)")
    return Judged(data, learned, data, held, "held-out rows")


def compare(estimator: Autoencoder, judged: Judged) -> Honest:
    """The model's error, PCA's with as many values, and the mean's, on the same rows.

    Missing cells count for none of the three; PCA sees them as the column's mean.
    """
    most = max(2, MOST_BYTES // (8 * math.prod(estimator.preparation_.shape)))
    fit_rows = _some(judged.fitted_rows, min(MOST_FITTED, most))
    rows = _some(judged.rows, min(MOST_JUDGED, most))
    known = _prepared(estimator, judged.fitted, fit_rows)
    judge = _prepared(estimator, judged.data, rows)
    centre = _centre(known)
    latent_dim = estimator.model_.bottleneck.latent_dim
    pca = PCA(min(latent_dim, *known.shape), svd_solver="full" if known.shape[1] <= 500 else "auto", random_state=0)
    with np.errstate(invalid="ignore"):  # rows that are all alike have no variance to explain a share of
        pca.fit(np.where(np.isnan(known), centre, known))
    rebuilt = pca.inverse_transform(pca.transform(np.where(np.isnan(judge), centre, judge)))
    return Honest(
        model=float(estimator.reconstruction_error(judged.data.subset(rows)).mean()),
        pca=_error(judge, rebuilt),
        mean=_error(judge, centre),
        latent_dim=latent_dim,
        rows=len(rows),
        which=judged.which,
    )


def mean_of(estimator: Autoencoder, judged: Judged) -> NDArray[np.float64]:
    """The mean, in prepared units, that figures are beside: of the rows a baseline would be fitted on."""
    most = min(MOST_FITTED, max(2, MOST_BYTES // (8 * math.prod(estimator.preparation_.shape))))
    return _centre(_prepared(estimator, judged.fitted, _some(judged.fitted_rows, most)))


def _centre(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.nansum(rows, axis=0) / np.maximum((~np.isnan(rows)).sum(axis=0), 1))


def _some(rows: Rows, most: int) -> Rows:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _prepared(estimator: Autoencoder, data: Dataset, rows: Rows) -> NDArray[np.float64]:
    raw = data.source.take(rows)
    return estimator.preparation_.apply(raw).reshape(len(rows), -1).astype(np.float64)


def _error(x: NDArray[np.float64], x_hat: NDArray[np.float64]) -> float:
    return float(np.nansum((x - x_hat) ** 2, axis=1).mean())
