"""Numbers per row: scores, bounds, errors.

Legend: B rows of the batch, C condition values, Z code values, `___` the shape of one prepared row.
"""

import math

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Trip


def objective(model: Model, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
    """The training objective of every row at the code's mean, in nats, shape (B,): higher is stranger."""
    return model.objective(model(x_B___, condition_BC, sample=False))


def squared_error(model: Model, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
    """Squared error of every row's reconstruction, summed over its known cells, in prepared units, shape (B,)."""
    error_B___ = x_B___ - model.reconstruct(x_B___, condition_BC)
    return torch.where(x_B___.isnan(), 0.0, error_B___).square().flatten(1).sum(-1)


def distortion(model: Model, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
    """-log p(x|z) of every row at the code's mean, in nats, shape (B,)."""
    trip: Trip = model(x_B___, condition_BC, sample=False)
    return trip.nll_B


def elbo(model: Model, x_B___: Tensor, condition_BC: Tensor | None = None, *, samples: int = 1) -> Tensor:
    """E_q[log p(x|z)] - KL(q(z|x) || p(z)) of every row, in nats, shape (B,), by `samples` draws of the code.

    References
    ----------
    Kingma & Welling, "Auto-encoding variational Bayes", ICLR 2014, equation 3.
    """
    draws = [model(x_B___, condition_BC, sample=True) for _ in range(samples)]
    return -torch.stack([trip.nll_B + trip.rate_B for trip in draws]).mean(0)


def log_likelihood(
    model: Model, x_B___: Tensor, condition_BC: Tensor | None = None, *, draws: int, chunk: int = 64
) -> Tensor:
    """Log p(x) of every row by importance sampling, in nats, float64, shape (B,): a lower bound that rises with draws.

    log (1/k) sum over draws of p(x|z) p(z) / q(z|x), z from q(z|x). Weights are added up in float64 as they come, so
    memory grows with `chunk`, the draws that pass the decoder at once, never with `draws`.

    Raises
    ------
    InputError
        If codes have no density, or a number is below 1.

    References
    ----------
    Burda, Grosse & Salakhutdinov, "Importance weighted autoencoders", ICLR 2016, equation 8.
    """
    if draws < 1 or chunk < 1:
        raise InputError(f"draws={draws}, chunk={chunk}: give whole numbers, 1 or more")
    condition_BC = model.conditions(condition_BC, x_B___)
    h_BH = model.h(x_B___, condition_BC)
    total_B = torch.full((len(x_B___),), -torch.inf, dtype=torch.float64, device=x_B___.device)
    for done in range(0, draws, chunk):
        times = min(chunk, draws - done)
        x_b___, h_bH = _times(x_B___, times), _times(h_BH, times)
        told_bC = None if condition_BC is None else _times(condition_BC, times)
        sent_bE, log_ratio_b = model.bottleneck.draw(h_bH)
        raw_b___ = model.decoder(sent_bE, told_bC).to(x_B___.dtype)
        log_weight_b = -model.likelihood.nll(raw_b___, x_b___).double() - log_ratio_b.double()
        total_B = torch.logaddexp(total_B, log_weight_b.view(times, -1).logsumexp(0))
    return total_B - math.log(draws)


def _times(values_B___: Tensor, times: int) -> Tensor:
    """The whole batch so many times over."""
    return values_B___.repeat(times, *[1] * (values_B___.dim() - 1))
