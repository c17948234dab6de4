"""What the objective holds besides the distortion: one number per row; only the training loop averages.

Legend: B rows of the batch, Z code values.
"""

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.spec import Part
from isthmus.parts.trip import Trip

if TYPE_CHECKING:
    from isthmus.model import Model


class Term(Part, ABC):
    """The slot: a weight that may follow a schedule, and one number per row."""

    @abstractmethod
    def weight(self, progress: float) -> float:
        """The weight when this share (0 to 1) of the training is done."""

    @abstractmethod
    def forward(self, model: "Model", trip: Trip) -> Tensor:
        """The term of every row, shape (B,), in nats unless it says otherwise."""


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
        if beta < 0 or free_bits < 0 or not 0 <= warmup <= 1:
            raise InputError(
                f"beta={beta}, warmup={warmup}, free_bits={free_bits}: beta and free_bits are 0 or more, "
                "warmup is a share of the training from 0 to 1"
            )
        self.beta, self.warmup, self.free_nats = beta, warmup, free_bits * math.log(2)

    def weight(self, progress: float) -> float:
        return self.beta if progress >= self.warmup else self.beta * progress / self.warmup

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        rate_BZ = trip.code.rate_BZ
        return (rate_BZ.clamp_min(self.free_nats) if self.free_nats else rate_BZ).sum(-1)
