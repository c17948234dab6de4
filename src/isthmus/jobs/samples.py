"""Samples: how good the rows are that a model makes, beside those of simple generative models of the same rows.

Legend: n rows, F features.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neural_network import MLPClassifier

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.data import ClassConditions, Dataset
from isthmus.errors import InputError
from isthmus.evaluation import copies, frechet_distance, spread, two_sample_accuracy
from isthmus.generation import DENSITIES, check_draws, generator, simple
from isthmus.jobs.reduce import MOST_BYTES, Judged

Floats = NDArray[np.float64]
Features = Callable[[Floats], ArrayLike]
MOST_ROWS, FEWEST_ROWS = 10_000, 10
MOST_LEARNED, MOST_FEATURES = 20_000, 64
HIDDEN = (256, 64)
SURE = 0.9


@dataclass(frozen=True)
class Judge:
    """Features of prepared rows (n, F) by which rows are compared, and, of a classifier, how sure it is of them."""

    name: str
    features: Features
    sureness: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True)
class Sampled:
    """The figures of rows from one source: of the model, its prior or a density fitted to codes, or of a simple model.

    Best is the lowest `frechet`, 0.5 of `copies` and `told_apart`, 1 of the others.
    """

    source: str
    frechet: float
    precision: float
    recall: float
    density: float
    coverage: float
    sure: float | None
    """Share that the judge gives a class with a probability of 0.9 or more, if it is a classifier."""
    copies: float
    told_apart: float


@dataclass(frozen=True)
class Measurement:
    """The figures of every source, all of so many rows, by one judge; `ours` sources are the model's."""

    sources: list[Sampled]
    ours: int
    rows: int
    which: str
    judge: str

    def __getitem__(self, source: str) -> Sampled:
        return next(each for each in self.sources if each.source == source)

    def to_json(self) -> dict[str, Any]:
        """Rows, judge and the figures by source."""
        figures = {each.source: {k: v for k, v in asdict(each).items() if k != "source"} for each in self.sources}
        return {"rows": self.rows, "which": self.which, "judge": self.judge, "sources": figures}


def measure(
    estimator: Autoencoder,
    judged: Judged,
    *,
    n: int = 2000,
    densities: tuple[str, ...] = DENSITIES,
    judge: Features | None = None,
    random_state: int = 0,
    **options: Any,
) -> Measurement:
    """Compare rows that a model makes with rows that it didn't learn from.

    Parameters
    ----------
    estimator : Autoencoder
        Fitted.
    judged : Judged
        As `isthmus.jobs.reduce.judged_rows` gives it.
    n : int
        Rows made by each source; no more than there are rows to compare with, for figures hang on their number, nor
        than 500 MB of them.
    densities : tuple of str
        Where codes are drawn from, as in `isthmus.generation.generate`; what a model can't do is left out.
    judge : callable, optional
        Prepared rows (n, ...) to features (n, F), such as a layer of a network that knows such data. Without it, of
        labelled rows the last hidden layer of a classifier that is fitted to the learned rows; of others their first
        64 principal components.
    random_state : int
    **options
        Of `isthmus.generation.generate`: temperature, draw.

    Raises
    ------
    InputError
        If fewer than 10 rows can be compared, or the model can draw no codes.

    Notes
    -----
    Simple models: a gaussian, a mixture of ten over principal components, probabilistic PCA with as many values as
    the model's code, and of counts a multinomial; all fitted to the rows that the model learned from.
    """
    most = max(FEWEST_ROWS, MOST_BYTES // (8 * math.prod(estimator.preparation_.shape)))
    count = min(choices.whole_number("n", n), len(judged.rows), len(judged.fitted_rows), MOST_ROWS, most)
    if count < FEWEST_ROWS:
        raise InputError(f"{count} rows to compare samples with are too few: {FEWEST_ROWS} or more are wanted")
    numbers = np.random.default_rng(random_state)
    learned = judged.fitted.subset(_some(judged.fitted_rows, min(MOST_LEARNED, most), numbers))
    other = judged.data.subset(_some(judged.rows, count, numbers))
    found = _judge(estimator, learned, random_state) if judge is None else Judge("the features given", judge)
    table = _Table(estimator, found, learned, other, count, numbers)
    ours = [table.row(name, raw) for name, raw in _made(estimator, learned, densities, count, random_state, **options)]
    if not ours:
        raise InputError(f"recipe {estimator.recipe!r} has no prior to draw from: name another density")
    peers = [table.row(name, estimator.preparation_.undo(rows)) for name, rows in table.simple()]
    return Measurement([*ours, *peers], len(ours), count, judged.which.split(",")[0], found.name)


def _some(rows: NDArray[np.int64], most: int, numbers: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(numbers.permutation(rows)[:most])


def _made(
    estimator: Autoencoder, learned: Dataset, densities: tuple[str, ...], n: int, seed: int, **options: Any
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Raw rows of each density that this model and this installation can draw from.

    A conditional model is asked for each class as often as it was learned, for the rows compared with have them so.
    """
    check_draws(**options)
    for density in densities:
        try:
            source = generator(estimator, density=density, fitted_to=learned, random_state=seed, **options)
        except InputError:
            if len(densities) == 1:
                raise
            continue
        name = "prior" if density == "prior" else f"{density} of codes"
        asked = [
            replace(source, label=label).rows(count, seed + i)
            for i, (label, count) in enumerate(_classes(estimator, learned, n, seed))
        ]
        yield name, np.concatenate([piece for rows in asked or [source.rows(n, seed)] for piece in rows])


def _classes(estimator: Autoencoder, learned: Dataset, n: int, seed: int) -> list[tuple[NDArray[Any], int]]:
    """The classes to ask a conditional model for, and how often each; none for other models."""
    if not isinstance(estimator.conditions_, ClassConditions) or learned.labels is None:
        return []
    drawn = np.random.default_rng(seed).choice(learned.labels.astype(str), n)
    return [
        (estimator.conditions_.spelt([label]), int(count))
        for label, count in zip(*np.unique(drawn, return_counts=True), strict=True)
    ]


class _Table:
    """What every source is compared with, and by what."""

    def __init__(
        self,
        estimator: Autoencoder,
        judge: Judge,
        learned: Dataset,
        other: Dataset,
        n: int,
        numbers: np.random.Generator,
    ) -> None:
        self.estimator, self.judge, self.n, self.numbers = estimator, judge, n, numbers
        self.learned = _prepared(estimator, learned.source.read(0, learned.n))
        as_many = np.sort(numbers.permutation(learned.n)[:n])
        self.known, self.real = (
            _features(judge, rows)
            for rows in (self.learned[as_many], _prepared(estimator, other.source.read(0, other.n)))
        )

    def row(self, source: str, raw: NDArray[Any]) -> Sampled:
        """The figures of raw rows."""
        rows = _prepared(self.estimator, raw)
        made = _features(self.judge, rows)
        sure = None if self.judge.sureness is None else float((self.judge.sureness(rows) >= SURE).mean())
        near = spread(made, self.real)
        return Sampled(
            source,
            frechet_distance(made, self.real),
            *near,
            sure=sure,
            copies=copies(made, self.known, self.real),
            told_apart=two_sample_accuracy(made, self.real),
        )

    def simple(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Prepared rows of each simple model."""
        flat = self.learned.reshape(len(self.learned), -1)
        latent_dim = self.estimator.model_.bottleneck.latent_dim
        models: dict[str, Callable[[], simple.Sampler]] = {
            "gaussian": lambda: simple.gaussian(flat),
            "mixture": lambda: simple.mixture(flat),
            "PPCA": lambda: simple.probabilistic_pca(flat, latent_dim),
        }
        if self.estimator.schema_.kind == "counts":
            models = {"multinomial": lambda: simple.multinomial(flat)}
        for name, fit in models.items():
            yield name, fit()(self.n, self.numbers).reshape(self.n, *self.learned.shape[1:]).astype(np.float32)


def _prepared(estimator: Autoencoder, raw: NDArray[Any]) -> Floats:
    """Rows (n, ...) as networks get them, a missing cell at 0, which is the mean of a column."""
    rows: Floats = np.nan_to_num(estimator.preparation_.apply(raw).astype(np.float64))
    return rows


def _features(judge: Judge, rows: Floats) -> Floats:
    found = np.asarray(judge.features(rows), np.float64)
    if found.ndim != 2 or len(found) != len(rows) or not np.isfinite(found).all():
        raise InputError(f"judge: features {found.shape} of {len(rows)} rows; finite numbers (n, F) are wanted")
    return found


def _judge(estimator: Autoencoder, learned: Dataset, seed: int) -> Judge:
    rows = _flat(_prepared(estimator, learned.source.read(0, learned.n)))
    labels = None if learned.labels is None else learned.labels.astype(str)
    if labels is None or np.unique(labels, return_counts=True)[1].min() < 2 or len(set(labels.tolist())) < 2:
        pca = simple.principal(rows, MOST_FEATURES)
        return Judge(f"the first {pca.n_components_} principal components", lambda x: pca.transform(_flat(x)))
    classifier = MLPClassifier(HIDDEN, early_stopping=len(rows) >= 200, max_iter=100, random_state=seed)
    classifier.fit(rows, labels)
    return Judge(
        "a classifier of the labels",
        lambda x: _last_hidden(classifier, _flat(x)),
        lambda x: classifier.predict_proba(_flat(x)).max(1),
    )


def _flat(rows: Floats) -> Floats:
    return rows.reshape(len(rows), -1)


def _last_hidden(classifier: MLPClassifier, rows: Floats) -> Floats:
    """What the layer before the classes says, (n, 64)."""
    for weights, bias in zip(classifier.coefs_[:-1], classifier.intercepts_[:-1], strict=True):
        rows = np.maximum(rows @ weights + bias, 0)
    return rows
