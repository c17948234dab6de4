"""Terms about the aggregate posterior, against closed forms and the definitions written out."""

import math

import pytest
import torch
from torch import distributions as td

from isthmus import Autoencoder, recipes
from isthmus.bodies import choose_body
from isthmus.errors import InputError
from isthmus.parts import MMD, Code, TotalCorrelation, Trip
from isthmus.parts.aggregate import SCALES, mmd


def trip_of(z: torch.Tensor, mean: torch.Tensor | None = None, std: torch.Tensor | None = None) -> Trip:
    return Trip(z, z, Code(z, torch.zeros_like(z), mean_BZ=mean, std_BZ=std), z, z.sum(-1))


def gaussian_codes(rows: int, correlation: float, std: float) -> Trip:
    """Codes whose aggregate posterior is a known gaussian."""
    numbers = torch.Generator().manual_seed(0)
    mean = torch.randn(rows, 2, generator=numbers, dtype=torch.float64)
    mean[:, 1] = correlation * mean[:, 0] + math.sqrt(1 - correlation**2) * mean[:, 1]
    z = mean + std * torch.randn(rows, 2, generator=numbers, dtype=torch.float64)
    return trip_of(z, mean, torch.full_like(mean, std))


def test_total_correlation_by_its_definition():
    trip = gaussian_codes(5, 0.5, 0.7)
    z, mean, std = trip.code.z_BZ, trip.code.mean_BZ, trip.code.std_BZ
    total = 0.0
    for i in range(5):
        each = td.Normal(mean, std).log_prob(z[i]).exp()  # q(z_id | x_j)
        total += (each.prod(1).mean() / each.mean(0).prod()).log() / 5
    torch.testing.assert_close(TotalCorrelation(1.0)(None, trip), total, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_total_correlation_of_gaussian_codes(correlation):
    std = 0.5
    exact = -0.5 * math.log(1 - (correlation / (1 + std**2)) ** 2)
    found = TotalCorrelation(1.0)(None, gaussian_codes(1500, correlation, std)).item()
    assert found == pytest.approx(exact, abs=0.03)


def test_the_training_sets_size_would_only_add_a_constant():
    """The gradient is that of Chen et al.'s estimate, which asks for the number of training rows."""
    trip = gaussian_codes(6, 0.3, 0.5)
    gradients = []
    for rows in (None, 60_000):
        mean = trip.code.mean_BZ.clone().requires_grad_()
        if rows is None:
            loss = TotalCorrelation(1.0)(None, trip_of(trip.code.z_BZ, mean, trip.code.std_BZ))
        else:
            each = td.Normal(mean, trip.code.std_BZ).log_prob(trip.code.z_BZ[:, None])
            joint = each.sum(-1).logsumexp(1) - math.log(6 * rows)
            loss = (joint - (each.logsumexp(1) - math.log(6 * rows)).sum(-1)).mean()
        loss.backward()
        gradients.append(mean.grad)
    assert gradients[0].abs().max() > 1e-3
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


def test_total_correlation_asks_for_codes_that_are_drawn():
    with pytest.raises(InputError, match="gaussian bottleneck"):
        TotalCorrelation(1.0)(None, trip_of(torch.randn(4, 2)))


def test_mmd_by_its_definition():
    a, b = torch.randn(2, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def k(u, v):
        return sum(s * 6 / (s * 6 + (u - v).square().sum()) for s in SCALES)

    apart = [(i, j) for i in range(5) for j in range(5) if i != j]
    expected = sum(k(a[i], a[j]) + k(b[i], b[j]) for i, j in apart) / 20
    expected = expected - 2 * sum(k(u, v) for u in a for v in b) / 25
    torch.testing.assert_close(mmd(a, b), expected)


def test_mmd_is_nothing_on_average_for_codes_of_the_prior_and_much_for_others():
    torch.manual_seed(0)
    same = torch.stack([MMD(1.0)(None, trip_of(torch.randn(20, 2))) for _ in range(400)])
    assert abs(same.mean().item()) < 3 * same.std().item() / 20
    moved = torch.stack([MMD(1.0)(None, trip_of(1 + torch.randn(20, 2))) for _ in range(50)])
    assert moved.mean() > 5 * same.std()
    assert MMD(1.0)(None, trip_of(torch.randn(1, 2))).item() == 0


def test_mmd_pulls_codes_to_the_prior():
    torch.manual_seed(0)
    z = torch.nn.Parameter(0.2 * torch.randn(100, 2) + 1)
    optimizer = torch.optim.Adam([z], 0.05)
    for _ in range(200):
        optimizer.zero_grad()
        MMD(1.0)(None, trip_of(z)).backward()
        optimizer.step()
    torch.testing.assert_close(z.mean(0), torch.zeros(2), rtol=0, atol=0.2)
    torch.testing.assert_close(z.std(0), torch.ones(2), rtol=0, atol=0.2)


def test_options_out_of_range_are_named():
    body = choose_body((4,), (), missing=False)
    for name, options in (
        ("tc-vae", {"beta": 0.5}),
        ("info-vae", {"alpha": 2.0}),
        ("info-vae", {"alpha": 0.0, "strength": 0.5}),
        ("wae-mmd", {"strength": -1.0}),
        ("vamp", {"components": 0}),
        ("iwae", {"draws": 0}),
    ):
        with pytest.raises(InputError, match=next(iter(options))):
            recipes.get(name).build(body, 2, options)


def test_beta_1_of_tc_vae_is_a_vae():
    body = choose_body((4,), (), missing=False)
    model = recipes.get("tc-vae").build(body, 2, {"beta": 1.0})
    assert [term.weight(1.0) for term in model.terms] == [1.0, 0.0]


def test_the_wasserstein_autoencoder_is_sampled_from_the_prior_it_was_driven_to():
    model = recipes.get("wae-mmd").build(choose_body((5,), (("numeric", 1),) * 5, missing=False), 3, {})
    z = model.bottleneck.sample_prior(20_000)
    torch.testing.assert_close(torch.cov(z.T), torch.eye(3), rtol=0, atol=0.05)
    assert z.mean(0).abs().max() < 0.05
    exact = td.Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(model.bottleneck.prior.log_prob(z), exact)
    assert Autoencoder("wae-mmd", 2, epochs=1).fit(torch.randn(30, 5).numpy()).sample(4).shape == (4, 5)
