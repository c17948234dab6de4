"""Densities over codes: p(z), learned with the model or fitted to its codes afterwards.

Legend: B rows of the batch, Z code values, N samples, K components, C condition values, `___` the shape of a row.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.checks import check_whole
from isthmus.parts.networks.dense import check_widths
from isthmus.parts.spec import EncoderReader, Part

LOG_2PI = math.log(2 * math.pi)
MOST_COMPONENTS = 1024
MOST_WEIGHTS = 1 << 26
"""Of a flow, so that a model file can't ask for memory without end."""


def normal_log_prob(z_BZ: Tensor, mu_BZ: Tensor | float = 0.0, logvar_BZ: Tensor | float = 0.0) -> Tensor:
    """Log N(z; mu, sigma^2) of every value, in nats, of z's shape."""
    precision = (-logvar_BZ).exp() if isinstance(logvar_BZ, Tensor) else math.exp(-logvar_BZ)
    return -0.5 * ((z_BZ - mu_BZ) ** 2 * precision + logvar_BZ + LOG_2PI)


class Prior(Part, ABC):
    """The slot: a density over codes that can be evaluated and drawn from."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = check_whole("latent_dim", latent_dim, most=1 << 20)

    @abstractmethod
    def log_prob(self, z_BZ: Tensor) -> Tensor:
        """Log p(z) of every code, in nats, shape (B,)."""

    @abstractmethod
    def sample(self, n: int) -> Tensor:
        """`n` codes, (n, Z)."""


class StandardNormal(Prior):
    """p(z) = N(0, I): for codes that cost nothing each, but that training drives towards it."""

    def log_prob(self, z_BZ: Tensor) -> Tensor:
        return normal_log_prob(z_BZ).sum(-1)

    def sample(self, n: int) -> Tensor:
        return torch.randn(n, self.latent_dim)


class Vamp(Prior, EncoderReader):
    """p(z) = mean over k of q(z|u_k): what the encoder makes of K learned pseudo-inputs u_k.

    The mixture that would be best, over all training rows, costs a pass of them all at every step; K pseudo-inputs
    stand for them (Tomczak & Welling, "VAE with a VampPrior", AISTATS 2018). They are learned by gradient with all
    else, and stored divided by `GAIN`, so that an optimiser whose steps are all of one size moves them faster than
    a weight: they begin as noise and have far to go.

    Parameters
    ----------
    latent_dim : int
    shape : sequence of int
        Of one prepared row.
    components : int
        K.
    condition_dim : int
        Length of the condition that the encoder is told; each pseudo-input then learns its own.
    """

    GAIN = 4.0

    encoder: Part

    def __init__(self, latent_dim: int, shape: Sequence[int], components: int = 100, condition_dim: int = 0) -> None:
        super().__init__(latent_dim)
        check_widths("shape", shape)
        check_whole("components", components, most=1 << 16)
        self.inputs_K___ = nn.Parameter(0.5 * torch.randn(components, *shape) / self.GAIN)
        self.told_KC = nn.Parameter(torch.zeros(components, condition_dim)) if condition_dim else None

    def components(self) -> tuple[Tensor, Tensor]:
        """Mean and log variance of every component, each (K, Z)."""
        h_KH = self.encoder(self.GAIN * self.inputs_K___, self.told_KC).to(self.inputs_K___.dtype)
        mu_KZ, logvar_KZ = h_KH.chunk(2, -1)
        return mu_KZ, logvar_KZ.clamp(-12.0, 12.0)

    def log_prob(self, z_BZ: Tensor) -> Tensor:
        mu_KZ, logvar_KZ = (moment_KZ.double() for moment_KZ in self.components())
        z_bZ, precision_KZ = z_BZ.double(), (-logvar_KZ).exp()
        # the square written out, as products of matrices: ten times faster, and in float64 no digit that counts is lost
        square_BK = z_bZ.square() @ precision_KZ.mT - 2 * z_bZ @ (mu_KZ * precision_KZ).mT
        fixed_K = (mu_KZ.square() * precision_KZ + logvar_KZ + LOG_2PI).sum(-1)
        log_B: Tensor = (-0.5 * (square_BK + fixed_K)).logsumexp(-1) - math.log(len(mu_KZ))
        return log_B.to(z_BZ.dtype)

    def sample(self, n: int) -> Tensor:
        mu_KZ, logvar_KZ = self.components()
        chosen_n = torch.randint(len(mu_KZ), (n,), device=mu_KZ.device)
        return mu_KZ[chosen_n] + (0.5 * logvar_KZ[chosen_n]).exp() * torch.randn_like(mu_KZ[chosen_n])


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
        super().__init__(latent_dim)
        self.components = check_whole("components", components, most=MOST_COMPONENTS)
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


class Flow(Prior):
    """A masked autoregressive flow: each value shifted and scaled by a network of those before it, several times.

    p(z) = N(f(z); 0, I) |det df/dz| (Rezende & Mohamed, ICML 2015; as the prior of a VAE: Chen et al., "Variational
    lossy autoencoder", ICLR 2017; the flow: Papamakarios, Pavlakou & Murray, NeurIPS 2017). Splines instead of shifts
    and scales take ten times as long a step. The flow itself is of the package zuko: pip install isthmus[flows].

    Parameters
    ----------
    latent_dim : int
    transforms : int
        How many times values are shifted and scaled.
    hidden : sequence of int
        Widths of each transform's network.
    """

    def __init__(self, latent_dim: int, transforms: int = 3, hidden: Sequence[int] = (128, 128)) -> None:
        super().__init__(latent_dim)
        check_widths("hidden", hidden)
        check_whole("transforms", transforms, most=32)
        widths = [latent_dim, *hidden, 2 * latent_dim]
        if transforms * sum(wide_in * wide_out for wide_in, wide_out in pairwise(widths)) > MOST_WEIGHTS:
            raise InputError(f"a flow with hidden={list(hidden)[:8]} over {latent_dim} values is too large: take less")
        with torch.device("cpu"):  # zuko looks at its masks' values while it builds, which meta tensors haven't
            flow = _zuko().MAF(latent_dim, transforms=transforms, hidden_features=tuple(hidden))
        self.flow = flow.to(torch.get_default_device())

    def log_prob(self, z_BZ: Tensor) -> Tensor:
        with torch.autocast(z_BZ.device.type, enabled=False):
            log_p_B: Tensor = self.flow().log_prob(z_BZ)
        return log_p_B

    def sample(self, n: int) -> Tensor:
        z_nZ: Tensor = self.flow().sample((n,))
        return z_nZ

    def decode(self, white_NZ: Tensor) -> Tensor:
        """The codes that f leads to these: f^-1, (N, Z)."""
        z_NZ: Tensor = self.flow().transform.inv(white_NZ)
        return z_NZ


def _zuko() -> Any:
    try:
        from zuko import flows
    except ImportError:
        raise InputError("a flow as prior needs the package zuko: pip install 'isthmus[flows]'") from None
    return flows
