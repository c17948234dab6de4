"""The estimator keeps every rule of scikit-learn's, with no expected failure."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from isthmus import Autoencoder


@parametrize_with_checks([Autoencoder(epochs=3), Autoencoder("vae", latent_dim=2, epochs=3)])
def test_every_check_of_scikit_learn(estimator, check):
    check(estimator)


def test_in_a_pipeline_under_a_grid_search():
    X, y = load_wine(return_X_y=True)
    steps = make_pipeline(StandardScaler(), Autoencoder(epochs=20, random_state=0), LogisticRegression())
    search = GridSearchCV(steps, {"autoencoder__latent_dim": [1, 4]}, cv=2).fit(X, y)
    assert search.best_params_ == {"autoencoder__latent_dim": 4}
    assert search.best_score_ > 0.8


def test_a_grid_over_a_recipes_own_options():
    X = load_wine().data
    grid = {"options": [{"beta": 0.1}, {"beta": 10.0}]}
    search = GridSearchCV(Autoencoder("vae", epochs=5, random_state=0), grid, cv=2).fit(X)
    rates = [(a.encode(X).std < 0.5).mean() for a in (search.best_estimator_, clone(search.best_estimator_).fit(X))]
    assert rates[0] == rates[1]


def test_names_of_codes_and_pandas_output():
    X = pd.DataFrame(load_wine(as_frame=True).data)
    model = Autoencoder(latent_dim=2, epochs=2, random_state=0).set_output(transform="pandas").fit(X)
    codes = model.transform(X)
    assert list(codes.columns) == ["autoencoder0", "autoencoder1"] == list(model.get_feature_names_out())
    assert codes.index.equals(X.index)


def test_fitting_leaves_the_callers_world_alone():
    import logging

    import torch

    X = load_wine().data
    before, state, handlers = X.copy(), torch.get_rng_state(), logging.getLogger().handlers[:]
    numbers, threads = np.random.get_state()[1].copy(), torch.get_num_threads()
    precision = torch.backends.mkldnn.matmul.fp32_precision
    Autoencoder("vae", epochs=2, random_state=0).fit(X).transform(X)
    np.testing.assert_array_equal(X, before)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], numbers)
    assert logging.getLogger().handlers == handlers
    assert torch.get_num_threads() == threads
    assert torch.backends.mkldnn.matmul.fp32_precision == precision
    assert (torch.tensor(1e-310, dtype=torch.float64) * 1).item() > 0, "denormals are still flushed"


@pytest.mark.parametrize("recipe", ["ae", "vae"])
def test_one_seed_gives_one_model_to_the_bit(recipe):
    X = load_wine().data
    codes = [Autoencoder(recipe, epochs=4, random_state=7).fit(X).transform(X) for _ in range(2)]
    assert codes[0].tobytes() == codes[1].tobytes()
    other = Autoencoder(recipe, epochs=4, random_state=8).fit(X).transform(X)
    assert not np.allclose(codes[0], other)
