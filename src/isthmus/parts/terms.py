"""What the objective holds besides the distortion: one number per row; only the training loop averages.

Legend: B rows of the batch, Z code values.
"""

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from isthmus.parts.checks import check_not_negative, check_share
from isthmus.parts.spec import Part
from isthmus.parts.trip import Trip

if TYPE_CHECKING:
    from isthmus.model import Model


class Term(Part, ABC):
    """The slot: a weight that may follow a schedule, and one number per row.

    A term of which `in_scores` is false, because it is one scalar for a whole batch or the opinion of a critic that
    learns, counts in training alone.
    """

    in_scores: ClassVar[bool] = True

    def for_rows(self, shape: tuple[int, ...]) -> "Term":  # noqa: ARG002
        """The same term for prepared rows of this shape; few terms care."""
        return self

    @abstractmethod
    def weight(self, progress: float) -> float:
        """The weight when this share (0 to 1) of the training is done."""

    @abstractmethod
    def forward(self, model: "Model", trip: Trip) -> Tensor:
        """The term of every row, shape (B,), in nats unless it says otherwise."""


class Steady(Term, ABC):
    """A term whose weight, `strength`, stays the same for the whole training."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = check_not_negative("strength", strength)

    def weight(self, progress: float) -> float:  # noqa: ARG002
        return self.strength


class Critic(Term, ABC):
    """A term that owns parameters: the loop keeps a second optimiser, which lowers `own_loss` after every step.

    While the model learns, the critic's parameters are held fixed.
    """

    in_scores: ClassVar[bool] = False

    @abstractmethod
    def own_loss(self, model: "Model", trip: Trip) -> Tensor:
        """What the critic itself makes small, a scalar; no gradient may reach the model."""


class Rate(Term):
    """beta x the code's rate (beta-VAE: Higgins et al., ICLR 2017; beta = 1 gives the ELBO).

    Parameters
    ----------
    beta : float
        The weight once the warm-up is over.
    warmup : float
        The share of the training over which the weight rises from 0 to beta (Sonderby et al., NeurIPS 2016).
    free_bits : float
        Bits that each code value may cost for nothing: max(rate, free_bits) is taken value by value, row by row
        (Kingma et al., NeurIPS 2016, take the maximum of batch means; taking it by rows keeps rows independent).
    """

    def __init__(self, beta: float = 1.0, warmup: float = 0.0, free_bits: float = 0.0) -> None:
        super().__init__()
        self.beta, self.warmup = check_not_negative("beta", beta), check_share("warmup", warmup)
        self.free_nats = check_not_negative("free_bits", free_bits) * math.log(2)

    def weight(self, progress: float) -> float:
        return self.beta if progress >= self.warmup else self.beta * progress / self.warmup

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        rate_BZ = trip.code.rate_BZ
        return (rate_BZ.clamp_min(self.free_nats) if self.free_nats else rate_BZ).sum(-1)


class L1(Steady):
    """strength x sum of |z|: most code values near 0 (Olshausen & Field, Nature 1996)."""

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        return trip.code.z_BZ.abs().sum(-1)
