"""Counts: mass functions that sum to one, log-ratio coordinates, the closed form with the code integrated out."""

import itertools
import math

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
import torch
from torch.distributions import MultivariateNormal, Normal

from isthmus import Autoencoder, scoring
from isthmus.errors import InputError
from isthmus.parts import FromLogRatios, LinearGaussian, Multinomial, NegativeBinomial
from isthmus.parts.counts import from_log_ratios, to_log_ratios

RAW = torch.tensor([[0.3, -1.0, 2.0]], dtype=torch.float64)


def test_the_multinomial_sums_to_one_and_is_scipys():
    n, p = 5, RAW[0].softmax(-1).numpy()
    outcomes = [x for x in itertools.product(range(n + 1), repeat=3) if sum(x) == n]
    x = torch.tensor(outcomes, dtype=torch.float64)
    nll = Multinomial().nll(RAW.expand(len(x), 3), x)
    assert (-nll).exp().sum().item() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(-nll.numpy(), scipy.stats.multinomial.logpmf(outcomes, n, p), rtol=1e-10)


def test_the_negative_binomial_sums_to_one_and_is_scipys():
    likelihood = NegativeBinomial(3).double()
    with torch.no_grad():
        likelihood.tenth_log_r.copy_(torch.tensor([0.05, -0.1, 0.3]))
    r = (10 * likelihood.tenth_log_r).exp().detach().numpy()
    x = torch.tensor([[4.0, 0.0, 9.0], [1.0, 0.0, 0.0]], dtype=torch.float64)
    mean = x.sum(-1, keepdim=True).numpy() * RAW.softmax(-1).numpy()
    expected = -scipy.stats.nbinom.logpmf(x.numpy(), r, r / (r + mean))
    cells = likelihood.cells(RAW.expand(2, 3), x)
    np.testing.assert_allclose(cells.detach().numpy(), expected, rtol=1e-9, atol=1e-12)
    total = scipy.stats.nbinom.pmf(np.arange(1500), r[1], r[1] / (r[1] + mean[0, 1])).sum()
    assert total == pytest.approx(1, abs=1e-6), "scipy's density, so ours, sums to one"


@pytest.mark.parametrize("likelihood", [Multinomial(7.0), NegativeBinomial(3, 7.0)])
def test_an_empty_row_costs_nothing_and_means_have_the_totals(likelihood):
    likelihood = likelihood.double()
    raw = RAW.repeat(2, 1).requires_grad_()
    x = torch.tensor([[0.0, 0, 0], [2, 0, 1]], dtype=torch.float64)
    nll = likelihood.nll(raw, x)
    nll.sum().backward()
    assert nll[0].item() == 0
    assert not raw.grad[0].any()
    assert raw.grad[1].any()
    torch.testing.assert_close(likelihood.mean_of_row(raw, x).sum(-1), x.sum(-1))
    torch.testing.assert_close(likelihood.mean(raw).sum(-1), torch.full((2,), 7.0).double())


def test_the_gradients_of_both_in_float64():
    x = torch.tensor([[4.0, 0.0, 9.0]], dtype=torch.float64)
    for likelihood in (Multinomial(), NegativeBinomial(3).double()):
        assert torch.autograd.gradcheck(lambda raw, of=likelihood: of.nll(raw, x), (RAW.clone().requires_grad_(),))


@pytest.mark.parametrize("features", [2, 3, 17])
def test_log_ratios_are_helmerts_orthonormal_basis(features):
    identity = torch.eye(features - 1, dtype=torch.float64)
    basis = from_log_ratios(identity)  # (E, F): the rows are the basis
    torch.testing.assert_close(basis @ basis.T, identity)
    torch.testing.assert_close(basis.sum(-1), torch.zeros(features - 1, dtype=torch.float64))
    helmert = scipy.linalg.helmert(features)
    np.testing.assert_allclose(np.abs(basis.numpy()), np.abs(helmert), atol=1e-12)
    logs = torch.randn(4, features, dtype=torch.float64)
    torch.testing.assert_close(to_log_ratios(logs), logs @ basis.T)
    torch.testing.assert_close(from_log_ratios(to_log_ratios(logs)), logs - logs.mean(-1, keepdim=True))
    torch.testing.assert_close(to_log_ratios(logs + 3.0), to_log_ratios(logs))


def linear_gaussian() -> tuple[LinearGaussian, torch.Tensor]:
    torch.manual_seed(0)
    part = LinearGaussian(2, 5).double()
    with torch.no_grad():
        part.tenth_w_EZ.copy_(0.1 * torch.randn(5, 2))
        part.tenth_mu_E.copy_(0.1 * torch.randn(5))
        part.noise.tenth.fill_(-0.04)
    return part, torch.randn(3, 10, dtype=torch.float64)


def test_the_rate_is_the_kl_to_the_marginal_of_eta():
    part, h = linear_gaussian()
    m, logvar = h.chunk(2, -1)
    s = part.noise.log().exp().item()
    covariance = part.w_EZ.detach() @ part.w_EZ.detach().T + s**2 * torch.eye(5).double()
    torch.testing.assert_close(part.covariance(), covariance)
    q = MultivariateNormal(m, torch.diag_embed(logvar.exp()))
    expected = torch.distributions.kl_divergence(q, MultivariateNormal(part.mu_E, covariance))
    code = part(h, sample=False)
    assert code.rate_BZ.shape == (3, 1)
    torch.testing.assert_close(code.rate_BZ[:, 0], expected)


def test_the_code_is_the_posterior_of_z_given_eta():
    part, h = linear_gaussian()
    s = part.noise.log().exp().item()
    mean, std = part.posterior(h)
    torch.manual_seed(1)
    m, logvar = h.chunk(2, -1)
    eta = Normal(m, (logvar / 2).exp()).sample((200_000,))
    # p(z|eta) of the joint gaussian of (z, eta), by conditioning its covariance: no Woodbury here
    gain = part.w_EZ.T @ torch.linalg.inv(part.w_EZ @ part.w_EZ.T + s**2 * torch.eye(5).double())
    left = torch.eye(2).double() - gain @ part.w_EZ
    torch.testing.assert_close(mean, (m - part.mu_E) @ gain.T)
    spread = ((eta - part.mu_E) @ gain.T).var(0) + left.diagonal()
    torch.testing.assert_close(std.square(), spread, rtol=0.02, atol=0)
    torch.testing.assert_close(part.sent(mean), mean @ part.w_EZ.T + part.mu_E)


def test_what_is_drawn_is_eta_and_what_is_told_is_its_code():
    part, h = linear_gaussian()
    torch.manual_seed(2)
    code = part(h, sample=True)
    assert code.sent_BE.shape == (3, 5)
    torch.testing.assert_close(code.z_BZ, part._explain(code.sent_BE - part.mu_E))
    draws = torch.stack([part(h, sample=True).sent_BE for _ in range(1500)])
    m, logvar = h.chunk(2, -1)
    torch.testing.assert_close(draws.mean(0), m, atol=0.3, rtol=0)
    torch.testing.assert_close(draws.std(0), (logvar / 2).exp(), rtol=0.1, atol=0)


def test_importance_weights_are_of_the_density_of_eta():
    part, h = linear_gaussian()
    torch.manual_seed(3)
    eta, log_ratio = part.draw(h)
    m, logvar = h.chunk(2, -1)
    marginal = MultivariateNormal(part.mu_E, part.covariance())
    expected = Normal(m, (logvar / 2).exp()).log_prob(eta).sum(-1) - marginal.log_prob(eta)
    torch.testing.assert_close(log_ratio, expected)


def test_the_likelihood_of_counts_lies_above_the_elbo():
    counts, _ = simulated(200)
    model = Autoencoder("multinomial", latent_dim=2, epochs=20, random_state=0).fit(sp.csr_matrix(counts))
    x = torch.from_numpy(counts[:40].astype(np.float32))
    torch.manual_seed(0)
    with torch.no_grad():
        elbo = scoring.elbo(model.model_, x, samples=50).mean()
        one, many = (scoring.log_likelihood(model.model_, x, draws=k).mean() for k in (1, 500))
    assert one == pytest.approx(elbo, abs=5)
    assert elbo < many
    assert model.sample(3, random_state=0).shape == (3, 20)


def simulated(n: int, features: int = 20, latent: int = 2, depth: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Counts of a known model, and the covariance of its log-ratios."""
    numbers = np.random.default_rng(5)
    w = numbers.normal(size=(features - 1, latent))
    eta = numbers.normal(size=(n, latent)) @ w.T + 0.2 * numbers.normal(size=(n, features - 1))
    logits = from_log_ratios(torch.from_numpy(eta)).numpy()
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    counts = np.stack([numbers.multinomial(depth, row) for row in p])
    return counts, w @ w.T + 0.04 * np.eye(features - 1)


def test_a_known_covariance_of_the_log_ratios_is_recovered():
    counts, truth = simulated(400)
    model = Autoencoder("multinomial", 2, epochs=40, random_state=0, hidden=(32,)).fit(sp.csr_matrix(counts))
    fitted = model.model_.bottleneck.covariance().detach().numpy()
    assert np.corrcoef(fitted.ravel(), truth.ravel())[0, 1] > 0.95
    assert np.trace(fitted) == pytest.approx(np.trace(truth), rel=0.25)


@pytest.mark.parametrize(
    "make",
    [lambda: Multinomial(0.0), lambda: Multinomial(math.inf), lambda: NegativeBinomial(0), lambda: LinearGaussian(0, 3),
     lambda: LinearGaussian(2, 0), lambda: FromLogRatios([0])],
)  # fmt: skip
def test_parts_of_counts_refuse_what_they_cannot_be(make):
    with pytest.raises(InputError):
        make()


def test_the_form_and_the_likelihood_must_suit():
    x = sp.csr_matrix(np.arange(40).reshape(10, 4))
    with pytest.raises(InputError, match="form='alr': choose one of ilr, softmax"):
        Autoencoder("multinomial", options={"form": "alr"}).fit(x)
    with pytest.raises(InputError, match="multinomial or negative-binomial"):
        Autoencoder("vae", likelihood="gaussian").fit(x)
    with pytest.raises(InputError, match="kind='counts'"):
        Autoencoder("vae", likelihood="multinomial").fit(x.toarray())
    with pytest.raises(InputError, match="is for counts"):
        Autoencoder("multinomial").fit(x.toarray())
