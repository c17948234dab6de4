"""Two levels of codes: the densities are what the words say, and the prior learns what one gaussian can't."""

import pytest
import torch
from sklearn.datasets import load_digits

from isthmus import Autoencoder, InputError, scoring
from isthmus.parts import Gaussian, TwoLevels


def two_levels(latent_dim: int = 5) -> tuple[TwoLevels, torch.Tensor]:
    torch.manual_seed(0)
    part = TwoLevels(latent_dim, width=7).double()
    return part, torch.randn(4, part.inputs, dtype=torch.float64)


def test_the_rate_is_the_mean_of_what_draws_cost():
    part, h = two_levels()
    many = h.repeat_interleave(20_000, 0)
    torch.manual_seed(1)
    found = part.draw(many)[1].view(4, -1).mean(1)
    rate = part(many, sample=True).rate_BZ.sum(-1).view(4, -1).mean(1)
    torch.testing.assert_close(found, rate, rtol=0.02, atol=0.02)


def test_weights_of_draws_average_to_one():
    """E_q[p(z) / q(z|x)] = 1: what is called p and q are densities over the very codes drawn."""
    part, h = two_levels()
    torch.manual_seed(2)
    log_ratio = part.draw((0.3 * h).repeat_interleave(50_000, 0))[1].view(4, -1)
    torch.testing.assert_close((-log_ratio).exp().mean(1), torch.ones(4).double(), rtol=0.1, atol=0)


def test_a_prior_whose_lower_level_follows_the_upper():
    """With p(z1|z2) = N(A z2 + b, s^2) by hand, codes drawn have the joint gaussian's mean and covariance."""
    part = TwoLevels(4, width=2).double()
    a, b = torch.tensor([[2.0, 0.0], [1.0, -1.0]]).double(), torch.tensor([3.0, -1.0]).double()
    first, last = part.expects.layers[0], part.expects.layers[-1]
    with torch.no_grad():  # far out on silu's straight side: silu(x) = x
        first.weight.copy_(torch.eye(2))
        first.bias.fill_(50.0)
        last.weight.copy_(torch.cat([a, torch.zeros(2, 2).double()]))
        last.bias.copy_(torch.cat([b - 50 * a.sum(1), torch.full((2,), -1.0).double()]))
    torch.manual_seed(3)
    with torch.no_grad():
        z = part.sample_prior(100_000).double()
    eye = torch.eye(2).double()
    covariance = torch.cat([torch.cat([eye, a.T], 1), torch.cat([a, a @ a.T + eye * torch.e**-1], 1)])
    torch.testing.assert_close(z.mean(0), torch.cat([torch.zeros(2).double(), b]), rtol=0, atol=0.05)
    torch.testing.assert_close(z.T.cov(), covariance, rtol=0, atol=0.1)


def test_of_one_value_there_is_an_upper_level_alone():
    part, h = two_levels(1)
    same = Gaussian(1).double()
    torch.testing.assert_close(part(h, sample=False).rate_BZ, same(h, sample=False).rate_BZ)
    torch.testing.assert_close(part.posterior(h), same.posterior(h))
    assert part.sample_prior(3).shape == (3, 1)


def test_the_lower_level_carries_something_and_the_bound_lies_below_the_likelihood():
    pictures = (load_digits().images * 15).astype("uint8")
    model = Autoencoder("hierarchical", latent_dim=6, epochs=15, random_state=0).fit(pictures)
    x = torch.from_numpy(pictures[:200, None] / 255).float()
    torch.manual_seed(4)
    with torch.no_grad():
        rate_Z = model.model_(x, sample=True).code.rate_BZ.mean(0)
        elbo = scoring.elbo(model.model_, x, samples=20).mean()
        bound = scoring.log_likelihood(model.model_, x, draws=200).mean()
    assert rate_Z[3:].sum() > 0.5
    assert bound > elbo
    assert model.sample(3, random_state=0).shape == (3, 8, 8)


def test_a_width_that_can_not_be_is_refused():
    with pytest.raises(InputError, match="width=0"):
        TwoLevels(4, width=0)
