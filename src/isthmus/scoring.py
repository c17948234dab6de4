"""Numbers per row: scores, bounds, errors.

Legend: B rows of the batch, C condition values, Z code values, `___` the shape of one prepared row.
"""

import torch
from torch import Tensor

from isthmus.model import Model


def objective(model: Model, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
    """The training objective of every row at the code's mean, in nats, shape (B,): higher is stranger."""
    return model.objective(model(x_B___, condition_BC, sample=False))


def squared_error(model: Model, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
    """Squared error of every row's reconstruction, summed over its known cells, in prepared units, shape (B,)."""
    error_B___ = x_B___ - model.reconstruct(x_B___, condition_BC)
    return torch.where(x_B___.isnan(), 0.0, error_B___).square().flatten(1).sum(-1)


def elbo(model: Model, x_B___: Tensor, samples: int = 1) -> Tensor:
    """E_q[log p(x|z)] - KL(q(z|x) || p(z)) of every row, in nats, shape (B,), by `samples` draws of the code.

    References
    ----------
    Kingma & Welling, "Auto-encoding variational Bayes", ICLR 2014, equation 3.
    """
    draws = [model(x_B___, sample=True) for _ in range(samples)]
    return -torch.stack([trip.nll_B + trip.rate_B for trip in draws]).mean(0)
