"""Doctor: plain words for what often goes wrong with a fit. A sound one gets none."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor

from isthmus import recipes
from isthmus.autoencoder import Autoencoder
from isthmus.conditioning import own_labels
from isthmus.data import CountsSchema, Dataset, ImageSchema, Schema, TableSchema
from isthmus.evaluation import active_units
from isthmus.jobs.evaluate import prepared, some_rows
from isthmus.jobs.reduce import Judged
from isthmus.model import Model
from isthmus.parts import Bernoulli, Discrete, Trip

MOST_ROWS = 1000
RATE_OF_COLLAPSE = 0.1
"""Nats per row: a code that tells less says next to nothing."""
WORTH = 0.01
"""Directions of the code that together are worth less than this share of the variance aren't needed."""
DEAD = 1e-6
FAR = 30.0
"""Standard deviations; in 10 million rows of a normal column none lies beyond 6."""
DARK = 0.1
OVERFITTED = 2.0
SMALLEST = 1e-12
"""Stands for a variance of nothing where it divides."""
EARLY, ROSE = 0.25, 0.1
STILL_FALLING = 0.03
FEWEST_ROWS = 10
"""Of fewer, how codes vary says nothing."""
FEWEST_STEPS = 300
"""Fewer, with the best epoch the last, are never enough; the falling learning rate flattens even such a run's end."""
IMPUTING = " To fill gaps by `isthmus inpaint` leave it: that goes best with as many code values as columns."


@dataclass(frozen=True)
class Diagnosis:
    """What was seen (with its number), what it means, and what to do."""

    name: str
    seen: str
    meaning: str
    advice: str

    def __str__(self) -> str:
        return f"{self.name}: {self.seen}. {self.meaning} {self.advice}"

    def to_json(self) -> dict[str, str]:
        """Its parts."""
        return asdict(self)


@dataclass
class _Patient:
    """A fitted estimator, and some of the rows it is judged by, with what several checks look at."""

    estimator: Autoencoder
    judged: Judged
    data: Dataset = field(init=False)
    x: NDArray[np.float64] = field(init=False)
    codes: NDArray[np.float64] = field(init=False)
    error: float = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.judged.data.subset(some_rows(self.judged.rows, MOST_ROWS))
        self.x = prepared(self.estimator, self.data).reshape(self.data.n, -1)
        self.codes = self.estimator.transform(self.data).astype(np.float64)
        self.error = float(self.estimator.reconstruction_error(self.data).mean())

    @property
    def told(self) -> NDArray[np.generic] | None:
        """What a conditional model is told of the rows."""
        return own_labels(self.estimator.conditions_, self.data)

    @property
    def variance(self) -> float:
        """Squared error of guessing every column's mean."""
        return _variance(self.x)

    def decoded(self, codes: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """What codes decode to, told the rows' own labels, and its mean squared error per row."""
        rows = self.estimator.decode_prepared(codes, self.told).reshape(len(codes), -1)
        return rows, float(np.nansum((self.x - rows) ** 2, axis=1).mean())

    @property
    def rate(self) -> float:
        """Mean rate, in nats per row; 0 where the code is free."""
        return float(self.estimator._evaluate(_rate, self.data).mean())


def _rate(model: Model, x: Tensor, told: Tensor | None) -> Tensor:
    trip: Trip = model(x, told, sample=False)
    return trip.rate_B


def examine(estimator: Autoencoder, judged: Judged) -> list[Diagnosis]:
    """Look for what often goes wrong, on at most 1,000 rows.

    Parameters
    ----------
    estimator : fitted Autoencoder
    judged : Judged
        As `isthmus.jobs.reduce.judged_rows` gives it.

    Returns
    -------
    list of Diagnosis
        Empty for a sound fit.
    """
    patient = _Patient(estimator, judged)
    checks = CHECKS if patient.data.n >= FEWEST_ROWS else CHECKS_OF_ANY
    return [found for check in checks for found in check(patient)]


def _collapse(patient: _Patient) -> Iterator[Diagnosis]:
    if patient.estimator.encode(patient.data).std.max() <= 0:  # a point costs nothing, and one of many its name
        return
    rate, active = patient.rate, int(active_units(patient.codes).sum())
    if active == 0 or rate < RATE_OF_COLLAPSE:
        yield Diagnosis(
            "posterior collapse",
            f"{active} of {patient.codes.shape[1]} code values are active, the rate is {rate:.2g} nats per row",
            "The code says nothing about a row, and the decoder does without it.",
            _remedy(patient.estimator),
        )


def _options(estimator: Autoencoder) -> Collection[str]:
    """Names of the recipe's own options; none where another version's file names a recipe unknown here."""
    return recipes.get(estimator.recipe).options if estimator.recipe in recipes.names() else ()


def _remedy(estimator: Autoencoder) -> str:
    """What makes a rate weigh less, of what the recipe has options for."""
    remedies = {
        "beta": "lower beta",
        "alpha": "raise alpha towards 1 (--set alpha=0.9)",
        "warmup": "raise the rate's weight slowly (--set warmup=0.5)",
        "free_bits": "give free bits (--set free_bits=0.5)",
    }
    known = [text for name, text in remedies.items() if name in _options(estimator)]
    text = ", or ".join(known) or "take a recipe in which the rate's weight can be set, such as vae"
    return f"{text[0].upper()}{text[1:]}."


def _wide(patient: _Patient) -> Iterator[Diagnosis]:
    """Whether codes cut to the first half of their principal directions decode as well."""
    codes, estimator = patient.codes, patient.estimator
    width, options = codes.shape[1], _options(estimator)
    if width < 2 or len(codes) < width or isinstance(estimator.model_.bottleneck, Discrete):
        return
    whole, error = patient.decoded(codes)
    variance = float(whole.var(axis=0).sum())
    if not active_units(codes, DEAD).any() or error >= patient.variance or not variance:
        return
    pca = PCA(min(codes.shape), random_state=0).fit(codes)
    half = width // 2
    cut = (codes - pca.mean_) @ pca.components_[:half].T @ pca.components_[:half] + pca.mean_
    lost = patient.decoded(cut)[1] - error  # alike: both without the row's own total
    if lost < WORTH * variance:
        yield Diagnosis(
            "wide bottleneck",
            f"{half} of the {width} directions of the code rebuild the rows all but as well: without the others the "
            f"error grows by {max(lost, 0) / variance:.1%} of the variance",
            "The code is wider than the data need, or than the weight of its rate allows it to use.",
            f"Use --latent-dim {half} or fewer, or auto{'; or a lower beta' if 'beta' in options else ''}."
            + (IMPUTING if isinstance(estimator.schema_, TableSchema) else ""),
        )


def _dead(patient: _Patient) -> Iterator[Diagnosis]:
    bottleneck = patient.estimator.model_.bottleneck
    if isinstance(bottleneck, Discrete):
        yield from _dead_entries(patient, bottleneck.entries)
        return
    spread = patient.codes.std(axis=0)
    dead = int((spread <= DEAD * max(spread.max(), 1e-30)).sum()) if spread.max() > 0 else len(spread)
    if dead:
        yield Diagnosis(
            "dead code values",
            f"{dead} of {len(spread)} code values are the same for all rows",
            "They carry nothing: their units have died, or the rows are alike.",
            "Use a smaller --latent-dim, a lower --learning-rate, or another --activation.",
        )


def _dead_entries(patient: _Patient, size: int) -> Iterator[Diagnosis]:
    """Entries of a codebook that no row uses, out of as many as the rows could have shown."""
    found = patient.estimator.indices(patient.data)
    used = len(np.unique(found))
    shown = min(size, found.size)
    if used < shown / 2:
        yield Diagnosis(
            "dead codes",
            f"{used} of {size} entries of the codebook are used by {found.size:,} codes",
            "The rest of the codebook is dead, and the code coarser than it could be.",
            "Use a smaller codebook, a lower --learning-rate, or more epochs.",
        )


def _impossible(patient: _Patient) -> Iterator[Diagnosis]:
    likelihood = patient.estimator.model_.likelihood.inner
    bounded = isinstance(likelihood, Bernoulli) or getattr(likelihood, "bounded", False)
    low, high = float(np.nanmin(patient.x)), float(np.nanmax(patient.x))
    if bounded and (low < -1e-6 or high > 1 + 1e-6):
        yield Diagnosis(
            "impossible values",
            f"prepared values go from {low:.3g} to {high:.3g}",
            f"The likelihood ({type(likelihood).__name__.lower()}) can give back nothing outside of 0 to 1.",
            "Give data on the scale fitted on, or fit anew on these, with --likelihood gaussian for a table.",
        )


def _unscaled(patient: _Patient) -> Iterator[Diagnosis]:
    schema = patient.estimator.schema_
    if isinstance(schema, ImageSchema):
        top = float(patient.x.max())
        if 0 < top < DARK:
            yield Diagnosis(
                "unscaled input",
                f"the brightest pixel is {top:.2g} of full scale ({schema.dtype})",
                "The pictures use a sliver of their type's range, and errors look small whatever the model does.",
                "Stretch them to the full range first, or give floats from 0 to 1.",
            )
        return
    if isinstance(schema, TableSchema) and not np.isnan(patient.x).all():
        yield from _outliers(patient, schema)


def _outliers(patient: _Patient, schema: TableSchema) -> Iterator[Diagnosis]:
    largest = np.fmax.reduce(np.abs(patient.x), axis=0)
    worst = int(np.nanargmax(largest))
    if largest[worst] <= FAR:
        return
    widths = np.cumsum([len(column.categories) or 1 for column in schema.columns])
    name = schema.columns[int(np.searchsorted(widths, worst, side="right"))].name
    yield Diagnosis(
        "unscaled input",
        f"column {name!r} has a value {largest[worst]:.0f} standard deviations from the mean",
        "A few such numbers outweigh all others in a squared error: the column is in another unit than the rows fitted "
        "on, has a heavy tail, or holds a wrong number.",
        "Mend or drop it, take its logarithm, or fit with --likelihood laplace.",
    )


def _overfitted(patient: _Patient) -> Iterator[Diagnosis]:
    seen = _by_heart(patient) or _turned_early(patient)
    if seen:
        yield Diagnosis(
            "over-fitting",
            seen,
            "The model learns its rows by heart.",
            f"Give more rows, a smaller --latent-dim or --hidden, {_noise(patient.estimator.schema_)}.",
        )


def _noise(schema: Schema) -> str:
    if isinstance(schema, CountsSchema):
        return "or --corruption thinning:0.3"
    more = ", or --shift 1" if isinstance(schema, ImageSchema) else ""
    return f"{'' if more else 'or '}--corruption gaussian:0.3{more}"


def _by_heart(patient: _Patient) -> str:
    estimator, judged = patient.estimator, patient.judged
    if not judged.which.startswith("held-out"):
        return ""
    learned = judged.fitted.subset(some_rows(judged.fitted_rows, MOST_ROWS))
    error = float(estimator.reconstruction_error(learned).mean())
    # rows held out may be harder in themselves: errors are shares of what guessing the mean costs on the same rows
    left, learned_left = (
        found / max(cost, SMALLEST)
        for found, cost in ((patient.error, patient.variance), (error, _variance(prepared(estimator, learned))))
    )
    worse = left > OVERFITTED * learned_left and patient.error > OVERFITTED * error
    if worse and left - learned_left > WORTH:
        times = left / max(learned_left, SMALLEST)
        return f"held-out rows keep {times:.3g} times the share of their variance that training rows do"
    return ""


def _variance(x: NDArray[np.float64]) -> float:
    """Squared error per row of guessing every column's mean."""
    return float(np.where(np.isnan(x), 0.0, x).reshape(len(x), -1).var(axis=0).sum())


def _turned_early(patient: _Patient) -> str:
    """Whether the held-out loss rose again, long before training was to end, by a good part of what it had fallen."""
    history, record = patient.estimator.history_, patient.estimator.record_
    losses, best = [epoch.get("held_loss", np.nan) for epoch in history], record.get("best_epoch", 0)
    said = record["settings"].get("epochs")
    planned = said if isinstance(said, int) else len(history)
    if not np.isfinite(losses).all() or not best or best > EARLY * planned or best == len(history):
        return ""
    rise, fall = losses[-1] - losses[best - 1], losses[0] - losses[best - 1]
    if rise <= ROSE * fall:
        return ""
    return f"the held-out loss was best in epoch {best} of {planned} planned, and then rose by {rise:.3g} nats"


def _unfinished(patient: _Patient) -> Iterator[Diagnosis]:
    history, record = patient.estimator.history_, patient.estimator.record_
    if record.get("stopped") not in ("finished", "interrupted") or not history:
        return
    key = "held_loss" if "held_loss" in history[-1] else "loss"
    losses = [epoch[key] for epoch in history if key in epoch]
    tail = max(1, len(losses) // 5)
    fall, last = losses[0] - min(losses), losses[max(0, len(losses) - 1 - tail)] - losses[-1]
    seen = ""
    if fall > 0 and last > STILL_FALLING * fall:
        seen = f"{last / fall:.0%} of the loss's whole fall came in the last {tail} of {len(losses)} epochs"
    elif record["steps"] < FEWEST_STEPS and losses[-1] == min(losses):
        seen = f"the loss was lowest in the last of {len(losses)} epochs, after only {record['steps']} steps"
    if seen:
        yield Diagnosis(
            "too few epochs",
            seen,
            "Training ended while there was still much to learn.",
            f"Give more --epochs (these were {len(losses)}) or --minutes.",
        )


Check = Callable[[_Patient], Iterator[Diagnosis]]
CHECKS_OF_ANY: tuple[Check, ...] = (_impossible, _unscaled, _unfinished)
CHECKS: tuple[Check, ...] = (
    _collapse,
    _dead,
    _wide,
    _impossible,
    _unscaled,
    _overfitted,
    _unfinished,
)
