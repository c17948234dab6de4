"""Densities over codes and the rows drawn from them, against SciPy and Monte Carlo."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.neighbors import NearestNeighbors

from isthmus import Autoencoder, InputError
from isthmus.errors import ModelFileError
from isthmus.parts import Mixture, build


def placed(components: int = 5) -> tuple[Mixture, list]:
    numbers = np.random.default_rng(0)
    weights, means = np.array([0.2, 0.5, 0.3]), numbers.normal(size=(3, 2)) * 3
    roots = numbers.normal(size=(3, 2, 2))
    covariances = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(2)
    mixture = Mixture(2, components).double()
    mixture.place(*map(torch.from_numpy, (weights, means, covariances)))
    return mixture, list(zip(weights, means, covariances, strict=True))


def test_the_mixtures_density_is_scipys():
    mixture, parts = placed()
    z = np.random.default_rng(1).normal(size=(20, 2)) * 3
    wanted = np.log(sum(w * multivariate_normal(m, c).pdf(z) for w, m, c in parts))
    np.testing.assert_allclose(mixture.log_prob(torch.from_numpy(z)), wanted, rtol=1e-10)


def test_the_mixtures_draws_have_its_moments():
    mixture, parts = placed()
    torch.manual_seed(0)
    draws = mixture.sample(200_000).numpy()
    mean = sum(w * m for w, m, _ in parts)
    second = sum(w * (c + np.outer(m, m)) for w, m, c in parts)
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.05)
    np.testing.assert_allclose(draws.T @ draws / len(draws), second, atol=0.15)


def test_a_mixture_without_a_fit_has_no_density():
    for use in (lambda m: m.sample(2), lambda m: m.log_prob(torch.zeros(1, 2))):
        with pytest.raises(InputError, match=r"fit\(\)"):
            use(Mixture(2))
    model = Autoencoder("rae", latent_dim=2, random_state=0).partial_fit(load_wine().data)
    with pytest.raises(InputError, match=r"fit\(\)"):
        model.sample(3)


@pytest.mark.parametrize("components", [0, 10**9, 2.5, "many"])
def test_a_hostile_mixture_is_refused(components):
    with pytest.raises(ModelFileError):
        build({"part": "Mixture", "latent_dim": 2, "components": components})
    with pytest.raises(ModelFileError):
        build({"part": "Point", "latent_dim": 2, "prior": 5})


def test_the_fitted_density_is_that_of_the_codes():
    x = np.random.default_rng(0).normal(size=(500, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    model = Autoencoder("rae", latent_dim=2, epochs=5, random_state=0).fit(x)
    codes = model.transform(x)
    torch.manual_seed(0)
    drawn = model.model_.bottleneck.sample_prior(20_000).numpy()
    np.testing.assert_allclose(drawn.mean(0), codes.mean(0), atol=0.15 * codes.std(0).max())
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.15 * codes.var(0).max())


def test_few_rows_get_few_components():
    x = np.random.default_rng(0).normal(size=(12, 4))
    model = Autoencoder("rae", latent_dim=3, epochs=1, random_state=0).fit(x)
    assert (model.model_.bottleneck.prior.weights_K > 0).sum() == 1
    assert np.isfinite(model.sample(5, random_state=0)).all()


def nearest(pictures: np.ndarray, drawn: np.ndarray) -> float:
    """Mean distance of drawn rows to the nearest real one."""
    real, drawn = (x.reshape(len(x), -1) / 255.0 for x in (pictures, drawn))
    return float(NearestNeighbors(n_neighbors=1).fit(real).kneighbors(drawn)[0].mean())


def test_rows_drawn_by_the_fitted_density_are_like_the_data():
    pictures = (load_digits().images * 255 / 16).round().astype(np.uint8)
    train, other = pictures[:1000], pictures[1000:]
    model = Autoencoder("rae", latent_dim=8, hidden=(64,), epochs=25, random_state=0).fit(train)
    codes = model.transform(train)
    wild = codes.mean(0) + codes.std(0) * np.random.default_rng(0).normal(size=(400, 8))
    drawn, without = model.sample(400, random_state=0), model.inverse_transform(wild)
    assert nearest(other, drawn) < 0.95 * nearest(other, without), "no better than a gaussian without covariances"
    assert drawn.reshape(400, -1).std(0).mean() > 0.8 * pictures.reshape(len(pictures), -1).std(0).mean(), "all alike"


def test_samples_are_of_the_datas_kind(tmp_path):
    frame = load_iris(as_frame=True).frame.rename(columns={"target": "kind"})
    frame["kind"] = frame["kind"].map({0: "setosa", 1: "versicolor", 2: "virginica"})
    for recipe in ("rae", "vae"):
        model = Autoencoder(recipe, latent_dim=2, epochs=3, random_state=0).fit(frame)
        drawn = model.sample(7, random_state=1)
        assert isinstance(drawn, pd.DataFrame)
        assert list(drawn.columns) == list(frame.columns)
        assert drawn.dtypes.equals(frame.dtypes)
        assert set(drawn["kind"]) <= set(frame["kind"])
        pd.testing.assert_frame_equal(drawn, model.sample(7, random_state=1))
        assert not drawn.equals(model.sample(7, random_state=2))
        model.save(tmp_path / "m.safetensors")
        pd.testing.assert_frame_equal(Autoencoder.load(tmp_path / "m.safetensors").sample(7, random_state=1), drawn)


def test_a_code_without_a_density_says_what_to_do():
    model = Autoencoder("ae", latent_dim=2, epochs=1, random_state=0).fit(load_wine().data)
    with pytest.raises(InputError, match="rae or vae"):
        model.sample(3)
    for n in (0, -1, 2.5, True):
        with pytest.raises(InputError, match="n="):
            model.sample(n)


def test_a_gaussian_codes_prior_is_the_standard_one():
    model = Autoencoder("vae", latent_dim=3, epochs=1, random_state=0).fit(load_wine().data)
    torch.manual_seed(0)
    z = model.model_.bottleneck.sample_prior(50_000)
    torch.testing.assert_close(z.mean(0), torch.zeros(3), atol=0.02, rtol=0)
    torch.testing.assert_close(z.T @ z / len(z), torch.eye(3), atol=0.03, rtol=0)


def test_the_density_of_one_row_is_all_but_a_point():
    x = load_wine().data
    model = Autoencoder("rae", 2, validation=1, epochs=1, random_state=0).fit(x[:2])
    assert model.sample(3, random_state=0).shape == (3, 13)
