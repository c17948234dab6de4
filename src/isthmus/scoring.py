"""Numbers per row: scores, bounds, errors.

Legend: B rows of the batch, C condition values, Z code values, `___` the shape of one prepared row.
"""

import math

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Gaussian


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


def log_likelihood(
    model: Model, x_B___: Tensor, condition_BC: Tensor | None = None, *, draws: int, chunk: int = 50
) -> Tensor:
    """The log likelihood of every row, log p(x), by importance sampling, in nats, shape (B,), float64.

    log of the mean over draws z ~ q(z|x) of p(x|z) p(z) / q(z|x): a lower bound in expectation, which rises to log p(x)
    with the number of draws. The draws go by in chunks, and their logarithms are summed up in double precision.

    Parameters
    ----------
    model : Model
        Whose code is gaussian with a standard normal prior.
    x_B___ : Tensor
    condition_BC : Tensor, optional
    draws : int
        Codes drawn per row; at 1 it is a draw of the ELBO.
    chunk : int, default=50
        Of these, how many at once: memory grows with it, the result doesn't depend on it but for the random numbers.

    Raises
    ------
    InputError
        If the code has no density to draw from, or a number is below 1.

    References
    ----------
    Burda, Grosse & Salakhutdinov, "Importance weighted autoencoders", ICLR 2016, equation 8.
    """
    if not isinstance(model.bottleneck, Gaussian):
        raise InputError(f"a {type(model.bottleneck).__name__} code has no density, so the rows have no likelihood")
    if draws < 1 or chunk < 1:
        raise InputError(f"draws={draws}, chunk={chunk}: give whole numbers, 1 or more")
    mean_BZ, std_BZ = model.posterior(x_B___, condition_BC)
    total_B = torch.full((len(x_B___),), -math.inf, dtype=torch.float64, device=x_B___.device)
    for start in range(0, draws, chunk):
        weights_KB = _log_weights(model, x_B___, condition_BC, mean_BZ, std_BZ, min(chunk, draws - start))
        total_B = torch.logaddexp(total_B, weights_KB.logsumexp(0))
    return total_B - math.log(draws)


def _log_weights(
    model: Model, x_B___: Tensor, condition_BC: Tensor | None, mean_BZ: Tensor, std_BZ: Tensor, count: int
) -> Tensor:
    """The logarithm of p(x|z) p(z) / q(z|x) at `count` draws z of every row, (count, B), float64."""
    noise_KBZ = torch.randn(count, *mean_BZ.shape, dtype=mean_BZ.dtype, device=mean_BZ.device)
    z_KBZ = mean_BZ + std_BZ * noise_KBZ
    x_N___ = x_B___.repeat(count, *[1] * (x_B___.dim() - 1))
    told_NC = None if condition_BC is None else condition_BC.repeat(count, 1)
    nll_N = model.likelihood.nll(model.decoder(z_KBZ.flatten(0, 1), told_NC).to(x_B___.dtype), x_N___)
    # the constants of the two normal densities cancel
    ratio_KB = (0.5 * (noise_KBZ.double() ** 2 - z_KBZ.double() ** 2) + std_BZ.double().log()).sum(-1)
    return ratio_KB - nll_N.double().view(count, -1)
