"""What one batch leaves behind on its way through a model.

Legend: B rows of the batch, Z code values, C condition values, `___` the shape of one prepared row.
"""

from typing import NamedTuple

from torch import Tensor


class Code(NamedTuple):
    """A code and what it costs."""

    z_BZ: Tensor
    rate_BZ: Tensor
    """KL(q(z|x) || p(z)) of each code value, in nats; 0 when the code is free.

    (B, 1) where p or q doesn't factorise.
    """
    commitment_B: Tensor | None = None
    """How far the encoder's output is from the code that replaced it, where the bottleneck rounds; else None."""
    mean_BZ: Tensor | None = None
    """Mean of q(z|x), where it is a gaussian; else None."""
    std_BZ: Tensor | None = None
    """Standard deviation of q(z|x), where it is a gaussian; else None."""
    sent_BE: Tensor | None = None
    """What the decoder gets where a level stands between it and the code; None: the code itself."""


class Trip(NamedTuple):
    """From the clean row to its distortion."""

    x_B___: Tensor
    """The clean rows: what the decoder is asked to give back. NaN marks a missing cell."""
    seen_B___: Tensor
    """What the encoder saw; differs from x only under a corruption."""
    code: Code
    raw_B___: Tensor
    """The decoder's output: the likelihood's parameters."""
    nll_B: Tensor
    """The distortion, -log p(x|z), in nats per row."""
    draws: int = 1
    """Codes drawn per row. All fields then hold the batch so many times over, one draw after the other."""
    progress: float = 1.0
    """The share (0 to 1) of the training that is done."""
    condition_BC: Tensor | None = None
    """What encoder and decoder were told of the rows besides, if anything."""

    @property
    def rate_B(self) -> Tensor:
        """The rate, in nats per row."""
        return self.code.rate_BZ.sum(-1)
