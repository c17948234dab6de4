"""Codes to look at: a grid through a prior's quantiles, and ways along one code value at a time.

Legend: S places along a way, Z code values, n rows.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset
from isthmus.evaluation import active_units
from isthmus.generation.sources import of_prior
from isthmus.model import Model
from isthmus.parts import Trip
from isthmus.training import seeded

Floats = NDArray[np.float64]
DRAWS = 20_000
"""Codes drawn to find a prior's quantiles: 0.05 standard deviations off, or less, from 1% to 99%."""


@dataclass(frozen=True)
class Unit:
    """A code value that tells rows apart."""

    index: int
    """From 0."""
    rate: float | None
    """What it tells of a row on average, in nats; None where the rate isn't a sum over code values."""
    spread: float
    """The standard deviation of its means."""


def middles(count: int) -> Floats:
    """Shares in the middles of so many equal parts of a probability of 1, (count,)."""
    return (np.arange(count) + 0.5) / count


def prior_quantiles(model: Model, shares: ArrayLike) -> Floats:
    """Each code value's quantiles under the model's prior, (S, Z), by 20,000 draws.

    Raises
    ------
    InputError
        If the model has no prior.
    """
    source = of_prior(model)
    with torch.no_grad(), seeded(0, "cpu"):
        drawn = source.sample(DRAWS).numpy().astype(np.float64)
    found: Floats = np.quantile(drawn, np.asarray(shares, np.float64), axis=0)
    return found


def grid(values_S2: Floats) -> Floats:
    """All pairs of two code values, (S S, 2), line by line as in a map: the first rises to the right, the second up."""
    across, up = np.meshgrid(values_S2[:, 0], values_S2[::-1, 1])
    return np.stack([across, up], -1).reshape(-1, 2)


def traversal(code_Z: Floats, unit: int, values_S: Floats) -> Floats:
    """A code with one of its values replaced by each of these, (S, Z)."""
    ways = np.tile(code_Z, (len(values_S), 1))
    ways[:, unit] = values_S
    return ways


def units_by_rate(estimator: Autoencoder, data: Dataset) -> list[Unit]:
    """The active units, those that tell most of a row first; by their spread where rates aren't of single values."""
    spread_Z = estimator.transform(data).astype(np.float64)
    active = np.flatnonzero(active_units(spread_Z))
    rate_BZ = estimator._evaluate(_rates, data).astype(np.float64)
    known = estimator.model_.bottleneck.has_rate and rate_BZ.shape == spread_Z.shape
    found = [Unit(int(i), float(rate_BZ[:, i].mean()) if known else None, float(spread_Z[:, i].std())) for i in active]
    return sorted(found, key=lambda unit: unit.spread if unit.rate is None else unit.rate, reverse=True)


def _rates(model: Model, x_B___: Tensor, told_BC: Tensor | None) -> Tensor:
    trip: Trip = model(x_B___, told_BC, sample=False)
    return trip.code.rate_BZ
