"""Pixels that see earlier ones: a normalised density, in the order it claims, with the mean it claims."""

import itertools

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from isthmus import Autoencoder, InputError, scoring
from isthmus.parts import Autoregressive, Bernoulli, Normal


def told_by_neighbours(likelihood=None, channels: int = 1, reach: int = 2) -> Autoregressive:
    torch.manual_seed(0)
    part = Autoregressive(likelihood or Bernoulli(), channels, reach, width=6).double()
    torch.nn.init.normal_(part.step.weight, std=2.0)
    return part


def test_probabilities_of_all_pictures_add_up_to_one():
    part = told_by_neighbours()
    every = torch.tensor(list(itertools.product((0.0, 1.0), repeat=9))).double().view(-1, 1, 3, 3)
    raw = torch.randn(1, 1, 3, 3).double().expand_as(every)
    assert part.nll(raw, every).neg().exp().sum().item() == pytest.approx(1)
    assert (part.nll(raw, every) - Bernoulli().nll(raw, every)).abs().max() > 0.5, "the neighbours say nothing"


def test_a_pixel_sees_those_before_it_within_reach_and_no_other():
    part, x = told_by_neighbours(channels=2), torch.rand(1, 2, 7, 8).double().requires_grad_()
    seen = torch.autograd.grad(part.corrected(torch.randn(1, 2, 7, 8).double(), x)[0, 0, 4, 3], x)[0].abs().sum((0, 1))
    expected = torch.zeros(7, 8, dtype=torch.bool)
    expected[2:4, 1:6] = True
    expected[4, 1:3] = True
    assert torch.equal(seen > 0, expected)


@pytest.mark.parametrize("likelihood", [Bernoulli(), Normal(bounded=True)])
def test_the_mean_is_each_pixels_where_those_before_are_at_theirs(likelihood):
    part = told_by_neighbours(likelihood, channels=2)
    raw = torch.randn(3, 2, 5, 6).double()
    mean = part.mean(raw)
    torch.testing.assert_close(mean, likelihood.mean(part.corrected(raw, mean)))


def test_large_pictures_are_refused_before_they_take_hours():
    with pytest.raises(InputError, match="129x128 pixels are too large"):
        Autoencoder("pixel-vae", epochs=1, hidden=(4,), network="dense").fit(np.zeros((20, 129, 128), np.uint8))


def test_ink_that_neighbours_foretell_costs_less():
    """Digits of held-out rows: with equal networks and epochs the bound is better than the plain one's."""
    digits = (load_digits().images > 7).astype("uint8") * 255
    common = {"latent_dim": 4, "likelihood": "bernoulli", "epochs": 25, "random_state": 0, "validation": 0}
    x = torch.from_numpy(digits[1500:] // 255).float()[:, None]
    cost = {}
    for name in ("vae", "pixel-vae"):
        model = Autoencoder(name, **common).fit(digits[:1500])
        torch.manual_seed(1)
        with torch.no_grad():
            cost[name] = -scoring.log_likelihood(model.model_.eval(), x, draws=50).mean().item()
    assert cost["pixel-vae"] < 0.98 * cost["vae"]
