"""Rows of tables: each column as it was, and codes drawn from the mixture that suits rows not fitted to."""

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus import Autoencoder, open_data
from isthmus.densities import fit_prior
from isthmus.errors import InputError
from isthmus.evaluation import column_distances
from isthmus.generation import generate
from isthmus.model import Model
from isthmus.parts import Dense, Gaussian, Mixture, Normal, Rate

numbers = np.random.default_rng(0)


@pytest.fixture(scope="module")
def spiky():
    """A tail that is 0 at three cells in ten, whole numbers, and two humps."""
    n = 1000
    frame = {"tail": np.where(numbers.random(n) < 0.3, 0, numbers.lognormal(0, 2, n))}
    frame |= {"whole": numbers.poisson(2, n), "humps": numbers.normal(size=n) + numbers.choice([-5, 5], n)}
    return pd.DataFrame(frame)


def test_bent_columns_are_distributed_as_learned_however_short_the_fit(spiky):
    model = Autoencoder("tabular", epochs=1, random_state=0).fit(spiky)
    assert column_distances(generate(model, 5000), spiky).max() < 0.03
    plain = Autoencoder("vae", epochs=1, random_state=0).fit(spiky)
    assert column_distances(generate(plain, 5000), spiky).max() > 0.15


def test_the_curves_of_a_label_and_a_temperature_are_those_of_all_rows(spiky):
    label = np.where(spiky["humps"] > 0, "up", "down")
    model = Autoencoder("tabular", 4, epochs=30, random_state=0).fit(spiky)
    up = generate(model, 500, label="up", fitted_to=open_data(spiky.assign(label=label), label="label"))
    assert (up["humps"] > 0).mean() > 0.9  # bent by curves of its own it would have both humps
    assert generate(model, 500, temperature=0.2)["humps"].std() < 0.9 * spiky["humps"].std()


def test_bent_numbers_are_refused_of_other_data():
    with pytest.raises(InputError, match="numbers='quantile' is for tables; these data are images"):
        Autoencoder(numbers="quantile").fit(np.zeros((9, 4, 4), np.uint8))
    with pytest.raises(InputError, match="did you mean 'quantile'"):
        Autoencoder(numbers="quantiles").fit(np.eye(9))


def drawn_by(latent_dim=2, components=16):
    mixture = Mixture(latent_dim, components)
    bottleneck = Gaussian(latent_dim, drawn_by=mixture)
    dense = Dense((3,), (2 * latent_dim,), ()), Dense((latent_dim,), (3,), ())
    return Model(dense[0], bottleneck, dense[1], Normal(), [Rate()]), mixture


@pytest.mark.parametrize("clumps", [1, 4])
def test_the_mixture_has_about_as_many_components_as_there_are_clumps(clumps):
    model, mixture = drawn_by()
    means = numbers.normal(size=(400, 2)) + 20 * np.eye(2)[np.arange(400) % 2] * (np.arange(400) % clumps)[:, None]
    fit_prior(model, lambda rows: (means[rows], np.full((len(rows), 2), 0.1)), np.arange(400), 0)
    assert clumps <= (mixture.weights_K > 0).sum() <= 2 * clumps  # of 16 that there might be


def test_what_rows_are_drawn_by_is_the_spread_of_codes_and_no_rate_knows_of_it():
    model, _ = drawn_by()
    h = torch.randn(5, 4)
    before = model.bottleneck(h, sample=False).rate_BZ
    means = 0.5 * numbers.normal(size=(3000, 2)) + 7
    fit_prior(model, lambda rows: (means[rows], np.full((len(rows), 2), 1.2)), np.arange(3000), 0)
    torch.testing.assert_close(model.bottleneck(h, sample=False).rate_BZ, before)
    drawn = model.bottleneck.sample_prior(20_000).numpy()
    np.testing.assert_allclose(drawn.mean(0), 7, atol=0.1)
    np.testing.assert_allclose(drawn.std(0), 1.3, rtol=0.05)  # root of 0.25 + 1.44
    with pytest.raises(InputError, match="drawn_by"):
        Gaussian(3, drawn_by=Mixture(2))
