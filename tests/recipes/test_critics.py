"""Critics against densities known in closed form, and what each recipe promises."""

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_digits

from isthmus import Autoencoder, InputError, bodies
from isthmus.model import Model
from isthmus.parts import (
    CodeAdversary,
    ConvDecoder,
    ConvEncoder,
    DenoisingJudge,
    Dense,
    DensityRatio,
    FeatureDistance,
    Gaussian,
    LearnedSimilarity,
    Normal,
    Part,
    Perceptual,
    Point,
    Rate,
    build,
)
from isthmus.parts.critics import permuted, tell_apart
from isthmus.parts.trip import Code, Trip

DIGITS = (load_digits().images * 15).astype(np.uint8)


def codes_only(z) -> Trip:
    return Trip(z, z, Code(z, torch.zeros_like(z)), z, z[:, 0])


def train(critic, draw, steps: int) -> None:
    optimizer = torch.optim.Adam(critic.parameters(), 3e-3, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        critic.own_loss(None, codes_only(draw(512))).backward()
        optimizer.step()
        schedule.step()


def test_the_density_ratio_is_the_closed_form_between_gaussians():
    rho = 0.8
    mixing = torch.tensor([[1.0, 0.0], [rho, math.sqrt(1 - rho**2)]])
    torch.manual_seed(0)
    critic = DensityRatio(2, 1.0, (64, 64))
    train(critic, lambda n: torch.randn(n, 2) @ mixing.T, 700)
    with torch.no_grad():
        z = torch.randn(4000, 2) @ mixing.T
        estimate = critic.ratio(z)
    joint = torch.distributions.MultivariateNormal(torch.zeros(2), mixing @ mixing.T)
    alone = torch.distributions.Normal(0.0, 1.0)
    exact = joint.log_prob(z) - alone.log_prob(z).sum(-1)
    assert np.corrcoef(estimate, exact)[0, 1] > 0.95
    total_correlation = -0.5 * math.log(1 - rho**2)
    assert estimate.mean().item() == pytest.approx(total_correlation, abs=0.08)


def test_permuted_codes_keep_every_marginal_and_lose_the_rest():
    torch.manual_seed(0)
    z = torch.randn(5000, 1).repeat(1, 3)
    other = permuted(z)
    assert torch.equal(other.sort(0).values, z.sort(0).values)
    assert np.abs(np.corrcoef(other.T) - np.eye(3)).max() < 0.06


def test_the_adversary_on_codes_learns_the_log_ratio_to_the_prior():
    torch.manual_seed(0)
    critic = CodeAdversary(1, 1.0, (64, 64), smooth=0.0)
    train(critic, lambda n: 1 + 0.5 * torch.randn(n, 1), 700)
    z = torch.linspace(0.3, 1.7, 30)[:, None]
    prior, codes = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(1.0, 0.5)
    belief = torch.sigmoid((prior.log_prob(z) - codes.log_prob(z))[:, 0])
    with torch.no_grad():
        told = (-critic(None, codes_only(z))).exp()
    torch.testing.assert_close(told, belief, atol=0.06, rtol=0)


def test_a_critic_that_cannot_tell_pays_two_logarithms_of_two():
    assert tell_apart(torch.zeros(5), torch.zeros(3)).item() == pytest.approx(2 * math.log(2))


def model_with(term, shape=(2, 7, 5), network="conv") -> Model:
    torch.manual_seed(0)
    if network == "conv":
        ends = ConvEncoder(shape, 6, (4,)), ConvDecoder(3, shape, (4,))
    else:
        ends = Dense(shape, (6,), (8,)), Dense((3,), shape, (8,))
    return Model(ends[0], Gaussian(3), ends[1], Normal(1.0, bounded=True), [Rate(), term])


@pytest.mark.parametrize("network", ["dense", "conv"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (2, 16, 3)])
def test_critics_of_pictures_take_any_size_and_body(shape, network):
    for term in (LearnedSimilarity(shape[0]), Perceptual(1.0).for_rows(shape)):
        model = model_with(term, shape, network)
        trip = model(torch.rand(4, *shape))
        assert model.objective(trip).shape == (4,)
        assert term.own_loss(model, trip).shape == ()


def test_the_encoder_learns_nothing_from_the_adversary_and_the_critic_teaches_no_model():
    """Larsen et al. 2016, algorithm 1: the encoder sees prior and likeness alone."""
    x = torch.rand(4, 2, 7, 5)
    gradients = []
    for adversary in (0.0, 5.0):
        torch.manual_seed(1)
        model = model_with(LearnedSimilarity(2, adversary=adversary))
        torch.manual_seed(2)
        model.objective(model(x)).sum().backward()
        gradients.append([[w.grad.clone() for w in part.parameters()] for part in (model.encoder, model.decoder)])
    for one, other in zip(gradients[0][0], gradients[1][0], strict=True):
        torch.testing.assert_close(one, other)
    assert not torch.allclose(gradients[0][1][-1], gradients[1][1][-1])
    model = model_with(LearnedSimilarity(2))
    model.terms[1].own_loss(model, model(x)).backward()
    assert all(w.grad is None for part in (model.encoder, model.decoder) for w in part.parameters())
    assert all(w.grad is not None for w in model.terms[1].parameters())


class Halves(Part):
    """A judge of a user's own: the mean of either half."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, x_BCHW):
        return self.gain * torch.stack([half.mean((1, 2, 3)) for half in x_BCHW.chunk(2, -1)], -1)


def test_the_distance_is_that_of_the_judges_features():
    term = FeatureDistance(1.0, Halves())
    model = model_with(term, (1, 4, 6)).eval()
    x = torch.rand(3, 1, 4, 6)
    trip = model(x)
    x_hat = model.likelihood.mean(trip.raw_B___)
    gaps = [2 * (x - x_hat)[..., side].mean((1, 2, 3)) for side in (slice(0, 3), slice(3, 6))]
    torch.testing.assert_close(term(model, trip), 24 * 0.5 * (gaps[0] ** 2 + gaps[1] ** 2) / 2)
    identical = trip._replace(x_B___=x_hat.detach())
    assert term(model, identical).abs().max() < 1e-9


def test_a_judge_of_ones_own_joins_any_recipe_and_stays_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setitem(bodies.PENALTIES, "halves", lambda weight: FeatureDistance(weight, Halves()))
    model = Autoencoder("ae", latent_dim=3, penalties={"halves": 5.0}, epochs=2, random_state=0).fit(DIGITS[:60])
    judge = model.model_.terms[0].judge
    assert judge.gain.item() == 2.0
    assert build(model.model_.spec).spec == model.model_.spec
    model.save(tmp_path / "m.safetensors")
    loaded = Autoencoder.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(loaded.score_samples(DIGITS[:9]), model.score_samples(DIGITS[:9]))


def test_the_learned_judge_learns_to_take_noise_away():
    x = torch.from_numpy(DIGITS[:256] / 240.0).float()[:, None]
    torch.manual_seed(0)
    judge = DenoisingJudge(1, (16, 32), noise=0.3)
    optimizer = torch.optim.Adam(judge.parameters(), 3e-3)
    for _ in range(150):
        optimizer.zero_grad()
        judge.own_loss(x).backward()
        optimizer.step()
    fresh = torch.from_numpy(DIGITS[1000:1200] / 240.0).float()[:, None]
    with torch.no_grad():
        left = judge.clean(fresh + 0.3 * torch.randn_like(fresh)) - fresh
    assert left.square().mean() < 0.5 * 0.3**2


def test_the_perceptual_penalty_joins_any_recipe_for_pictures_and_is_refused_for_tables():
    model = Autoencoder("ae", latent_dim=3, penalties={"perceptual": 1.0}, epochs=1, random_state=0).fit(DIGITS[:60])
    assert isinstance(model.model_.terms[0].judge, DenoisingJudge)
    with pytest.raises(InputError, match="perceptual penalty is for pictures"):
        Autoencoder("ae", penalties={"perceptual": 1.0}, epochs=1).fit(DIGITS[:60].reshape(60, -1))


def gaussian_tc(z: np.ndarray) -> float:
    """Total correlation of a gaussian of the same covariance, in nats."""
    return -0.5 * np.linalg.slogdet(np.corrcoef(z.T))[1]


def test_total_correlation_falls_at_equal_distortion():
    rows, tc, error = load_breast_cancer().data, [], []
    for gamma in (0.0, 2.0):
        options = {"options": {"gamma": gamma}, "likelihood": "gaussian:0.5", "batch_size": 64}
        model = Autoencoder("factor-vae", latent_dim=4, epochs=40, random_state=0, **options).fit(rows)
        mean, std = model.encode(rows)
        tc.append(gaussian_tc(mean + std * np.random.default_rng(0).normal(size=mean.shape)))
        error.append(model.reconstruction_error(rows).mean())
    assert tc[1] < 0.5 * tc[0]
    assert error[1] < 1.05 * error[0]


@pytest.mark.parametrize(
    "make",
    [lambda: DensityRatio(2, -1.0), lambda: DensityRatio(0, 1.0), lambda: CodeAdversary(2, math.nan),
     lambda: LearnedSimilarity(1, adversary=-1), lambda: LearnedSimilarity(1, widths=()), lambda: Perceptual(math.inf),
     lambda: Perceptual(1.0, Point(2)), lambda: FeatureDistance(1.0, 3), lambda: DenoisingJudge(0),
     lambda: DenoisingJudge(1, noise=-1)],
)  # fmt: skip
def test_critics_refuse_what_they_cannot_be(make):
    with pytest.raises(InputError):
        make()
