"""Densities over codes: p(z), learned with the model or fitted to its codes afterwards.

Legend: B rows of the batch, Z code values, K components of a mixture, N samples.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.spec import Part

LOG_2PI = math.log(2 * math.pi)
MOST_COMPONENTS = 1024


class Prior(Part, ABC):
    """The slot: the logarithm of a density over codes, and draws from it."""

    @abstractmethod
    def log_prob(self, z_BZ: Tensor) -> Tensor:
        """The logarithm of p(z) of every code, in nats, shape (B,)."""

    @abstractmethod
    def sample(self, n: int) -> Tensor:
        """Codes drawn from p(z), shape (n, Z)."""


class Mixture(Prior):
    """p(z) = sum over k of w_k N(mean_k, L_k L_k'), fitted to the codes once the model is trained.

    The parameters are buffers: no gradient reaches them, `place` sets them and the model file keeps them (Ghosh et
    al., "From variational to deterministic autoencoders", ICLR 2020). Until then the weights are all 0.

    Parameters
    ----------
    latent_dim : int
    components : int
        The most that there can be, up to 1,024; unused ones have weight 0.
    """

    weights_K: Tensor
    means_KZ: Tensor
    scales_KZZ: Tensor

    def __init__(self, latent_dim: int, components: int = 10) -> None:
        super().__init__()
        if not (isinstance(latent_dim, int) and latent_dim >= 1):
            raise InputError(f"latent_dim={latent_dim!r}: give a whole number, 1 or more")
        if not (isinstance(components, int) and 1 <= components <= MOST_COMPONENTS):
            raise InputError(f"components={components!r}: give a whole number from 1 to {MOST_COMPONENTS:,}")
        self.latent_dim, self.components = latent_dim, components
        self.register_buffer("weights_K", torch.zeros(components))
        self.register_buffer("means_KZ", torch.zeros(components, latent_dim))
        self.register_buffer("scales_KZZ", torch.eye(latent_dim).repeat(components, 1, 1))

    def place(self, weights_k: Tensor, means_kZ: Tensor, covariances_kZZ: Tensor) -> None:
        """Take over k components of a fitted mixture, k at most `components`."""
        with torch.no_grad():
            self.weights_K.zero_()[: len(weights_k)] = weights_k / weights_k.sum()
            self.means_KZ[: len(weights_k)] = means_kZ
            self.scales_KZZ[: len(weights_k)] = torch.linalg.cholesky(covariances_kZZ)

    def _check_placed(self) -> None:
        if not self.weights_K.sum() > 0:
            raise InputError("no density has been fitted to this model's codes yet: fit() does it, partial_fit() not")

    def log_prob(self, z_BZ: Tensor) -> Tensor:
        self._check_placed()
        off_KZB = (z_BZ[:, None] - self.means_KZ).permute(1, 2, 0)
        white_KZB = torch.linalg.solve_triangular(self.scales_KZZ, off_KZB, upper=False)
        log_det_K = self.scales_KZZ.diagonal(dim1=1, dim2=2).log().sum(-1)
        log_KB = -0.5 * (white_KZB.square().sum(1) + self.latent_dim * LOG_2PI) - log_det_K[:, None]
        log_B: Tensor = (self.weights_K.log()[:, None] + log_KB).logsumexp(0)
        return log_B

    def sample(self, n: int) -> Tensor:
        self._check_placed()
        which_N = torch.multinomial(self.weights_K, n, replacement=True)
        noise_NZ1 = torch.randn(n, self.latent_dim, 1, dtype=self.means_KZ.dtype, device=self.means_KZ.device)
        z_NZ: Tensor = self.means_KZ[which_N] + (self.scales_KZZ[which_N] @ noise_NZ1)[..., 0]
        return z_NZ
