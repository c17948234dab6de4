"""Between encoder and decoder: h -> code, its distribution q(z|x), and so the rate in nats.

Legend: B rows of the batch, Z code values, H encoder outputs (`Bottleneck.inputs` of them).
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.spec import Part
from isthmus.parts.trip import Code


class Bottleneck(Part, ABC):
    """The slot: a code drawn or fixed, its rate, and its most typical value."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        if not (isinstance(latent_dim, int) and latent_dim >= 1):
            raise InputError(f"latent_dim={latent_dim!r}: give a whole number, 1 or more")
        self.latent_dim = latent_dim

    @property
    @abstractmethod
    def inputs(self) -> int:
        """How many values the encoder must deliver."""

    @abstractmethod
    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:
        """The code and its rate; drawn from q(z|x) if `sample`, else its mean."""

    @abstractmethod
    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of q(z|x), each (B, Z)."""

    def sent(self, z_BZ: Tensor) -> Tensor:
        """What the decoder gets for a code: the code itself, unless a level stands between them."""
        return z_BZ


class Point(Bottleneck):
    """The encoder's output is the code; it costs nothing: a plain autoencoder."""

    @property
    def inputs(self) -> int:
        return self.latent_dim

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:  # noqa: ARG002
        return Code(h_BH, torch.zeros_like(h_BH))

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        return h_BH, torch.zeros_like(h_BH)


class Gaussian(Bottleneck):
    """q(z|x) = N(mu, diag(sigma^2)), p(z) = N(0, I) (Kingma & Welling, ICLR 2014).

    rate = KL(q || p) = sum of (mu^2 + sigma^2 - 1 - log sigma^2) / 2, in closed form. log sigma^2 is kept within
    [-12, 12]: beyond that exp() would leave the range in which the rate's gradient means anything.
    """

    LIMIT = 12.0

    @property
    def inputs(self) -> int:
        return 2 * self.latent_dim

    def _split(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        mu_BZ, logvar_BZ = h_BH.chunk(2, -1)
        return mu_BZ, logvar_BZ.clamp(-self.LIMIT, self.LIMIT)

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:
        mu_BZ, logvar_BZ = self._split(h_BH)
        z_BZ = mu_BZ + torch.randn_like(mu_BZ) * (0.5 * logvar_BZ).exp() if sample else mu_BZ
        return Code(z_BZ, 0.5 * (mu_BZ**2 + logvar_BZ.exp() - 1 - logvar_BZ))

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        mu_BZ, logvar_BZ = self._split(h_BH)
        return mu_BZ, (0.5 * logvar_BZ).exp()
