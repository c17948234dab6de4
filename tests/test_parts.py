"""Parts against mathematics: closed forms, Monte Carlo, densities that integrate to one, gradients in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from torch.distributions import Normal as TorchNormal
from torch.distributions import kl_divergence

from isthmus import Autoencoder, parts
from isthmus.errors import InputError, ModelFileError
from isthmus.model import Model
from isthmus.parts import Bernoulli, ConvDecoder, ConvEncoder, Dense, Gaussian, Laplace, Mixed, Normal, Point, Rate
from isthmus.parts.networks import Centring
from isthmus.parts.spec import Part, build, known_parts

torch.set_default_dtype(torch.float32)


def small_vae(**rate) -> Model:
    torch.manual_seed(0)
    return Model(Dense((5,), (4,), (7,)), Gaussian(2), Dense((2,), (5,), (7,)), Normal(), [Rate(**rate)]).double()


def test_the_rate_is_kl_in_closed_form_and_by_monte_carlo():
    h = torch.randn(6, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    code = Gaussian(4)(h, sample=False)
    mu, logvar = h.chunk(2, -1)
    q, p = TorchNormal(mu, (logvar / 2).exp()), TorchNormal(torch.zeros_like(mu), torch.ones_like(mu))
    torch.testing.assert_close(code.rate_BZ, kl_divergence(q, p), rtol=1e-12, atol=1e-12)
    torch.manual_seed(0)
    draws = q.sample((200_000,))
    torch.testing.assert_close((q.log_prob(draws) - p.log_prob(draws)).mean(0), code.rate_BZ, rtol=0.02, atol=0.02)


def test_codes_are_drawn_from_the_posterior():
    h = torch.tensor([[1.0, -2.0, math.log(4.0), math.log(0.25)]], dtype=torch.float64).expand(100_000, 4)
    torch.manual_seed(0)
    z = Gaussian(2)(h, sample=True).z_BZ
    torch.testing.assert_close(z.mean(0), torch.tensor([1.0, -2.0], dtype=z.dtype), atol=0.03, rtol=0)
    torch.testing.assert_close(z.std(0), torch.tensor([2.0, 0.5], dtype=z.dtype), atol=0.02, rtol=0)


@pytest.mark.parametrize("likelihood", [Normal(0.3), Laplace(0.7), Normal(), Laplace(), Normal(0.5, bounded=True)])
def test_densities_integrate_to_one(likelihood):
    x = torch.linspace(-30, 30, 600_001, dtype=torch.float64)[:, None]
    density = (-likelihood.double().nll(torch.full_like(x, 0.4), x)).exp()
    assert torch.trapezoid(density, x[:, 0]).item() == pytest.approx(1, abs=1e-6)


def test_discrete_densities_sum_to_one():
    raw = torch.tensor([[0.3, -1.0, 2.0, 0.1]])
    outcomes = [[b, *row] for b in (0.0, 1.0) for row in torch.eye(3).tolist()]
    mixed = Mixed([("binary", 1), ("categorical", 3)])
    total = sum((-mixed.nll(raw, torch.tensor([x]))).exp().item() for x in outcomes)
    assert total == pytest.approx(1, abs=1e-6)
    assert sum((-Bernoulli().nll(raw[:, :1], torch.tensor([[b]]))).exp().item() for b in (0.0, 1.0)) == pytest.approx(1)


def test_the_learned_scale_is_the_residuals_root_mean_square():
    x = 0.2 * torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    likelihood = Normal()
    optimizer = torch.optim.Adam(likelihood.parameters(), 0.02)
    for _ in range(300):
        optimizer.zero_grad()
        likelihood.nll(torch.zeros_like(x), x).mean().backward()
        optimizer.step()
    assert likelihood.scale.log().exp().item() == pytest.approx(x.square().mean().sqrt().item(), rel=0.01)


def test_missing_cells_cost_nothing_and_teach_nothing():
    groups = [("numeric", 1), ("numeric", 1), ("binary", 1), ("categorical", 2)]
    raw = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    x = torch.tensor([[1.0, math.nan, 1, 0, 1], [0.5, 2, math.nan, math.nan, math.nan], [0, 0, 0, 1, 0]]).double()
    mixed = Mixed(groups).double()
    cells = mixed.cells(raw, x)
    cells.sum().backward()
    assert torch.equal(cells == 0, x.isnan() | (torch.tensor([0, 0, 0, 1, 1]).bool() & (x == 0)))
    assert (raw.grad[x.isnan()] == 0).all()
    assert raw.grad[~x.isnan()].abs().min() > 0
    complete = Mixed([("numeric", 2)]).double()
    torch.testing.assert_close(
        complete.nll(raw[2:, :2], x[2:, :2]), Normal().double().nll(raw[2:, :2], x[2:, :2]), rtol=1e-12, atol=0
    )


def test_the_means_are_the_expectations():
    raw = torch.tensor([[0.3, -1.0, 2.0, 0.1]])
    mean = Mixed([("numeric", 1), ("binary", 1), ("categorical", 2)]).mean(raw)
    expected = torch.cat([raw[:, :1], raw[:, 1:2].sigmoid(), raw[:, 2:].softmax(-1)], -1)
    torch.testing.assert_close(mean, expected)
    torch.testing.assert_close(Normal(bounded=True).mean(raw), raw.sigmoid())


def test_the_gradient_of_the_objective_in_float64():
    model = small_vae(beta=0.7).eval()
    x = torch.randn(3, 5, dtype=torch.float64)
    weights = {name: w.detach().requires_grad_() for name, w in model.named_parameters()}

    def loss(*values):
        named = dict(zip(weights, values, strict=True))
        trip = torch.func.functional_call(model, named, (x,), {"sample": False})
        return torch.func.functional_call(_Objective(model), {f"model.{n}": v for n, v in named.items()}, (trip,))

    assert torch.autograd.gradcheck(loss, tuple(weights.values()), eps=1e-6, atol=1e-6)


class _Objective(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, trip):
        return self.model.objective(trip).sum()


def test_beta_its_warmup_and_free_bits():
    x = torch.randn(4, 5, dtype=torch.float64)
    model = small_vae(beta=3.0, warmup=0.5).eval()
    trip = model(x)
    torch.testing.assert_close(model.objective(trip), trip.nll_B + 3 * trip.rate_B)
    torch.testing.assert_close(model.objective(trip, 0.25), trip.nll_B + 1.5 * trip.rate_B)
    torch.testing.assert_close(model.objective(trip, 0.0), trip.nll_B)
    free = small_vae(free_bits=2.0).eval()
    trip = free(x)
    floor = trip.code.rate_BZ.clamp_min(2 * math.log(2)).sum(-1)
    torch.testing.assert_close(free.objective(trip) - trip.nll_B, floor)
    assert (trip.code.rate_BZ < 2 * math.log(2)).any(), "the floor was never touched"


@settings(max_examples=40, deadline=None)
@given(h=st.integers(1, 37), w=st.integers(1, 37), c=st.integers(1, 4), stages=st.integers(1, 4))
def test_convolutions_give_back_any_size(h, w, c, stages):
    widths = (3, 4, 5, 6)[:stages]
    model = Model(ConvEncoder((c, h, w), 2, widths), Point(2), ConvDecoder(2, (c, h, w), widths), Normal())
    x = torch.rand(2, c, h, w)
    trip = model(x)
    assert trip.raw_B___.shape == x.shape
    assert trip.nll_B.shape == (2,)


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_a_condition_reaches_encoder_and_decoder(network):
    shape = (1, 6, 5)
    ends = {
        "dense": (Dense(shape, (2,), (8,), condition_dim=3), Dense((2,), shape, (8,), condition_dim=3)),
        "conv": (ConvEncoder(shape, 2, (4,), condition_dim=3), ConvDecoder(2, shape, (4,), condition_dim=3)),
    }
    model = Model(ends[network][0], Point(2), ends[network][1], Normal()).eval()
    x, told = torch.rand(2, *shape), torch.eye(3)[:2]
    other = told.flip(-1)
    assert not torch.allclose(model.encode(x, told), model.encode(x, other))
    z = torch.zeros(2, 2)
    assert not torch.allclose(model.decode(z, told), model.decode(z, other))


def test_every_part_is_json_and_back():
    model = small_vae(beta=2.0)
    assert build(model.spec).spec == model.spec
    assert {"Dense", "ConvEncoder", "Gaussian", "Point", "Mixed", "Rate", "Model"} <= set(known_parts())
    assert all(issubclass(getattr(parts, name), (Part, tuple)) for name in parts.__all__ if name != "build")


def test_a_part_without_options_comes_back_from_json_and_takes_none():
    assert build(Bernoulli().spec).spec == Bernoulli().spec == {"part": "Bernoulli"}
    with pytest.raises(TypeError):
        Bernoulli(3)


@pytest.mark.parametrize(
    "spec",
    [{"part": "Nobody"}, {"part": 3}, {"part": "Point", "latent_dim": -1}, {"part": "Point", "other": 1},
     {"part": "Dense", "inputs": [4], "outputs": [1], "hidden": [1] * 10_000},
     {"part": "Dense", "inputs": ["a"], "outputs": [1]}],
)  # fmt: skip
def test_a_hostile_description_builds_nothing(spec):
    with pytest.raises(ModelFileError):
        build(spec)


@pytest.mark.parametrize(
    "make",
    [lambda: Point(0), lambda: Gaussian(-1), lambda: Rate(beta=-1), lambda: Rate(warmup=2), lambda: Normal(0.0),
     lambda: Dense((0,), (1,)), lambda: Dense((1,), (1,), (2,), "rleu"),
     lambda: ConvEncoder((5,), 1), lambda: Mixed([("date", 1)])],
)  # fmt: skip
def test_parts_refuse_what_they_cannot_be(make):
    with pytest.raises(InputError):
        make()


def test_what_rows_have_in_common_is_taken_away_by_place_or_by_channel():
    torch.manual_seed(0)
    x = torch.rand(50, 3, 5, 4) + torch.arange(3.0)[:, None, None]
    x[0, 1, 2, 3] = torch.nan
    for shape, dims in (((3, 5, 4), 0), ((3, 1, 1), (0, 2, 3))):
        part = Centring(shape)
        assert torch.equal(part(x[1:]), x[1:])  # nothing is known yet
        part.learn(x)
        assert part.mean___.shape == shape
        torch.testing.assert_close(part(x).nanmean(dims), torch.zeros(part(x).nanmean(dims).shape), atol=1e-6, rtol=0)


def test_pictures_are_centred_before_they_are_read():
    """By the mean picture of the rows learned from, or where all places are treated alike by each channel's mean."""
    pictures = load_digits().images.astype(np.uint8)[:200]
    for network, hidden in (("dense", (8,)), ("conv", (4,)), ("vit", (8,))):
        model = Autoencoder(network=network, hidden=hidden, epochs=1, validation=0, random_state=0).fit(pictures)
        mean = torch.from_numpy(pictures.mean(0, keepdims=True) / 255).float()
        expected = mean.mean() if network == "conv" else mean
        torch.testing.assert_close(model.model_.encoder.centring.mean___.squeeze(), expected.squeeze())
