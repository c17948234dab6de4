"""The figures behind a report: some rows, what the model made of them, and where it erred."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from isthmus.autoencoder import Autoencoder
from isthmus.data import Column, Dataset, TableSchema
from isthmus.jobs.reduce import Judged
from isthmus.report.axes import number, shortened

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_ROWS = 3000
MOST_BYTES = 256 << 20


def some_rows(data: Dataset, rows: Rows) -> Rows:
    """At most 3,000 rows of at most 256 MB, drawn without regard to the model."""
    each = max(1, math.prod(data.source.shape) * data.source.dtype.itemsize)
    most = max(1, min(MOST_ROWS, MOST_BYTES // each))
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


@dataclass(frozen=True)
class Study:
    """The rows a model is judged by, in memory, with their errors.

    ``rows`` are their numbers in the data they came from.
    """

    estimator: Autoencoder
    data: Dataset
    rows: Rows
    errors: Floats

    @classmethod
    def of(cls, estimator: Autoencoder, judged: Judged) -> "Study":
        """Look at the rows judged by, or some of them."""
        rows = some_rows(judged.data, judged.rows)
        data = judged.data.subset(rows)
        return cls(estimator, data, rows, estimator.reconstruction_error(data).astype(np.float64))

    @cached_property
    def order(self) -> Rows:
        """Positions from the best rebuilt row to the worst."""
        return np.argsort(self.errors, kind="stable").astype(np.int64)

    def name(self, position: int) -> str:
        """What a row is called: its picture's name, or its number."""
        return self.data.names[position] if self.data.names else f"row {self.rows[position]}"

    def pictures(self, positions: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        """Originals and reconstructions, each (n, height, width, channels)."""
        some = self.data.subset(positions)
        shape = (len(positions), *self.data.schema.shape)
        rebuilt = self.estimator.reconstruct_raw(some)
        return some.source.read(0, some.n).reshape(shape), rebuilt.reshape(shape)


@dataclass(frozen=True)
class Columns:
    """A table's rows and their reconstructions, column by column.

    ``raw`` and ``rebuilt`` are (n, columns); ``errors`` (n, columns) are squared errors in prepared units,
    summed over a category's cells; ``shares`` (columns,) their means over the columns' variances here.
    """

    columns: tuple[Column, ...]
    raw: Floats
    rebuilt: Floats
    errors: Floats
    shares: Floats

    @classmethod
    def of(cls, study: Study, schema: TableSchema) -> "Columns":
        """Rebuild the rows of a study."""
        estimator, preparation = study.estimator, study.estimator.preparation_
        raw = study.data.source.read(0, study.data.n)
        x = preparation.apply(raw).astype(np.float64)
        # reconstruct() gives the likeliest category; its error needs the probabilities behind it
        x_hat = estimator.reconstruct_prepared(study.data)
        widths = np.array([len(column.categories) or 1 for column in schema.columns], dtype=np.intp)
        starts: NDArray[np.intp] = np.cumsum(widths) - widths
        errors = np.add.reduceat(np.nan_to_num((x - x_hat) ** 2), starts, axis=1)
        known = ~np.isnan(x[:, starts])
        spread = np.add.reduceat(_variance(x), starts)
        return cls(
            schema.columns,
            raw.astype(np.float64),
            preparation.undo(x_hat),
            errors,
            _shares(errors, known, spread),
        )

    def text(self, values: Floats, position: int, column: int) -> str:
        """One cell in the data's own words."""
        value, what = values[position, column], self.columns[column]
        if np.isnan(value):
            return "missing"
        if what.role == "categorical":
            return shortened(what.categories[int(value)])
        if what.role == "boolean":
            return "true" if value > 0.5 else "false"
        return number(float(np.rint(value)) if what.number_type.kind in "iu" else float(value))

    def most_at_fault(self, position: int) -> Rows:
        """The columns in order of their part in a row's error."""
        return np.argsort(-self.errors[position], kind="stable").astype(np.int64)

    def right(self, column: int) -> tuple[float, float] | None:
        """The shares of known cells rebuilt right, and of the commonest value; None for numbers."""
        truth, guess = self.raw[:, column], self.rebuilt[:, column]
        known = ~np.isnan(truth)
        if self.columns[column].role == "numeric" or not known.any():
            return None
        _, counts = np.unique(truth[known], return_counts=True)
        return float((truth[known] == guess[known]).mean()), float(counts.max() / known.sum())


def _variance(x: Floats) -> Floats:
    known = ~np.isnan(x)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.nan_to_num(x).sum(axis=0) / count
    return np.asarray(np.where(known, (x - mean) ** 2, 0.0).sum(axis=0) / count)


def _shares(errors: Floats, known: NDArray[np.bool_], spread: Floats) -> Floats:
    """Mean error of known cells over the variance; NaN for a column that is constant here."""
    mean = errors.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(spread > 1e-12, mean / np.where(spread > 1e-12, spread, 1.0), np.nan)


@dataclass(frozen=True)
class Map:
    """Codes as points in the plane, and what the axes are."""

    points: Floats
    labels: NDArray[Any] | None
    axes: tuple[str, str]
    how: str

    @classmethod
    def of(cls, estimator: Autoencoder, data: Dataset) -> "Map":
        """Encode the data, or some of their rows."""
        some = data.subset(some_rows(data, np.arange(data.n, dtype=np.int64)))
        codes = estimator.transform(some).astype(np.float64)
        if some.labels is not None and some.labels.ndim > 1:  # vectors that a conditional model is told colour nothing
            some = replace(some, labels=None)
        if codes.shape[1] == 2:
            return cls(
                codes,
                some.labels,
                ("code value 1", "code value 2"),
                "The two code values of each row, as they are.",
            )
        if codes.shape[1] == 1:
            errors = estimator.reconstruction_error(some).astype(np.float64)
            how = "The one code value of each row, beside the error of its reconstruction."
            return cls(np.column_stack([codes[:, 0], errors]), some.labels, ("code value", "error of the row"), how)
        return _by_pca(codes, some.labels)


def _by_pca(codes: Floats, labels: NDArray[Any] | None) -> Map:
    axes, how = ("first component", "second component"), f"The {codes.shape[1]} code values of each row"
    if len(codes) < 2 or not np.ptp(codes, axis=0).any():
        return Map(np.zeros((len(codes), 2)), labels, axes, f"{how} are the same for all rows.")
    pca = PCA(2, random_state=0)
    points = pca.fit_transform(codes)
    kept = float(pca.explained_variance_ratio_.sum())
    how += f", by their first two principal components. These hold {kept:.0%} of the codes' variance"
    return Map(points, labels, axes, f"{how}{'; the rest can not be seen here' if kept < 0.995 else ''}.")
