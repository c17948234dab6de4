"""The importance-weighted estimate against the exact likelihood of a linear gaussian model."""

import pytest
import torch
from scipy.stats import multivariate_normal

from isthmus import scoring
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Dense, Gaussian, Normal, Point

FEATURES, LATENT, NOISE = 6, 2, 0.5


def probabilistic_pca(off: float = 0.0) -> tuple[Model, torch.Tensor, torch.Tensor]:
    """x = W z + noise with orthogonal columns of W, so that the posterior is diagonal; `off` moves its mean away."""
    torch.manual_seed(0)
    w = torch.linalg.qr(torch.randn(FEATURES, LATENT, dtype=torch.float64))[0] * torch.tensor([2.0, 0.7])
    encoder, decoder = Dense((FEATURES,), (2 * LATENT,), ()), Dense((LATENT,), (FEATURES,), ())
    model = Model(encoder, Gaussian(LATENT), decoder, Normal(scale=NOISE)).double().eval()
    variance = NOISE**2 / ((w**2).sum(0) + NOISE**2)
    with torch.no_grad():
        down = [p for p in decoder.parameters() if p.dim() == 2]
        up = [p for p in encoder.parameters() if p.dim() == 2]
        down[0].copy_(w)
        up[0].copy_(torch.cat([(w * variance / NOISE**2).T, torch.zeros(LATENT, FEATURES)]))
        next(p for p in decoder.parameters() if p.dim() == 1).zero_()
        next(p for p in encoder.parameters() if p.dim() == 1).copy_(
            torch.cat([torch.full((LATENT,), off), variance.log()])
        )
    x = torch.randn(40, LATENT, dtype=torch.float64) @ w.T + NOISE * torch.randn(40, FEATURES, dtype=torch.float64)
    exact = multivariate_normal(cov=(w @ w.T + NOISE**2 * torch.eye(FEATURES)).numpy()).logpdf(x.numpy())
    return model, x, torch.from_numpy(exact)


@torch.no_grad()
def test_with_the_exact_posterior_every_draw_is_the_likelihood():
    model, x, exact = probabilistic_pca()
    for draws in (1, 7):
        torch.testing.assert_close(scoring.log_likelihood(model, x, draws=draws), exact, rtol=0, atol=1e-9)


@torch.no_grad()
def test_with_a_wrong_posterior_the_estimate_rises_to_the_likelihood():
    model, x, exact = probabilistic_pca(off=0.5)
    torch.manual_seed(1)
    elbo = scoring.elbo(model, x, samples=2000).mean()
    found = [scoring.log_likelihood(model, x, draws=k, chunk=500).mean() for k in (4, 30, 20_000)]
    assert elbo < found[0] < found[1] < exact.mean() + 0.02
    assert found[2].item() == pytest.approx(exact.mean().item(), abs=0.02)


@torch.no_grad()
def test_chunks_change_nothing_but_memory():
    model, x, _ = probabilistic_pca(off=0.5)
    found = []
    for chunk in (1, 3, 100):
        torch.manual_seed(2)
        found.append(scoring.log_likelihood(model, x, draws=10, chunk=chunk))
    torch.testing.assert_close(found[0], found[1], rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(found[0], found[2], rtol=1e-12, atol=1e-9)
    assert found[0].dtype == torch.float64


@torch.no_grad()
def test_the_sum_is_kept_in_double_precision():
    """A thousand nats below what float32's exp() can hold."""
    model, x, _ = probabilistic_pca()
    far = scoring.log_likelihood(model.float(), (1000 * x).float(), draws=5)
    assert torch.isfinite(far).all()
    assert far.min() < -1e4


def test_a_code_without_a_density_is_refused():
    model = Model(Dense((3,), (2,), ()), Point(2), Dense((2,), (3,), ()), Normal())
    with pytest.raises(InputError, match="no density"):
        scoring.log_likelihood(model, torch.zeros(1, 3), draws=1)
