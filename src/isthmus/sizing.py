"""latent_dim="auto": the smallest code that reaches the knee of error against number of code values."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus import inference, scoring
from isthmus.data import Dataset, Preparation, split
from isthmus.errors import TrainingError
from isthmus.evaluation import knee, maximum_likelihood_dimension, two_nn
from isthmus.model import Model
from isthmus.parts import Compositional, Multinomial
from isthmus.training import Batches, Run, Settings, Trainer

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST_ROWS = 2000
FEWEST_ROWS = 20
STEPS = 400
BATCH = 64
MOST = 128
ENOUGH = 0.99
"""Share of the variance that half as many principal components hold as the ladder's top has values."""


@dataclass(frozen=True)
class Sizes:
    """The curve that a number of code values was chosen by.

    `errors` are squared errors per held-out row, in prepared units, or of counts, whose squares the few commonest
    features rule, distortions in nats; `two_nn` and `maximum_likelihood` the data's intrinsic dimension, None where
    they can't be had.
    """

    chosen: int
    dims: list[int]
    errors: list[float]
    rows: int
    two_nn: float | None
    maximum_likelihood: float | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def choose(
    build: Callable[[int], Model],
    data: Dataset,
    preparation: Preparation,
    rows: Rows,
    settings: Settings,
    told: NDArray[np.float32] | None = None,
) -> Sizes | None:
    """Fit codes of 1, 2, 4, ... values for a few hundred steps each, then of two sizes around the knee.

    The ladder goes to twice as many values as principal components need for 99% of the variance, for a knee shows only
    where the curve goes on behind it; but not beyond 128 or the number of features.
    Same rows, seed and settings give the same choice.

    Parameters
    ----------
    build : callable
        Number of code values to model.
    data, preparation, rows
        The training rows, of which at most 2,000 are used.
    settings : Settings
        Those of the fit to come; number of steps and batches apart.
    told : (n, C), optional
        What a conditional model is told of every row of the data.

    Returns
    -------
    Sizes or None
        None of fewer than 20 rows, or of windows of which half overlap, which would say nothing.

    Raises
    ------
    KeyboardInterrupt
        If a short fit is interrupted: there is no model yet to keep.
    """
    if len(rows) < FEWEST_ROWS or min(len(rows), MOST_ROWS) // 2 <= data.overlap:
        return None
    some = np.sort(np.random.default_rng(settings.seed).permutation(rows)[:MOST_ROWS])
    learned, held = split(len(some), 0.25, settings.seed, data.overlap)
    x = preparation.apply(data.source.take(some)).reshape(len(some), -1).astype(np.float64)
    errors: dict[int, float] = {}

    def batches(part: Rows, size: int) -> Batches:
        where = some[part]
        return Batches(
            data.source, preparation, where, batch_size=size, memory=None, seed=settings.seed, conditions=told
        )

    def measure(dims: list[int]) -> None:
        size = inference.rows_at_once(preparation.shape)
        for dim in dims:
            if dim not in errors:
                training = batches(learned, min(BATCH, settings.batch_size))
                errors[dim] = _error(build(dim), training, batches(held, size), settings)

    measure(_ladder(top := _top(x)))
    measure(_around(_knee(errors), top))
    dimensions = (_finite(two_nn(_filled(x))), _finite(maximum_likelihood_dimension(_filled(x))))
    dims = sorted(errors)
    return Sizes(_knee(errors), dims, [errors[dim] for dim in dims], len(some), *dimensions)


def _knee(errors: dict[int, float]) -> int:
    dims = sorted(errors)
    return dims[knee(dims, [errors[dim] for dim in dims])]


def _ladder(top: int) -> list[int]:
    return sorted({*(2**i for i in range(top.bit_length())), top})


def _around(dim: int, top: int) -> list[int]:
    """The sizes halfway, on the ladder's scale, to its neighbours."""
    return sorted({max(1, round(dim / math.sqrt(2))), min(top, round(dim * math.sqrt(2)))})


def _filled(x: Floats) -> Floats:
    return np.where(np.isnan(x), 0.0, x)


def _top(x: Floats) -> int:
    """Twice the number of principal components that hold 99% of the variance, within bounds."""
    centred = _filled(x) - _filled(x).mean(0)
    held = np.cumsum(np.linalg.svd(centred, compute_uv=False) ** 2)
    needed = int(np.searchsorted(held, ENOUGH * held[-1])) + 1
    return int(min(2 * needed, MOST, x.shape[1]))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _error(model: Model, training: Batches, looks: Batches, settings: Settings) -> float:
    """Mean error of held-out rows after a short fit; infinitely bad fits count as no better than the mean."""
    epochs, batch = math.ceil(STEPS / len(training)), training.batch_size
    short = replace(settings, epochs=epochs, minutes=None, batch_size=batch, patience=None, precision="float32")
    try:
        progress = Run(Trainer(model, short), training, None).go()
    except TrainingError:
        return float(torch.cat([_unfitted(model, b.x_B___) for b in looks.in_order()]).mean())
    if progress.stopped == "interrupted":
        raise KeyboardInterrupt
    look = scoring.distortion if isinstance(model.likelihood, Compositional) else scoring.squared_error
    found = inference.run(look, model, looks.in_order(), device=short.device, double=False, rows=looks.batch_size)
    return float(found.mean())


def _unfitted(model: Model, x_B___: torch.Tensor) -> torch.Tensor:
    """The error of a guess that knows nothing: the mean of a column, or counts in equal shares."""
    if isinstance(model.likelihood, Compositional):
        return Multinomial().nll(torch.zeros_like(x_B___), x_B___)
    return x_B___.nan_to_num().flatten(1).square().sum(1)
