"""Quantiles, grids and traversals of codes, against what they must be."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from isthmus import Autoencoder, open_data
from isthmus.errors import InputError
from isthmus.generation.maps import grid, middles, prior_quantiles, traversal, units_by_rate

numbers = np.random.default_rng(0)
SHARES = [0.01, 0.1, 0.5, 0.9, 0.99]


def fitted(recipe, latent_dim=3, **options):
    x = numbers.normal(size=(60, 5))
    return Autoencoder(recipe, latent_dim, epochs=1, hidden=(8,), random_state=0, **options).fit(x), open_data(x)


def test_quantiles_are_those_of_the_prior():
    model, _ = fitted("vae")
    found = prior_quantiles(model.model_, SHARES)
    np.testing.assert_allclose(found, np.repeat(norm.ppf(SHARES)[:, None], 3, 1), atol=0.05)
    before = torch.get_rng_state()
    np.testing.assert_array_equal(prior_quantiles(model.model_, SHARES), found)
    assert torch.equal(torch.get_rng_state(), before)


def test_quantiles_of_a_density_that_was_fitted():
    model, _ = fitted("rae")
    prior = model.model_.bottleneck.prior
    prior.place(torch.ones(1), torch.tensor([[3.0, 0, -1]]), torch.diag(torch.tensor([4.0, 1, 0.25]))[None])
    expected = norm.ppf(np.array(SHARES)[:, None], [3, 0, -1], [2, 1, 0.5])
    np.testing.assert_allclose(prior_quantiles(model.model_, SHARES), expected, atol=0.1)


def test_without_a_prior_there_are_none():
    model, _ = fitted("ae")
    with pytest.raises(InputError, match="no density"):
        prior_quantiles(model.model_, SHARES)


def test_a_grid_is_read_as_a_map_is():
    found = grid(np.array([[-1.0, 10], [0, 20], [1, 30]])).reshape(3, 3, 2)
    np.testing.assert_array_equal(found[0], [[-1, 30], [0, 30], [1, 30]])  # the upper line has the largest second value
    np.testing.assert_array_equal(found[:, 2, 1], [30, 20, 10])
    np.testing.assert_allclose(middles(4), [0.125, 0.375, 0.625, 0.875])


def test_a_traversal_moves_one_value_alone():
    found = traversal(np.array([5.0, 6, 7]), 1, np.array([-1.0, 2]))
    np.testing.assert_array_equal(found, [[5, -1, 7], [5, 2, 7]])


def test_units_come_by_what_they_tell():
    model, data = fitted("vae", 4)
    last = [layer for layer in model.model_.encoder.modules() if isinstance(layer, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.weight[2], last.bias[2] = 0.0, 5.0  # its mean is the same for all rows, and costs much
        last.weight[0] *= 20
    found, (mean, std) = units_by_rate(model, data), model.encode(data)
    rates = (0.5 * (mean**2 + std**2 - 1 - 2 * np.log(std))).mean(0)
    active = [unit for unit in np.argsort(-rates) if mean[:, unit].var() > 0.01]
    assert [unit.index for unit in found] == active
    assert found[0].index == 0
    assert 2 not in [unit.index for unit in found]
    np.testing.assert_allclose([unit.rate for unit in found], rates[active], rtol=1e-5)


def test_units_without_rates_of_their_own_come_by_their_spread():
    for recipe in ("rae", "vamp"):
        model, data = fitted(recipe)
        found, spread = units_by_rate(model, data), model.transform(data).std(0)
        assert all(unit.rate is None for unit in found)
        assert [unit.spread for unit in found] == pytest.approx(sorted(spread[spread**2 > 0.01], reverse=True))
