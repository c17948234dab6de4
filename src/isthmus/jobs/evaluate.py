"""Evaluate: every figure that applies to a fitted autoencoder, on rows that it wasn't fitted to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from torch import Tensor

from isthmus import scoring
from isthmus.autoencoder import Autoencoder
from isthmus.conditioning import own_labels
from isthmus.data import Dataset, ImageSchema
from isthmus.errors import InputError
from isthmus.evaluation import (
    active_units,
    bits_per_dimension,
    completeness,
    continuity,
    maximum_likelihood_dimension,
    two_nn,
)
from isthmus.jobs.reduce import Judged, mean_of
from isthmus.model import Model
from isthmus.parts import Bernoulli, Laplace, Normal, Trip
from isthmus.training import seeded

MOST_ROWS = 2000
LEVELS = {"uint8": 256, "uint16": 65536}
NO_DENSITY = "of bernoulli models alone, for it is no density of values between 0 and 1"
Function = Callable[[Model, Tensor, Tensor | None], Tensor]


@dataclass(frozen=True)
class Figure:
    """One number, by its key in JSON, its name and unit in a table, and what it says."""

    key: str
    name: str
    value: float
    unit: str
    meaning: str


@dataclass(frozen=True)
class Evaluation:
    """Figures, and the rows they are of."""

    figures: list[Figure]
    rows: int
    which: str

    def __getitem__(self, key: str) -> float:
        return next(figure.value for figure in self.figures if figure.key == key)

    def to_json(self) -> dict[str, Any]:
        """Rows and figures by key."""
        return {"rows": self.rows, "which": self.which, "figures": {f.key: f.value for f in self.figures}}


def evaluate(estimator: Autoencoder, judged: Judged, *, draws: int = 100, seed: int = 0) -> Evaluation:
    """Every figure that applies, on at most 2,000 of the rows judged by.

    Parameters
    ----------
    estimator : fitted Autoencoder
    judged : Judged
        As `isthmus.jobs.reduce.judged_rows` gives it.
    draws : int, default=100
        Codes drawn per row for the importance-weighted likelihood.
    seed : int, default=0
        Of rows and draws.
    """
    data = judged.data.subset(some_rows(judged.rows, MOST_ROWS))
    centre = mean_of(estimator, judged)
    figures = [
        *_errors(estimator, data, centre),
        *_bounds(estimator, data, draws, seed),
        *_codes(estimator, data, seed),
    ]
    return Evaluation(figures, data.n, judged.which.split(",")[0])


def some_rows(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many rows, drawn without regard to the model."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def rate_distortion(
    estimator: Autoencoder, X: Any, betas: Sequence[float], *, y: Any = None, held_out: Any = None
) -> list[dict[str, float]]:
    """Rate and distortion, in nats per held-out row, of the same recipe fitted anew at each weight of the rate.

    Parameters
    ----------
    estimator : Autoencoder
        Whose recipe has the option `beta`; it is left as it is.
    X, y, held_out
        As in `Autoencoder.fit`.
    betas : sequence of float

    Returns
    -------
    list of {"beta", "rate", "distortion"}

    Raises
    ------
    InputError
        If the recipe has no beta, or nothing is held out.

    References
    ----------
    Alemi et al., "Fixing a broken ELBO", ICML 2018.
    """
    found = []
    for beta in betas:
        fitted = clone(estimator).set_params(options={**(estimator.options or {}), "beta": beta})
        held = fitted.fit(X, y, held_out=held_out).record_["held_out"]
        if not held:
            raise InputError("a rate-distortion curve is of held-out rows, and none are held out: give validation")
        found.append({"beta": beta, "rate": held["held_rate"], "distortion": held["held_distortion"]})
    return found


def prepared(estimator: Autoencoder, data: Dataset) -> NDArray[np.float64]:
    """All rows in prepared units, (n, *shape)."""
    return estimator.preparation_.apply(data.source.read(0, data.n)).astype(np.float64)


def _errors(estimator: Autoencoder, data: Dataset, centre: NDArray[np.float64]) -> Iterator[Figure]:
    x = prepared(estimator, data).reshape(data.n, -1)
    off = x - estimator.reconstruct_prepared(data).reshape(data.n, -1)
    known = ~np.isnan(off)
    square = np.where(known, off, 0.0) ** 2
    variance = np.nansum((x - centre) ** 2)
    yield Figure("squared_error", "squared error", float(square.sum(1).mean()), "per row", "sum over a row's cells")
    yield Figure("rmse", "root mean square", float(np.sqrt(square.sum() / known.sum())), "per cell", "typical error")
    mean_absolute = float(np.abs(np.where(known, off, 0.0)).sum() / known.sum())
    yield Figure("mae", "mean absolute error", mean_absolute, "per cell", "less moved by outliers")
    if variance > 0:
        yield Figure("variance_left", "variance left", float(square.sum() / variance), "share", "1: guessing the mean")


def _mean(estimator: Autoencoder, data: Dataset, function: Function, seed: int) -> float:
    """The mean over rows of a function of (model, prepared rows, conditions), with random numbers of its own."""
    with seeded(seed, _device(estimator.model_)):
        return float(estimator._evaluate(function, data).astype(np.float64).mean())


def _bounds(estimator: Autoencoder, data: Dataset, draws: int, seed: int) -> Iterator[Figure]:
    def distortion(model: Model, *batch: Any) -> Tensor:
        trip: Trip = model(*batch, sample=True)
        return trip.nll_B

    cost = _mean(estimator, data, distortion, seed)
    yield Figure("distortion", "distortion", cost, "nats per row", "-log p(x|z), z drawn")
    if not estimator.model_.bottleneck.has_rate:
        return
    elbo = _mean(estimator, data, scoring.elbo, seed)  # of the same draws
    told = -elbo - cost
    yield Figure("rate", "rate", told, "nats per row", "KL(q(z|x) || p(z)): what the code tells")
    density = not _is_grey(estimator, data)
    yield Figure("elbo", "ELBO", elbo, "nats per row", "lower bound of log p(x)" if density else NO_DENSITY)
    try:
        nll = _mean(estimator, data, lambda m, *b: scoring.log_likelihood(m, *b, draws=draws, chunk=10), seed)
    except InputError:  # a code without a density has a rate but no likelihood
        return
    yield _likelihood_figure(-nll, draws, density=density)
    yield from _bits(estimator, data, draws, seed)


def _likelihood_figure(nats: float, draws: int, *, density: bool) -> Figure:
    if density:
        return Figure("nll", f"NLL ({draws} draws)", nats, "nats per row", "importance-weighted bound of -log p(x)")
    name = f"cross-entropy bound ({draws} draws)"
    return Figure("cross_entropy_bound", name, nats, "nats per row", NO_DENSITY)


def _is_grey(estimator: Autoencoder, data: Dataset) -> bool:
    """Whether values between 0 and 1 are described by a density of 0 and 1 alone."""
    x = prepared(estimator, data)
    return isinstance(estimator.model_.likelihood.inner, Bernoulli) and bool(((x > 0) & (x < 1)).any())


def _bits(estimator: Autoencoder, data: Dataset, draws: int, seed: int) -> Iterator[Figure]:
    """Bits per dimension of pictures of whole levels, under a density, with noise of one level added."""
    schema, density = estimator.schema_, isinstance(estimator.model_.likelihood.inner, (Normal, Laplace))
    levels = LEVELS.get(schema.dtype, 0) if isinstance(schema, ImageSchema) else 0
    if not (levels and density):
        return

    def smoothed(model: Model, x: Tensor, told: Tensor | None) -> Tensor:
        noisy = x + (torch.rand_like(x) - 0.5) / (levels - 1)
        return scoring.log_likelihood(model, noisy, told, draws=draws, chunk=10)

    nll = -_mean(estimator, data, smoothed, seed)
    bits = bits_per_dimension(nll, int(np.prod(schema.shape)), levels)
    yield Figure("bits_per_dimension", "bits per dimension", bits, "bits", "bound of the cost of storing a pixel")


def _codes(estimator: Autoencoder, data: Dataset, seed: int) -> Iterator[Figure]:
    codes, model = estimator.transform(data).astype(np.float64), estimator.model_
    active = int(active_units(codes).sum())
    yield Figure("active_units", "active units", active, f"of {codes.shape[1]}", "code values that tell rows apart")
    if data.n < 5:
        return

    # a place between two rows has no condition: it is decoded as unknown
    found = continuity(estimator.decode_prepared, codes, seed=seed)
    yield Figure("continuity_move", "move per step", found.move, "prepared units", "a tenth of the way between codes")
    yield Figure("continuity_jump", "largest over mean move", found.jump, "ratio", "1: even; 10: one leap")
    x = np.nan_to_num(prepared(estimator, data))
    drawn = _prior_codes(model, min(data.n, 1000), seed)
    if drawn is not None:
        told = own_labels(estimator.conditions_, data)
        told = None if told is None else np.random.default_rng(seed).permutation(told)[: len(drawn)]
        share = completeness(estimator.decode_prepared(drawn, told), x)
        yield Figure("completeness", "completeness", share, "share", "samples that a judge finds on the data")
    for key, name, rule in (("two_nn", "TwoNN", two_nn), ("mle_dimension", "MLE", maximum_likelihood_dimension)):
        dimension = rule(x)
        if np.isfinite(dimension):
            yield Figure(key, f"intrinsic dimension, {name}", dimension, "dimensions", "of these data")


def _prior_codes(model: Model, n: int, seed: int) -> NDArray[np.float64] | None:
    """Codes drawn from the prior, (n, Z); None where there is none."""
    try:
        with seeded(seed, _device(model)), torch.no_grad():
            return np.asarray(model.bottleneck.sample_prior(n).cpu().numpy(), np.float64)
    except InputError:
        return None


def _device(model: Model) -> str:
    return next((str(weight.device.type) for weight in model.parameters()), "cpu")
