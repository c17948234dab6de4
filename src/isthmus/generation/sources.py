"""Where new codes come from: the model's prior, a density fitted to codes, or the neighbourhood of one code.

Legend: N codes, Z code values.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.densities import MOST_ROWS, fit_mixture
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Discrete, Flow, Gaussian, Mixture, Point
from isthmus.training import fit_density, seeded

Codes = NDArray[np.float64]
DENSITIES = ("prior", "mixture", "flow")
COMPONENTS = (1, 3, 10, 30, 100)
"""Of a mixture; codes held out choose."""
HELD_OUT = 0.1
STEPS = 3000
"""That a flow is fitted for."""
MANY = 1000
"""Codes drawn to find a prior's mean and spread."""


class Source(NamedTuple):
    """Codes to be drawn."""

    sample: Callable[[int], Tensor]
    """`n` codes, (n, Z), by torch's global random numbers."""
    spread_Z: Tensor
    """The standard deviation of each code value."""


def of_prior(model: Model, temperature: float = 1.0) -> Source:
    """The model's own prior; at a temperature other than 1 each code's way from the mean is so many times as long.

    Raises
    ------
    InputError
        If the model has no prior, or its codes are discrete and the temperature isn't 1.
    """
    bottleneck = copy.deepcopy(model.bottleneck).cpu()
    with torch.no_grad(), seeded(0, "cpu"):
        some_NZ = bottleneck.sample_prior(MANY).double()
    if temperature != 1 and (isinstance(bottleneck, Discrete) or not isinstance(bottleneck, Gaussian | Point)):
        raise InputError(f"temperature={temperature:g}: codes of {type(bottleneck).__name__} take 1 only")
    mean_Z = some_NZ.mean(0) if temperature != 1 and not _is_standard(model) else torch.zeros_like(some_NZ[0])

    def sample(n: int) -> Tensor:
        return mean_Z + temperature * (bottleneck.sample_prior(n).double() - mean_Z)

    return Source(sample, some_NZ.std(0))


def _is_standard(model: Model) -> bool:
    bottleneck = model.bottleneck
    return isinstance(bottleneck, Gaussian) and bottleneck.prior is None and bottleneck.drawn_by is None


def of_mixture(codes: Codes, temperature: float, seed: int) -> Source:
    """A gaussian mixture fitted to codes; the temperature multiplies each component's standard deviations.

    It has as many components as codes held out, a tenth, find likeliest.

    Raises
    ------
    InputError
        If there are no codes to fit it to.
    """
    codes = _some(codes, seed)
    mixture = _likeliest(codes, seed)
    mixture.scales_KZZ.mul_(temperature)
    return Source(mixture.sample, torch.from_numpy(codes.std(0)))


def _likeliest(codes: Codes, seed: int) -> Mixture:
    """More and more components, until codes held out are no likelier for it."""
    mixed = codes[np.random.default_rng(seed).permutation(len(codes))]
    held, learned = np.split(mixed, [round(HELD_OUT * len(codes))])
    best, kept = -np.inf, Mixture(codes.shape[1])
    for count in COMPONENTS:
        mixture = Mixture(codes.shape[1], count).double()
        fit_mixture(mixture, learned, seed)
        found = float(mixture.log_prob(torch.from_numpy(held)).mean()) if len(held) else 0.0
        if found <= best:
            break
        best, kept = found, mixture
    return kept


def of_flow(codes: Codes, temperature: float, seed: int) -> Source:
    """A normalising flow fitted to codes; the temperature multiplies what its base is drawn with.

    Raises
    ------
    InputError
        If zuko isn't installed, or there are fewer than ten codes.
    """
    codes = _some(codes, seed, fewest=10)
    mean_Z, std_Z = codes.mean(0), np.maximum(codes.std(0), 1e-12)
    with seeded(seed, "cpu"):
        flow = Flow(codes.shape[1])
    fit_density(flow, torch.from_numpy((codes - mean_Z) / std_Z).float(), steps=STEPS, seed=seed)

    def sample(n: int) -> Tensor:
        white_NZ = flow.decode(temperature * torch.randn(n, codes.shape[1]))
        return torch.from_numpy(mean_Z) + torch.from_numpy(std_Z) * white_NZ.double()

    return Source(sample, torch.from_numpy(codes.std(0)))


def near(code_Z: Tensor, spread_Z: Tensor, spread: float) -> Source:
    """Codes about one: N(code, (spread x spread_Z)^2)."""
    return Source(lambda n: code_Z + spread * spread_Z * torch.randn(n, len(code_Z), dtype=code_Z.dtype), spread_Z)


def _some(codes: Codes, seed: int, fewest: int = 1) -> Codes:
    if len(codes) < fewest:
        raise InputError(f"{len(codes)} rows are too few to fit a density to their codes: give {fewest} or more")
    if len(codes) > MOST_ROWS:
        codes = codes[np.random.default_rng(seed).choice(len(codes), MOST_ROWS, replace=False)]
    return codes
