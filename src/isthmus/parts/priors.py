"""What codes look like before any data are seen: p(z), where it is learned.

Legend: B rows of the batch, Z code values, K components, C condition values, `___` the shape of one prepared row.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.networks.dense import check_widths
from isthmus.parts.spec import EncoderReader, Part

LOG_2PI = math.log(2 * math.pi)
MOST_CELLS = 1 << 22
"""Numbers that a mixture's log density works on at once: 16 MB."""

MOST_WEIGHTS = 1 << 26
"""Of a flow, so that a model file can't ask for memory without end."""


def normal_log_prob(z_BZ: Tensor, mu_BZ: Tensor | float = 0.0, logvar_BZ: Tensor | float = 0.0) -> Tensor:
    """Log N(z; mu, sigma^2) of every value, in nats, of z's shape."""
    precision = (-logvar_BZ).exp() if isinstance(logvar_BZ, Tensor) else math.exp(-logvar_BZ)
    return -0.5 * ((z_BZ - mu_BZ) ** 2 * precision + logvar_BZ + LOG_2PI)


def check_count(name: str, value: object, most: int) -> int:
    """Refuse what is no whole number from 1 to `most`.

    Raises
    ------
    InputError
        Naming the option.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InputError(f"{name}={value!r}: give a whole number from 1 to {most}")
    return value


class Prior(Part, ABC):
    """The slot: a density over codes that can be evaluated and drawn from."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = check_count("latent_dim", latent_dim, 1 << 20)

    @abstractmethod
    def log_prob(self, z_BZ: Tensor) -> Tensor:
        """Log p(z) of every code, in nats, shape (B,)."""

    @abstractmethod
    def sample(self, n: int) -> Tensor:
        """`n` codes, (n, Z)."""


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
        check_count("components", components, 1 << 16)
        self.inputs_K___ = nn.Parameter(0.5 * torch.randn(components, *shape) / self.GAIN)
        self.told_KC = nn.Parameter(torch.zeros(components, condition_dim)) if condition_dim else None

    def components(self) -> tuple[Tensor, Tensor]:
        """Mean and log variance of every component, each (K, Z)."""
        h_KH = self.encoder(self.GAIN * self.inputs_K___, self.told_KC).to(self.inputs_K___.dtype)
        mu_KZ, logvar_KZ = h_KH.chunk(2, -1)
        return mu_KZ, logvar_KZ.clamp(-12.0, 12.0)

    def log_prob(self, z_BZ: Tensor) -> Tensor:
        mu_KZ, logvar_KZ = self.components()
        pieces = z_BZ.split(max(1, MOST_CELLS // mu_KZ.numel()))
        # no product of matrices: in bfloat16 the square written out as one would lose all its digits
        each = [normal_log_prob(z_bZ[:, None], mu_KZ, logvar_KZ).sum(-1).logsumexp(-1) for z_bZ in pieces]
        return torch.cat(each) - math.log(len(mu_KZ))

    def sample(self, n: int) -> Tensor:
        mu_KZ, logvar_KZ = self.components()
        chosen_n = torch.randint(len(mu_KZ), (n,), device=mu_KZ.device)
        return mu_KZ[chosen_n] + (0.5 * logvar_KZ[chosen_n]).exp() * torch.randn_like(mu_KZ[chosen_n])


class Flow(Prior):
    """A normalising flow: a standard normal bent by rational-quadratic splines, autoregressively, several times.

    p(z) = N(f(z); 0, I) |det df/dz| (Rezende & Mohamed, ICML 2015; as the prior of a VAE: Chen et al., "Variational
    lossy autoencoder", ICLR 2017; the splines: Durkan et al., "Neural spline flows", NeurIPS 2019). Beyond [-5, 5]
    the splines are the identity. The flow itself is of the package zuko: pip install isthmus[flows].

    Parameters
    ----------
    latent_dim : int
    transforms : int
        How many times the normal is bent.
    hidden : sequence of int
        Widths of each transform's network.
    bins : int
        Pieces of each spline.
    """

    def __init__(self, latent_dim: int, transforms: int = 3, hidden: Sequence[int] = (64, 64), bins: int = 8) -> None:
        super().__init__(latent_dim)
        check_widths("hidden", hidden)
        check_count("transforms", transforms, 32)
        check_count("bins", bins, 256)
        widths = [latent_dim, *hidden, latent_dim * 3 * bins]
        if transforms * sum(wide_in * wide_out for wide_in, wide_out in pairwise(widths)) > MOST_WEIGHTS:
            raise InputError(f"a flow with hidden={list(hidden)[:8]} over {latent_dim} values is too large: take less")
        with torch.device("cpu"):  # zuko looks at its masks' values while it builds, which meta tensors haven't
            flow = _zuko().NSF(latent_dim, transforms=transforms, hidden_features=tuple(hidden), bins=bins)
        self.flow = flow.to(torch.get_default_device())

    def log_prob(self, z_BZ: Tensor) -> Tensor:
        with torch.autocast(z_BZ.device.type, enabled=False):
            log_p_B: Tensor = self.flow().log_prob(z_BZ)
        return log_p_B

    def sample(self, n: int) -> Tensor:
        z_nZ: Tensor = self.flow().sample((n,))
        return z_nZ


def _zuko() -> Any:
    try:
        from zuko import flows
    except ImportError:
        raise InputError("a flow as prior needs the package zuko: pip install 'isthmus[flows]'") from None
    return flows
