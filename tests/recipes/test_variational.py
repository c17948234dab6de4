"""Bounds, priors and terms of the variational families, against closed forms, exact likelihoods and Monte Carlo."""

import math
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from torch import distributions as td

from isthmus import Autoencoder, recipes, scoring
from isthmus.bodies import choose_body
from isthmus.errors import InputError, ModelFileError
from isthmus.model import Model
from isthmus.parts import Bernoulli, Capacity, Dense, Gaussian, Normal, Point, Rate, Vamp, build
from isthmus.training import Batch, Trainer
from isthmus.training.settings import Settings


def gaussian_h(rows: int = 6, latent_dim: int = 3) -> torch.Tensor:
    return torch.randn(rows, 2 * latent_dim, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def probabilistic_pca(widen: float = 1.0, draws: int = 1) -> tuple[Model, torch.Tensor, torch.Tensor]:
    """A linear gaussian VAE at its optimum, its rows, and their exact log likelihood; q is `widen` times too wide."""
    x = load_wine().data[:, :6]
    x = (x - x.mean(0)) / x.std(0)
    pca = PCA(2).fit(x)
    noise = pca.noise_variance_
    loadings = pca.components_.T * np.sqrt(pca.explained_variance_ - noise)
    precision = (loadings**2).sum(0) + noise  # diagonal, for the loadings are orthogonal
    to_mean = (loadings / precision).T
    model = Model(
        Dense((6,), (4,)), Gaussian(2, sampled=True), Dense((2,), (6,)), Normal(math.sqrt(noise)), [Rate()], draws=draws
    ).double()
    variance = widen**2 * noise / precision
    with torch.no_grad():
        encoder, decoder = model.encoder.layers[0], model.decoder.layers[0]
        encoder.weight.copy_(torch.from_numpy(np.concatenate([to_mean, np.zeros_like(to_mean)])))
        encoder.bias.copy_(torch.from_numpy(np.concatenate([-to_mean @ pca.mean_, np.log(variance)])))
        decoder.weight.copy_(torch.from_numpy(loadings))
        decoder.bias.copy_(torch.from_numpy(pca.mean_))
    return model, torch.from_numpy(x), torch.from_numpy(pca.score_samples(x))


def test_with_the_exact_posterior_one_draw_gives_the_exact_likelihood():
    model, x, exact = probabilistic_pca()
    with torch.no_grad():
        torch.testing.assert_close(scoring.log_likelihood(model.eval(), x, draws=1), exact, rtol=1e-9, atol=1e-9)


def test_importance_sampling_approaches_the_likelihood_of_probabilistic_pca_from_below():
    model, x, exact = probabilistic_pca(widen=1.8)
    torch.manual_seed(0)
    with torch.no_grad():
        bounds = [scoring.elbo(model.eval(), x, samples=2000).mean()]
        for draws, repeats in ((5, 400), (50, 40), (3000, 1)):
            each = [scoring.log_likelihood(model, x, draws=draws, chunk=7).mean() for _ in range(repeats)]
            bounds.append(torch.stack(each).mean())
    assert all(a < b for a, b in pairwise(bounds)), bounds
    assert bounds[0] < exact.mean() - 0.5
    assert bounds[-1].item() == pytest.approx(exact.mean().item(), abs=0.005)


def test_the_objective_of_iwae_is_minus_the_importance_weighted_bound():
    torch.manual_seed(0)
    with torch.no_grad():
        for draws in (2, 5):
            model, x, _ = probabilistic_pca(widen=1.8, draws=draws)
            trained = torch.stack([model.train().objective(model(x)).mean() for _ in range(600)]).mean()
            judged = [scoring.log_likelihood(model.eval(), x, draws=draws).mean() for _ in range(600)]
            assert trained.item() == pytest.approx(-torch.stack(judged).mean().item(), abs=0.03)


def test_the_bound_of_a_trained_model_tightens_with_draws():
    x = (load_digits().images[:400] * 15).astype(np.uint8)
    model = Autoencoder("iwae", 4, likelihood="bernoulli", hidden=(64,), epochs=25, random_state=0).fit(x)
    rows = torch.from_numpy(x).float()[:, None] / 255
    torch.manual_seed(0)
    with torch.no_grad():
        bounds = [scoring.elbo(model.model_, rows, samples=50).mean()]
        for draws, repeats in ((5, 20), (50, 4), (500, 1)):
            each = [scoring.log_likelihood(model.model_, rows, draws=draws).mean() for _ in range(repeats)]
            bounds.append(torch.stack(each).mean())
    assert all(a < b for a, b in pairwise(bounds)), bounds
    assert bounds[-1] - bounds[0] > 0.1


def test_a_likelihood_needs_codes_with_a_density():
    model = Model(Dense((5,), (2,)), Point(2), Dense((2,), (5,)), Normal()).eval()
    with pytest.raises(InputError, match="no density"):
        scoring.log_likelihood(model, torch.zeros(1, 5), draws=3)
    with pytest.raises(InputError, match="no density over its codes"):
        model.bottleneck.sample_prior(2)
    with pytest.raises(InputError, match="draws=0"):
        scoring.log_likelihood(model, torch.zeros(1, 5), draws=0)


def test_the_sampled_rate_is_kl_in_the_mean_and_kl_itself_in_evaluation():
    h = gaussian_h()
    bottleneck, exact = Gaussian(3, sampled=True), Gaussian(3)(h, sample=False).rate_BZ
    torch.manual_seed(0)
    drawn = bottleneck(h.repeat(50_000, 1), sample=True).rate_BZ.view(50_000, 6, 3)
    torch.testing.assert_close(drawn.mean(0), exact, rtol=0.02, atol=0.02)
    assert drawn.std(0).min() > 0.1
    torch.testing.assert_close(bottleneck.eval()(h, sample=True).rate_BZ, exact)


# Priors


def vamp(latent_dim: int = 2, components: int = 4, condition_dim: int = 0) -> tuple[Vamp, Dense]:
    torch.manual_seed(3)
    encoder = Dense((5,), (2 * latent_dim,), (8,), condition_dim=condition_dim).double()
    prior = Vamp(latent_dim, (5,), components, condition_dim).double()
    prior.read(encoder)
    return prior, encoder


def test_vamp_is_the_mixture_of_what_the_encoder_makes_of_pseudo_inputs():
    prior, encoder = vamp()
    mu, logvar = encoder(prior.GAIN * prior.inputs_K___).chunk(2, -1)
    each = td.Independent(td.Normal(mu, (logvar / 2).exp()), 1)
    reference = td.MixtureSameFamily(td.Categorical(torch.ones(4).double()), each)
    z = 2 * torch.randn(50, 2, dtype=torch.float64)
    torch.testing.assert_close(prior.log_prob(z), reference.log_prob(z), rtol=1e-10, atol=1e-10)
    drawn = prior.sample(100_000)
    torch.testing.assert_close(drawn.mean(0), reference.mean, rtol=0, atol=0.02)
    torch.testing.assert_close(drawn.var(0), reference.variance, rtol=0.03, atol=0)


def test_narrow_components_lose_no_digits_in_bfloat16():
    """Far from 0 and of variance e^-10: written out as products, the square is a small difference of large numbers."""
    torch.manual_seed(3)
    encoder = Dense((5,), (4,), (), "tanh")
    with torch.no_grad():
        encoder.layers[0].weight.mul_(0.01)
        encoder.layers[0].bias.copy_(torch.tensor([30.0, -20.0, -10.0, -10.0]))
    prior = Vamp(2, (5,), 4)
    prior.read(encoder)
    mu, logvar = (moment.double() for moment in prior.components())
    z = (mu[:1] + 0.01 * torch.randn(50, 2).double()).float()
    off = (z.double()[:, None] - mu).square() * (-logvar).exp() + logvar + math.log(2 * math.pi)
    expected = (-0.5 * off.sum(-1)).logsumexp(-1) - math.log(4)
    with torch.autocast("cpu", torch.bfloat16):
        prior.components = lambda: (mu.float(), logvar.float())  # the encoder may round, the density may not
        torch.testing.assert_close(prior.log_prob(z).double(), expected, rtol=1e-4, atol=1e-3)


def test_the_rate_under_a_learned_prior_is_kl_in_the_mean():
    prior, encoder = vamp(components=1)  # of one component KL has a closed form
    bottleneck, h = Gaussian(2, prior).double(), gaussian_h(4, 2)
    mu_p, logvar_p = encoder(prior.GAIN * prior.inputs_K___).chunk(2, -1)
    mu, logvar = h.chunk(2, -1)
    q, p = td.Normal(mu, (logvar / 2).exp()), td.Normal(mu_p, (logvar_p / 2).exp())
    rate = bottleneck(h.repeat(100_000, 1), sample=True).rate_BZ
    assert rate.shape == (400_000, 1)
    mean = rate.view(100_000, 4).mean(0)
    torch.testing.assert_close(mean, td.kl_divergence(q, p).sum(-1), rtol=0.01, atol=0.02)
    at_mean = bottleneck.eval()(h, sample=False)
    assert torch.equal(at_mean.z_BZ, mu)
    torch.testing.assert_close(at_mean.rate_BZ[:, 0], (q.log_prob(mu) - p.log_prob(mu)).sum(-1))


def test_pseudo_inputs_learn_their_conditions():
    prior, _ = vamp(condition_dim=3)
    assert prior.told_KC.shape == (4, 3)
    z = torch.zeros(1, 2, dtype=torch.float64)
    before = prior.log_prob(z)
    prior.told_KC.data.add_(1.0)
    assert not torch.allclose(prior.log_prob(z), before)
    assert sum(p.numel() for p in prior.parameters()) == 4 * 5 + 4 * 3, "it owns the encoder"


@pytest.fixture
def flow():
    pytest.importorskip("zuko", reason="a flow as prior needs zuko, an optional extra")

    def make(latent_dim: int):
        torch.manual_seed(0)
        prior = build({"part": "Flow", "latent_dim": latent_dim, "hidden": [16]}).double()
        with torch.no_grad():
            for weight in prior.parameters():
                weight.add_(0.3 * torch.randn_like(weight))
        return prior

    return make


@pytest.mark.parametrize("latent_dim", [1, 2])
def test_a_flow_integrates_to_one_and_draws_from_its_density(flow, latent_dim):
    prior = flow(latent_dim)
    axis = torch.linspace(-20, 20, 20_001 if latent_dim == 1 else 801, dtype=torch.float64)
    grid = torch.cartesian_prod(*[axis] * latent_dim).view(-1, latent_dim)
    with torch.no_grad():
        mass = prior.log_prob(grid).exp() * (axis[1] - axis[0]) ** latent_dim
        drawn = prior.sample(20_000)
    assert mass.sum().item() == pytest.approx(1, abs=1e-3)
    for moment in (lambda z: z, lambda z: z**2, lambda z: z.prod(-1, keepdim=True)):
        expected = (mass[:, None] * moment(grid)).sum(0)
        torch.testing.assert_close(moment(drawn).mean(0), expected, rtol=0.05, atol=0.05)


def test_a_missing_zuko_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "zuko", None)
    with pytest.raises(InputError, match=r"isthmus\[flows\]"):
        Autoencoder("flow-prior", 2, epochs=1).fit(load_wine().data)


def test_samples_of_the_standard_prior():
    torch.manual_seed(0)
    z = Gaussian(3).sample_prior(50_000)
    torch.testing.assert_close(z.mean(0), torch.zeros(3), rtol=0, atol=0.02)
    torch.testing.assert_close(z.T.cov(), torch.eye(3), rtol=0, atol=0.03)


def test_a_learned_prior_fits_what_codes_look_like():
    """Two far clusters: N(0, I) is a poor guess at their codes, a mixture a good one."""
    numbers = np.random.default_rng(0)
    x = numbers.normal(0, 0.1, (300, 4)) + np.where(numbers.random((300, 1)) < 0.5, -1, 1)
    made = {}
    for recipe in ("vae", "vamp"):
        model = Autoencoder(recipe, 2, hidden=(32,), epochs=40, learning_rate=1e-2, validation=0, random_state=0).fit(x)
        rows = torch.from_numpy(model.preparation_.apply(x))
        torch.manual_seed(0)
        with torch.no_grad():
            made[recipe] = scoring.log_likelihood(model.model_, rows, draws=100).mean().item()
    assert made["vamp"] > made["vae"] + 0.1, made


@pytest.mark.parametrize(
    "spec",
    [{"part": "Vamp", "latent_dim": 2, "shape": [3], "components": 10**9},
     {"part": "Vamp", "latent_dim": 2, "shape": [-3]},
     {"part": "Flow", "latent_dim": 2, "transforms": 10**6},
     {"part": "Flow", "latent_dim": 10**6},
     {"part": "Flow", "latent_dim": 2, "hidden": [10**6, 10**6]},
     {"part": "Gaussian", "latent_dim": 2, "prior": {"part": "Vamp", "latent_dim": 3, "shape": [3]}},
     {"part": "Gaussian", "latent_dim": 2, "prior": 7},
     {"part": "Capacity", "gamma": -1, "capacity": 1}, {"part": "MMD", "strength": math.inf},
     {"part": "TotalCorrelation", "strength": -1}],
)  # fmt: skip
def test_hostile_options_build_nothing(spec):
    with pytest.raises(ModelFileError):
        build(spec)


# Schedules and options


def test_the_capacity_rises_and_then_stands():
    torch.manual_seed(0)
    parts = Dense((5,), (4,)), Gaussian(2), Dense((2,), (5,)), Normal()
    model = Model(*parts, [Capacity(gamma=30.0, capacity=8.0, rise=0.5)]).eval()
    trip = model(torch.randn(4, 5))
    for progress, reached in ((0.0, 0.0), (0.25, 4.0), (0.5, 8.0), (1.0, 8.0)):
        expected = trip.nll_B + 30 * (trip.rate_B - reached).abs()
        torch.testing.assert_close(model.objective(trip, progress), expected)


def test_the_warm_up_of_beta_and_the_rise_of_a_capacity_are_options_of_their_own():
    body = choose_body((5,), (("numeric", 1),) * 5, missing=False)
    make = recipes.get("beta-vae").build
    weights = [make(body, 2, {"warmup": 0.5}).terms[0].weight(progress) for progress in (0.0, 0.25, 0.5)]
    assert weights == [0.0, 2.0, 4.0]
    assert make(body, 2, {}).terms[0].weight(0.0) == 4.0
    assert make(body, 2, {"capacity": 3, "rise": 0.2}).terms[0].spec["rise"] == 0.2
    with pytest.raises(InputError, match="leave warmup out"):
        make(body, 2, {"capacity": 3, "warmup": 0.2})


def test_capacity_sets_the_rate():
    x = load_wine().data
    rates = {}
    for nats in (1.0, 3.0):
        options = {"beta": 50, "capacity": nats}
        quick = {"epochs": 60, "learning_rate": 1e-2, "hidden": (16,), "validation": 0, "random_state": 0}
        model = Autoencoder("beta-vae", 3, options=options, **quick).fit(x)
        rates[nats] = model.history_[-1]["rate"]
    assert rates == pytest.approx({1.0: 1.0, 3.0: 3.0}, abs=0.15)


def test_binarised_training_draws_each_cell_anew():
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, x, told=None):
            seen.append(x)
            return x.flatten(1)[:, :2]

    model = Model(Dense((1, 20, 20), (2,)), Point(2), Dense((2,), (1, 20, 20)), Bernoulli())
    model.encoder = Spy()
    trainer = Trainer(model.train(), Settings(epochs=1, minutes=None, batch_size=64, binarize=True))
    x = torch.full((64, 1, 20, 20), 0.3)
    for _ in range(2):
        trainer.step(Batch(x), 0.5, 1.0)
    first, second = seen
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert first.mean().item() == pytest.approx(0.3, abs=0.01)
    assert (first != second).float().mean().item() == pytest.approx(2 * 0.3 * 0.7, abs=0.02)
    looks = [trainer.held_out([Batch(x)]) for _ in range(2)]
    assert looks[0] == looks[1]
    assert set(seen[-1].unique().tolist()) == {0.0, 1.0}


def test_only_what_is_bernoulli_is_binarised():
    with pytest.raises(InputError, match="binarize=True"):
        Autoencoder("vae", binarize=True, epochs=1).fit(load_wine().data)
