"""Terms about the aggregate posterior q(z) = E_x q(z|x): they look at a whole batch, so they stay out of scores.

Legend: B rows of the batch, Z code values.
"""

import math
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.checks import check_not_negative, check_share
from isthmus.parts.priors import normal_log_prob
from isthmus.parts.terms import Steady, Term
from isthmus.parts.trip import Trip

if TYPE_CHECKING:
    from isthmus.model import Model

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Capacity(Term):
    """gamma x |rate - C|, the capacity C rising in a line from 0 nats over the first `rise` of the training.

    Burgess et al., "Understanding disentangling in beta-VAE" (2018), equation 8. The difference is taken row by row,
    so that rows stay independent.

    Parameters
    ----------
    gamma : float
        The weight.
    capacity : float
        The final C, in nats per row.
    rise : float
        The share of the training over which C rises.
    """

    def __init__(self, gamma: float, capacity: float, rise: float = 0.5) -> None:
        super().__init__()
        self.gamma, self.capacity = check_not_negative("gamma", gamma), check_not_negative("capacity", capacity)
        self.rise = check_share("rise", rise)

    def weight(self, progress: float) -> float:  # noqa: ARG002
        return self.gamma

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        reached = 1.0 if trip.progress >= self.rise else trip.progress / self.rise
        return (trip.rate_B - reached * self.capacity).abs()


class TotalCorrelation(Steady):
    """strength x KL(q(z) || product of q(z_d)): how far code values are from being independent of each other.

    Chen et al., "Isolating sources of disentanglement in variational autoencoders" (NeurIPS 2018), by minibatch-
    weighted sampling: log q(z) is taken as the log of the mean of q(z|x_j) over the batch. Where this has log(1/B),
    their estimate for a training set of N rows has log(1/(N B)), in q(z) once and in each q(z_d) once: the difference
    is the constant (Z - 1) log N, which has no gradient, so N isn't asked for. A small batch biases the estimate: it
    compares models at one batch size, and is no measure of total correlation otherwise.
    """

    in_scores: ClassVar[bool] = False

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        log_q_BBZ = _each_under_each(trip)
        log_mean = math.log(len(log_q_BBZ))
        joint_B = log_q_BBZ.sum(-1).logsumexp(1) - log_mean
        product_B = (log_q_BBZ.logsumexp(1) - log_mean).sum(-1)
        return (joint_B - product_B).mean()


def _each_under_each(trip: Trip) -> Tensor:
    """Log q(z_i|x_j) of every code value, (B, B, Z), i along the first axis."""
    code = trip.code
    if code.mean_BZ is None or code.std_BZ is None:
        raise InputError("total correlation is of codes that are drawn: use a gaussian bottleneck")
    return normal_log_prob(code.z_BZ[:, None], code.mean_BZ, 2 * code.std_BZ.log())


class MMD(Steady):
    """strength x MMD^2 between the batch's codes and as many draws of N(0, I), unbiased.

    The kernel is the inverse multiquadratic k(a, b) = sum over s of sC / (sC + |a - b|^2), C = 2 Z, at the scales
    s = 0.1, 0.2, 0.5, 1, 2, 5, 10 (Tolstikhin et al., "Wasserstein auto-encoders", ICLR 2018): its tails are heavy, so
    that codes far out feel it too. It is 0 for a batch of one row, of which nothing can be said.
    """

    in_scores: ClassVar[bool] = False

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        return mmd(trip.code.z_BZ, torch.randn_like(trip.code.z_BZ))


def mmd(a_BZ: Tensor, b_BZ: Tensor) -> Tensor:
    """The unbiased estimate of MMD^2 between two samples of one size, a scalar, by the kernel of `MMD`.

    References
    ----------
    Gretton et al., "A kernel two-sample test", JMLR 2012, equation 3; as many rows on either side.
    """
    rows = len(a_BZ)
    if rows < 2:
        return 0.0 * a_BZ.sum()
    pairs = rows * (rows - 1)
    within = (_kernel(a_BZ, a_BZ) + _kernel(b_BZ, b_BZ) - 2 * len(SCALES) * rows) / pairs  # k(a, a) is one each
    return within - 2 * _kernel(a_BZ, b_BZ) / rows**2


def _kernel(a_BZ: Tensor, b_BZ: Tensor) -> Tensor:
    """Sum of the kernel over all pairs."""
    # no product of matrices: rounded to bfloat16 it would lose small distances
    distance_BB = (a_BZ[:, None] - b_BZ).square().sum(-1)
    size = 2.0 * a_BZ.shape[-1]
    return torch.stack([(s * size / (s * size + distance_BB)).sum() for s in SCALES]).sum()
