"""Between encoder and decoder: h -> code, its distribution q(z|x), and so the rate in nats.

Legend: B rows of the batch, Z code values, H encoder outputs (`Bottleneck.inputs` of them), EHW those of a map.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.checks import check_whole
from isthmus.parts.priors import Prior, normal_log_prob
from isthmus.parts.spec import Part
from isthmus.parts.trip import Code


class Bottleneck(Part, ABC):
    """The slot: a code drawn or fixed, its rate, and its most typical value."""

    has_rate: ClassVar[bool] = True
    """Whether codes cost anything: False of points, of which any rate would be 0."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = check_whole("latent_dim", latent_dim)

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

    def draw(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """What the decoder gets of a code z drawn from q(z|x), (B, E), and log q(z|x) - log p(z), (B,).

        Raises
        ------
        InputError
            If codes have no density.
        """
        raise InputError(f"codes of {type(self).__name__} have no density: take a variational recipe, such as 'vae'")

    def sample_prior(self, n: int) -> Tensor:  # noqa: ARG002
        """Codes drawn from p(z), shape (n, Z).

        Raises
        ------
        InputError
            If this bottleneck has no density over codes.
        """
        raise InputError(
            "this model has no density over its codes to draw from: fit a recipe that has one, such as rae or vae "
            "(of tables: tabular)"
        )

    def log_prior(self, z_BZ: Tensor) -> Tensor | None:  # noqa: ARG002
        """Log p(z) of every code, in nats, shape (B,); None where there is no density over codes."""
        return None

    def sent(self, z_BZ: Tensor) -> Tensor:
        """What the decoder gets for a code: the code itself, unless a level stands between them."""
        return z_BZ


SQUASHES: dict[str, type[nn.Module]] = {"none": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


class Point(Bottleneck):
    """The encoder's output is the code; it costs nothing: a plain autoencoder.

    Parameters
    ----------
    latent_dim : int
    squash : {"none", "sigmoid", "tanh"}
        What bounds the code values.
    prior : Prior, optional
        A density over codes, to draw new rows from.
    """

    has_rate: ClassVar[bool] = False

    def __init__(self, latent_dim: int, squash: str = "none", prior: Prior | None = None) -> None:
        super().__init__(latent_dim)
        if squash not in SQUASHES:
            raise InputError(f"squash={squash!r}: choose one of {', '.join(SQUASHES)}")
        if not isinstance(prior, Prior | None):
            raise InputError(f"prior={prior!r}: give a density over codes, such as Mixture, or None")
        self.squash, self.prior = SQUASHES[squash](), prior

    @property
    def inputs(self) -> int:
        return self.latent_dim

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:  # noqa: ARG002
        return Code(self.squash(h_BH), torch.zeros_like(h_BH))

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        return self.squash(h_BH), torch.zeros_like(h_BH)

    def sample_prior(self, n: int) -> Tensor:
        return super().sample_prior(n) if self.prior is None else self.prior.sample(n)

    def log_prior(self, z_BZ: Tensor) -> Tensor | None:
        return None if self.prior is None else self.prior.log_prob(z_BZ)


class FeatureMap(Bottleneck):
    """A code that is a map over the picture; it costs nothing, and the decoder gets it as a map of any size.

    Parameters
    ----------
    shape : (channels, height, width)
        Of the map of one row of the size that was learned; the code of such a row is the map's values in a row.
    """

    has_rate: ClassVar[bool] = False

    def __init__(self, shape: Sequence[int]) -> None:
        channels, height, width = (check_whole("shape", side) for side in shape)
        super().__init__(channels * height * width)
        self.shape = (channels, height, width)

    @property
    def inputs(self) -> int:
        return self.latent_dim

    def forward(self, h_BEHW: Tensor, *, sample: bool) -> Code:  # noqa: ARG002
        return Code(h_BEHW.flatten(1), h_BEHW.new_zeros(len(h_BEHW), 1), sent_BE=h_BEHW)

    def posterior(self, h_BEHW: Tensor) -> tuple[Tensor, Tensor]:
        z_BZ = h_BEHW.flatten(1)
        return z_BZ, torch.zeros_like(z_BZ)

    def sent(self, z_BZ: Tensor) -> Tensor:
        sent_BEHW: Tensor = z_BZ.unflatten(-1, self.shape)
        return sent_BEHW


class TopK(Bottleneck):
    """The k largest values of the encoder's output are the code, the others are 0 (k-sparse, Makhzani & Frey, 2014).

    Raises
    ------
    InputError
        Unless k lies between 1 and `latent_dim`.

    References
    ----------
    Makhzani & Frey, "k-sparse autoencoders", ICLR 2014.
    """

    has_rate: ClassVar[bool] = False

    def __init__(self, latent_dim: int, k: int) -> None:
        super().__init__(latent_dim)
        self.k = check_whole("k", k, most=latent_dim)

    @property
    def inputs(self) -> int:
        return self.latent_dim

    def _keep(self, h_BH: Tensor) -> Tensor:
        kept_BH = torch.zeros_like(h_BH).scatter(-1, h_BH.topk(self.k, -1).indices, 1.0)
        return h_BH * kept_BH

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:  # noqa: ARG002
        return Code(self._keep(h_BH), torch.zeros_like(h_BH))

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        return self._keep(h_BH), torch.zeros_like(h_BH)


class Gaussian(Bottleneck):
    """q(z|x) = N(mu, diag(sigma^2)), p(z) = N(0, I) (Kingma & Welling, ICLR 2014), or a learned prior.

    rate = KL(q || p) = sum of (mu^2 + sigma^2 - 1 - log sigma^2) / 2, in closed form. log sigma^2 is kept within
    [-12, 12]: beyond that exp() would leave the range in which the rate's gradient means anything.

    Parameters
    ----------
    latent_dim : int
    prior : Prior, optional
        There is then no closed form: the rate, (B, 1), is log q(z|x) - log p(z) at the code, which is the mean of
        q(z|x) where none is drawn. KL(q || p) is its mean over draws; at the mean alone it is a rough stand-in.
    sampled : bool
        Whether the rate of a code drawn in training is log q(z|x) - log p(z) at the draw though KL is known: what
        an importance-weighted bound is made of. Outside of training it is KL again.
    drawn_by : Prior, optional
        What new codes are drawn from instead of p(z): a density fitted to the codes once the model is trained, which no
        rate knows of.
    """

    LIMIT = 12.0

    def __init__(
        self, latent_dim: int, prior: Prior | None = None, sampled: bool = False, drawn_by: Prior | None = None
    ) -> None:
        super().__init__(latent_dim)
        for name, density in (("prior", prior), ("drawn_by", drawn_by)):
            if density is not None and not (isinstance(density, Prior) and density.latent_dim == latent_dim):
                raise InputError(f"{name}={density!r}: give a prior over latent_dim={latent_dim} values, or none")
        self.prior, self.sampled, self.drawn_by = prior, sampled, drawn_by

    @property
    def inputs(self) -> int:
        return 2 * self.latent_dim

    def _split(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        mu_BZ, logvar_BZ = h_BH.chunk(2, -1)
        return mu_BZ, logvar_BZ.clamp(-self.LIMIT, self.LIMIT)

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:
        mu_BZ, logvar_BZ = self._split(h_BH)
        std_BZ = (0.5 * logvar_BZ).exp()
        z_BZ = mu_BZ + torch.randn_like(mu_BZ) * std_BZ if sample else mu_BZ
        if self.prior is None and not (self.sampled and sample and self.training):
            rate_BZ = 0.5 * (mu_BZ**2 + logvar_BZ.exp() - 1 - logvar_BZ)
        else:
            rate_BZ = self._log_ratio(z_BZ, mu_BZ, logvar_BZ)
        return Code(z_BZ, rate_BZ, mean_BZ=mu_BZ, std_BZ=std_BZ)

    def _log_ratio(self, z_BZ: Tensor, mu_BZ: Tensor, logvar_BZ: Tensor) -> Tensor:
        """Log q(z|x) - log p(z): of each code value, (B, Z), where the prior factorises, else (B, 1)."""
        log_q_BZ = normal_log_prob(z_BZ, mu_BZ, logvar_BZ)
        if self.prior is None:
            return log_q_BZ - normal_log_prob(z_BZ)
        return (log_q_BZ.sum(-1) - self.prior.log_prob(z_BZ))[:, None]

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        mu_BZ, logvar_BZ = self._split(h_BH)
        return mu_BZ, (0.5 * logvar_BZ).exp()

    def draw(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        mu_BZ, logvar_BZ = self._split(h_BH)
        z_BZ = mu_BZ + torch.randn_like(mu_BZ) * (0.5 * logvar_BZ).exp()
        return z_BZ, self._log_ratio(z_BZ, mu_BZ, logvar_BZ).sum(-1)

    def sample_prior(self, n: int) -> Tensor:
        density = self.drawn_by or self.prior
        return torch.randn(n, self.latent_dim) if density is None else density.sample(n)

    def log_prior(self, z_BZ: Tensor) -> Tensor:
        return normal_log_prob(z_BZ).sum(-1) if self.prior is None else self.prior.log_prob(z_BZ)
