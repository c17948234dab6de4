"""The search for the code whose reconstruction agrees with what is known of a row.

Legend: B rows of the batch, S starts, N = S B, Z code values, C condition values, `___` the shape of one prepared row.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

import torch
from sklearn.covariance import LedoitWolf
from torch import Tensor

from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Bottleneck
from isthmus.training import seeded

Rate = Callable[[Tensor], Tensor]
RATE = 0.1
"""Of learning, in standard deviations of a code value, falling to 0 along a cosine."""
SMALLEST = 1e-4
"""Standard deviation of a code value that all but never changes: it may still move a little."""
FEWEST_CODES = 10
"""That a gaussian is fitted to."""
MANY = 1000
"""Codes drawn to find the mean and the spread of a prior."""


class Density(NamedTuple):
    """What codes are usual."""

    rate: Rate
    """-log p(z) of codes (B, Z), up to a constant, in nats, (B,)."""
    typical_SZ: Tensor
    """The mean, and then codes drawn."""
    spread_Z: Tensor
    """The standard deviation of each code value."""


def has_density(bottleneck: Bottleneck) -> bool:
    """Whether the model itself has a prior over its codes that can be evaluated."""
    like = next(bottleneck.parameters(), torch.zeros(()))
    none_BZ = torch.zeros(1, bottleneck.latent_dim, dtype=like.dtype, device=like.device)
    return bottleneck.log_prior(none_BZ) is not None


def own_density(bottleneck: Bottleneck, draws: int, seed: int) -> Density | None:
    """The prior of the model itself, if it has one."""
    if not has_density(bottleneck):
        return None
    with torch.no_grad(), seeded(seed, "cpu"):
        drawn_NZ = copy.deepcopy(bottleneck).cpu().sample_prior(max(MANY, draws))
    typical_SZ = torch.cat([drawn_NZ.mean(0, keepdim=True), drawn_NZ[:draws]])
    return Density(lambda z_BZ: -_known(bottleneck.log_prior(z_BZ)), typical_SZ, drawn_NZ.std(0))


def _known(log_p_B: Tensor | None) -> Tensor:
    if log_p_B is None:
        raise InputError("this model has no density over its codes")
    return log_p_B


def fitted_density(codes_NZ: Tensor, draws: int, seed: int, recipe: str) -> Density:
    """A gaussian fitted to codes, its covariance shrunk as Ledoit & Wolf (J. Multivariate Analysis 2004) advise.

    Raises
    ------
    InputError
        If there are fewer than ten codes.
    """
    if len(codes_NZ) < FEWEST_CODES:
        raise InputError(
            f"recipe {recipe!r} has no density over its codes, and {len(codes_NZ)} rows are too few to fit one to: "
            f"give {FEWEST_CODES} or more complete rows with --like (like=), or fit another recipe, such as 'vae'"
        )
    fitted = LedoitWolf().fit(codes_NZ.numpy())
    mean_Z, covariance_ZZ = torch.from_numpy(fitted.location_), torch.from_numpy(fitted.covariance_)
    root_ZZ = torch.linalg.cholesky(covariance_ZZ + SMALLEST**2 * torch.eye(len(mean_Z), dtype=torch.float64))
    noise_SZ = torch.randn(draws, len(mean_Z), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    typical_SZ = torch.cat([mean_Z[None], mean_Z + noise_SZ @ root_ZZ.mT])

    def rate(z_BZ: Tensor) -> Tensor:
        white_ZB = torch.linalg.solve_triangular(root_ZZ.to(z_BZ), (z_BZ - mean_Z.to(z_BZ)).mT, upper=False)
        cost_B: Tensor = 0.5 * white_ZB.square().sum(0)
        return cost_B

    return Density(rate, typical_SZ, covariance_ZZ.diagonal().sqrt())


class Found(NamedTuple):
    """The best code of every row, (B, Z), and its energy after every step, (steps + 1, B), in nats."""

    z_BZ: Tensor
    energy_TB: Tensor


def energy(
    model: Model, x_B___: Tensor, z_BZ: Tensor, rate: Rate, beta: float, condition_BC: Tensor | None = None
) -> Tensor:
    """Distortion over the known cells + beta x rate of every row at these codes, in nats, shape (B,).

    E(z) = -sum over known cells of log p(x_i|z) + beta x rate(z); a cell that is NaN is unknown. With -log p(z) for
    the rate and beta = 1 this is -log p(z|x known) up to a constant, so the least energy is at the posterior's mode.
    """
    known_B___ = ~x_B___.isnan()
    raw_B___ = model.decoder(model.bottleneck.sent(z_BZ), model.conditions(condition_BC, z_BZ)).to(x_B___.dtype)
    cells_B___ = model.likelihood.cells(raw_B___, torch.where(known_B___, x_B___, 0.0))
    return torch.where(known_B___, cells_B___, 0.0).flatten(1).sum(-1) + beta * rate(z_BZ)


def search(
    model: Model,
    x_B___: Tensor,
    starts_SBZ: Tensor,
    density: Density,
    *,
    beta: float,
    steps: int,
    condition_BC: Tensor | None = None,
) -> Found:
    """Make the energy small from each start by Adam's steps, and keep of every row the best code that was passed.

    Rows and starts don't touch each other: Adam scales each code value by its own gradients.
    """
    starts = len(starts_SBZ)
    x_N___ = x_B___.repeat(starts, *[1] * (x_B___.dim() - 1))
    told_NC = None if condition_BC is None else condition_BC.repeat(starts, 1)
    unit_Z = density.spread_Z.to(starts_SBZ).clamp_min(SMALLEST)
    u_NZ = (starts_SBZ.flatten(0, 1) / unit_Z).requires_grad_()
    best_NZ, least_N = u_NZ.detach().clone(), torch.full_like(u_NZ[:, 0].detach(), torch.inf)
    optimiser = torch.optim.Adam([u_NZ], lr=RATE, betas=(0.9, 0.99))
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1))
    curve = []
    for step in range(steps + 1):
        with torch.enable_grad():
            energy_N = energy(model, x_N___, u_NZ * unit_Z, density.rate, beta, told_NC)
        curve.append(energy_N.detach())
        better_N = curve[-1] < least_N
        least_N = torch.where(better_N, curve[-1], least_N)
        best_NZ[better_N] = u_NZ.detach()[better_N]
        if step < steps:
            (u_NZ.grad,) = torch.autograd.grad(energy_N.sum(), [u_NZ])
            optimiser.step()
            fall.step()
    winner_B = least_N.view(starts, -1).argmin(0)
    row_B = torch.arange(len(winner_B), device=winner_B.device)
    curves_TSB = torch.stack(curve).view(steps + 1, starts, -1)
    return Found(unit_Z * best_NZ.view(starts, len(winner_B), -1)[winner_B, row_B], curves_TSB[:, winner_B, row_B])
