"""Codes of two levels, of which the upper says what to expect of the lower.

Legend: B rows of the batch, T values of the upper level, L of the lower, Z = T + L code values, H encoder outputs.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from isthmus.parts.bottlenecks import Bottleneck, Gaussian
from isthmus.parts.checks import check_whole
from isthmus.parts.networks.dense import Dense
from isthmus.parts.priors import normal_log_prob
from isthmus.parts.trip import Code


class _Levels(NamedTuple):
    """Means and log-variances, each (B, T) or (B, L), of q(z2|x), p(z1|z2) and q(z1|x, z2); and the code."""

    z_BZ: Tensor
    upper: tuple[Tensor, Tensor]
    expected: tuple[Tensor, Tensor]
    lower: tuple[Tensor, Tensor]


class TwoLevels(Bottleneck):
    """p(z) = N(z2; 0, I) N(z1; p(z2)), q(z|x) = N(z2; q(x)) N(z1; p(z2) + what x adds): the code is (z2, z1).

    Half of the values are the upper level z2. A small network of z2 gives mean and log-variance of p(z1|z2); those of
    q(z1|x, z2) are the same plus what another makes of z2 and the encoder's features (Sønderby et al., "Ladder
    variational autoencoders", NeurIPS 2016; as a difference: Vahdat & Kautz, "NVAE", NeurIPS 2020). The prior of all
    code values together is thus learned, and far from a gaussian. The decoder sees both levels.

    rate = KL(q(z2|x) || p(z2)) + KL(q(z1|x, z2) || p(z1|z2)), each in closed form, the second at the z2 drawn; where
    none is drawn, at its mean, a stand-in. `posterior` takes z1 at the mean of z2 too.

    Parameters
    ----------
    latent_dim : int
        Z; of one value alone there is an upper level and nothing below.
    width : int
        Features that the encoder gives besides q(z2|x), and hidden units of the two small networks.
    """

    def __init__(self, latent_dim: int, width: int = 256) -> None:
        super().__init__(latent_dim)
        self.width = check_whole("width", width, most=1 << 16)
        self.top = (latent_dim + 1) // 2
        self.low = latent_dim - self.top
        if self.low:
            self.expects = Dense((self.top,), (2 * self.low,), (width,))
            self.adds = Dense((width + self.top,), (2 * self.low,), (width,))

    @property
    def inputs(self) -> int:
        return 2 * self.top + (self.width if self.low else 0)

    def _levels(self, h_BH: Tensor, *, sample: bool) -> _Levels:
        upper = _split(h_BH[:, : 2 * self.top])
        z2_BT = _drawn(*upper) if sample else upper[0]
        if not self.low:
            none_B0 = z2_BT[:, :0]
            return _Levels(z2_BT, upper, (none_B0, none_B0), (none_B0, none_B0))
        expected = _split(self.expects(z2_BT).to(h_BH.dtype))
        step_BL, widening_BL = self.adds(torch.cat([h_BH[:, 2 * self.top :], z2_BT], -1)).to(h_BH.dtype).chunk(2, -1)
        lower = expected[0] + step_BL, (expected[1] + widening_BL).clamp(-Gaussian.LIMIT, Gaussian.LIMIT)
        z1_BL = _drawn(*lower) if sample else lower[0]
        return _Levels(torch.cat([z2_BT, z1_BL], -1), upper, expected, lower)

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:
        at = self._levels(h_BH, sample=sample)
        nothing_BT = torch.zeros_like(at.upper[0])
        rate_BZ = torch.cat([_kl(*at.upper, nothing_BT, nothing_BT), _kl(*at.lower, *at.expected)], -1)
        return Code(at.z_BZ, rate_BZ)

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        at = self._levels(h_BH, sample=False)
        return at.z_BZ, (0.5 * torch.cat([at.upper[1], at.lower[1]], -1)).exp()

    def draw(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        at = self._levels(h_BH, sample=True)
        z2_BT, z1_BL = at.z_BZ[:, : self.top], at.z_BZ[:, self.top :]
        log_q_B = normal_log_prob(z2_BT, *at.upper).sum(-1) + normal_log_prob(z1_BL, *at.lower).sum(-1)
        return at.z_BZ, log_q_B - normal_log_prob(z2_BT).sum(-1) - normal_log_prob(z1_BL, *at.expected).sum(-1)

    def log_prior(self, z_BZ: Tensor) -> Tensor:
        z2_BT, z1_BL = z_BZ[:, : self.top], z_BZ[:, self.top :]
        upper_B = normal_log_prob(z2_BT).sum(-1)
        return upper_B + normal_log_prob(z1_BL, *_split(self.expects(z2_BT))).sum(-1) if self.low else upper_B

    def sample_prior(self, n: int) -> Tensor:
        z2_BT = torch.randn(n, self.top)
        if not self.low:
            return z2_BT
        weight = next(self.expects.parameters())
        return torch.cat([z2_BT, _drawn(*_split(self.expects(z2_BT.to(weight)))).to(z2_BT)], -1)


def _split(moments_B: Tensor) -> tuple[Tensor, Tensor]:
    mu_B, logvar_B = moments_B.chunk(2, -1)
    return mu_B, logvar_B.clamp(-Gaussian.LIMIT, Gaussian.LIMIT)


def _drawn(mu_B: Tensor, logvar_B: Tensor) -> Tensor:
    return mu_B + torch.randn_like(mu_B) * (0.5 * logvar_B).exp()


def _kl(mu_B: Tensor, logvar_B: Tensor, mean_B: Tensor, logvar_p_B: Tensor) -> Tensor:
    """KL(N(mu, e^logvar) || N(mean, e^logvar_p)) of every value, in nats."""
    ratio_B = logvar_B - logvar_p_B
    return 0.5 * ((mu_B - mean_B) ** 2 * (-logvar_p_B).exp() + ratio_B.exp() - 1 - ratio_B)
