"""Counts: their densities, how an encoder reads them, and log-ratio coordinates.

Legend: B rows of the batch, F features, E = F - 1 log-ratio coordinates, Z code values.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.parts.bottlenecks import Bottleneck
from isthmus.parts.checks import check_positive, check_whole
from isthmus.parts.likelihoods import Likelihood, _Scale
from isthmus.parts.networks.dense import check_widths
from isthmus.parts.spec import Part
from isthmus.parts.trip import Code

LARGEST_TOTAL = 1e12


class Compositional(Likelihood):
    """Counts of which softmax(raw) is each feature's share; the row's own total is taken as given.

    Parameters
    ----------
    total : float
        The row total for which `mean` gives expected counts, where no row tells its own (a decoded code).
    """

    def __init__(self, total: float = 1.0) -> None:
        super().__init__()
        self.total = check_positive("total", total, most=LARGEST_TOTAL)

    def mean(self, raw_B___: Tensor) -> Tensor:
        return self.total * raw_B___.softmax(-1)

    def mean_of_row(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        return x_B___.sum(-1, keepdim=True) * raw_B___.softmax(-1)


class Multinomial(Compositional):
    """x ~ Multinomial(n, softmax(raw)), n the row's total.

    -log p = -log n! + sum of (log x! - x log p), the coefficient included, so that nats are those of a true mass
    function. It doesn't factorise: the cells share log n! in proportion to their counts. An empty row costs nothing.
    """

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        n_B1 = x_B___.sum(-1, keepdim=True)
        each_B1 = (n_B1 + 1).lgamma() / n_B1.clamp_min(1)
        return (x_B___ + 1).lgamma() - x_B___ * (raw_B___.log_softmax(-1) + each_B1)


class NegativeBinomial(Compositional):
    """x ~ NB(mean m = n softmax(raw), dispersion r), n the row's total; variance m + m^2 / r.

    r is learned, one for each feature, and kept from e^-8 to e^12, beyond which it is a Poisson density in float32
    (Lopez et al., Nature Methods 2018, with the total observed). An empty row costs nothing.

    Parameters
    ----------
    features : int
    total : float
        As in `Compositional`.
    """

    def __init__(self, features: int, total: float = 1.0) -> None:
        super().__init__(total)
        check_whole("features", features)
        self.tenth_log_r = nn.Parameter(torch.full((features,), 0.1))

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        log_r_F = (_Scale.GAIN * self.tenth_log_r).clamp(-8, 12)
        n_B1 = x_B___.sum(-1, keepdim=True)
        # log(m / r); an empty row's is finite, and multiplied by 0 below
        odds_BF = n_B1.clamp_min(1).log() + raw_B___.log_softmax(-1) - log_r_F
        r_F, spread_BF = log_r_F.exp(), nn.functional.softplus(odds_BF)
        coefficient_BF = (x_B___ + r_F).lgamma() - r_F.lgamma() - (x_B___ + 1).lgamma()
        cost_BF = r_F * spread_BF + x_B___ * (spread_BF - odds_BF) - coefficient_BF
        return torch.where(n_B1 > 0, cost_BF, 0.0)


def to_log_ratios(logs_BF: Tensor) -> Tensor:
    """ILR coordinates, (B, F - 1), of rows whose logarithms are given (Egozcue et al., Mathematical Geology 2003).

    By the Helmert basis, coordinate i = (l_1 + ... + l_i - i l_{i+1}) / sqrt(i (i + 1)): by running sums in O(F),
    never a matrix of F x F.
    """
    i_E = torch.arange(1, logs_BF.shape[-1], dtype=logs_BF.dtype, device=logs_BF.device)
    centred_BF = logs_BF - logs_BF.mean(-1, keepdim=True)  # small numbers add up more exactly
    sums_BE = centred_BF.cumsum(-1)[..., :-1]
    return (sums_BE - i_E * centred_BF[..., 1:]) / (i_E * (i_E + 1)).sqrt()


def from_log_ratios(eta_BE: Tensor) -> Tensor:
    """Psi eta, (B, F): the centred logarithms whose ILR coordinates are eta; the transpose of `to_log_ratios`."""
    i_E = torch.arange(1, eta_BE.shape[-1] + 1, dtype=eta_BE.dtype, device=eta_BE.device)
    scaled_BE = eta_BE / (i_E * (i_E + 1)).sqrt()
    zero_B1 = torch.zeros_like(eta_BE[..., :1])
    later_BF = torch.cat([scaled_BE.flip(-1).cumsum(-1).flip(-1), zero_B1], -1)
    return later_BF - torch.cat([zero_B1, i_E * scaled_BE], -1)


class OfCounts(Part):
    """An encoder that reads logarithms of counts, log(x + 1), by the part inside.

    Parameters
    ----------
    inner : Part
        Reads F values, or with `ratios` F - 1.
    ratios : bool
        Read their ILR coordinates, which a row's total moves little.
    """

    def __init__(self, inner: Part, ratios: bool = False) -> None:
        super().__init__()
        self.inner, self.ratios = inner, ratios

    def forward(self, x_BF: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        logs_BF = x_BF.clamp_min(0).log1p()  # a corruption may have made a count negative
        h_BH: Tensor = self.inner(to_log_ratios(logs_BF) if self.ratios else logs_BF, condition_BC)
        return h_BH


class Balanced(Part):
    """An inner encoder's means of eta as steps away from the row's own log-ratios; its log-variances as they are.

    m(x) = eta_0(x) + first half of inner(x): log-ratios of x + 1/2 are nearly right where counts are high, so that
    the network has only to learn how far to shrink them where they are low.
    """

    def __init__(self, inner: Part) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x_BF: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        step_BE, logvar_BE = self.inner(x_BF, condition_BC).chunk(2, -1)
        eta_BE = to_log_ratios((x_BF.clamp_min(0) + 0.5).log())
        return torch.cat([eta_BE + step_BE, logvar_BE], -1)


class FromLogRatios(Part):
    """The decoder that has nothing to learn: eta -> Psi eta, the logits of a composition of shape `outputs`."""

    def __init__(self, outputs: Sequence[int]) -> None:
        super().__init__()
        check_widths("outputs", outputs)

    def forward(self, eta_BE: Tensor, condition_BC: Tensor | None = None) -> Tensor:  # noqa: ARG002
        return from_log_ratios(eta_BE)


class LinearGaussian(Bottleneck):
    """z ~ N(0, I), eta|z ~ N(W z + mu, s^2 I), and q(eta|x) = N(m, diag(v)): what is drawn and decoded is eta.

    z is integrated out: rate = KL(q(eta|x) || N(mu, W W' + s^2 I)) in closed form, one number a row, by matrices of
    Z x Z alone (docs/notes/counts.md). The code is E[z|eta = m] = M^-1 W'(m - mu), M = W'W + s^2 I; decoding gives
    eta = W z + mu. The model is that of Morton et al., "Scalable estimation of microbial co-occurrence networks with
    variational autoencoders" (2021), with probabilistic PCA (Tipping & Bishop, JRSS B 1999) as its prior.

    Parameters
    ----------
    latent_dim : int
    coordinates : int
        Length of eta.
    """

    LIMIT = 12.0

    def __init__(self, latent_dim: int, coordinates: int) -> None:
        super().__init__(latent_dim)
        self.coordinates = check_whole("coordinates", coordinates)
        self.tenth_w_EZ = nn.Parameter(0.01 * torch.randn(coordinates, latent_dim))
        self.tenth_mu_E = nn.Parameter(torch.zeros(coordinates))
        self.noise = _Scale(None)

    @property
    def inputs(self) -> int:
        return 2 * self.coordinates

    @property
    def w_EZ(self) -> Tensor:
        """W; like mu stored divided by 10, for log-ratios of rare features lie far from 0 and vary much."""
        return _Scale.GAIN * self.tenth_w_EZ

    @property
    def mu_E(self) -> Tensor:
        """mu, the mean of eta."""
        return _Scale.GAIN * self.tenth_mu_E

    def _moments(self, h_BH: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """m, log v, and E[z|m]."""
        m_BE, logvar_BE = h_BH.chunk(2, -1)
        return m_BE, logvar_BE.clamp(-self.LIMIT, self.LIMIT), self._explain(m_BE - self.mu_E)

    def _explain(self, d_BE: Tensor) -> Tensor:
        """M^-1 W'd."""
        return torch.cholesky_solve((d_BE @ self.w_EZ).mT, self._root()).mT

    def _s2(self) -> Tensor:
        return torch.as_tensor(2 * self.noise.log()).exp()

    def _root(self) -> Tensor:
        """The Cholesky factor of M = W'W + s^2 I."""
        eye_ZZ = torch.eye(self.latent_dim, dtype=self.w_EZ.dtype, device=self.w_EZ.device)
        root_ZZ: Tensor = torch.linalg.cholesky(self.w_EZ.mT @ self.w_EZ + self._s2() * eye_ZZ)
        return root_ZZ

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:
        m_BE, logvar_BE, z_BZ = self._moments(h_BH)
        eta_BE = m_BE + torch.randn_like(m_BE) * (0.5 * logvar_BE).exp() if sample else m_BE
        z_BZ = self._explain(eta_BE - self.mu_E) if sample else z_BZ
        return Code(z_BZ, self._rate(m_BE, logvar_BE)[:, None], sent_BE=eta_BE)

    def _rate(self, m_BE: Tensor, logvar_BE: Tensor) -> Tensor:
        """KL(N(m, diag v) || N(mu, W W' + s^2 I)) of every row, in nats, shape (B,)."""
        distance_B, spread_E, log_det = self._from_prior(m_BE)
        left_B = distance_B + logvar_BE.exp() @ spread_E
        rate_B: Tensor = 0.5 * (left_B - self.coordinates + log_det - logvar_BE.sum(-1))
        return rate_B

    def _from_prior(self, eta_BE: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """With C = W W' + s^2 I: d' C^-1 d of d = eta - mu, (B,), the diagonal of C^-1, (E,), and log det C."""
        log_s2, root_ZZ, d_BE = torch.as_tensor(2 * self.noise.log()), self._root(), eta_BE - self.mu_E
        half_ZE = torch.linalg.solve_triangular(root_ZZ, self.w_EZ.mT, upper=False)  # L^-1 W'
        distance_B = (d_BE.square().sum(-1) - (d_BE @ half_ZE.mT).square().sum(-1)) / log_s2.exp()
        spread_E = (1 - half_ZE.square().sum(0)) / log_s2.exp()
        log_det = (self.coordinates - self.latent_dim) * log_s2 + 2 * root_ZZ.diagonal().log().sum()
        return distance_B, spread_E, log_det

    def draw(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        m_BE, logvar_BE, _ = self._moments(h_BH)
        noise_BE = torch.randn_like(m_BE)
        eta_BE = m_BE + noise_BE * (0.5 * logvar_BE).exp()
        distance_B, _, log_det = self._from_prior(eta_BE)
        return eta_BE, 0.5 * (distance_B + log_det - (noise_BE.square() + logvar_BE).sum(-1))

    def sample_prior(self, n: int) -> Tensor:
        return torch.randn(n, self.latent_dim)

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        _, logvar_BE, z_BZ = self._moments(h_BH)
        s2, root_ZZ = self._s2(), self._root()
        back_ZE = torch.cholesky_solve(self.w_EZ.mT, root_ZZ)
        inside_Z = s2 * torch.cholesky_inverse(root_ZZ).diagonal()
        return z_BZ, (inside_Z + logvar_BE.exp() @ back_ZE.square().mT).sqrt()

    def sent(self, z_BZ: Tensor) -> Tensor:
        return z_BZ @ self.w_EZ.mT + self.mu_E

    def covariance(self) -> Tensor:
        """W W' + s^2 I, (E, E): the fitted covariance of eta."""
        eye_EE = torch.eye(self.coordinates, dtype=self.w_EZ.dtype, device=self.w_EZ.device)
        return self.w_EZ @ self.w_EZ.mT + self._s2() * eye_EE
