"""The estimator against mathematics that is known, and its promises about time, memory and trouble."""

import math
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from isthmus import Autoencoder, DataError, InputError, TrainingError, scoring
from isthmus.cli import main
from isthmus.jobs.reduce import compare, judged_rows
from isthmus.training import Run

X = StandardScaler().fit_transform(load_wine().data)
LINEAR = {"hidden": (), "weight_decay": 0.0, "validation": 0, "random_state": 0, "batch_size": 178}


def test_a_linear_autoencoder_is_pca():
    """Baldi & Hornik, Neural Networks 1989: the best linear autoencoder spans the principal subspace."""
    model = Autoencoder(latent_dim=3, likelihood="gaussian:1", epochs=3000, learning_rate=0.02, **LINEAR).fit(X)
    pca = PCA(3).fit(X)
    best = ((X - pca.inverse_transform(pca.transform(X))) ** 2).sum(1).mean()
    assert model.reconstruction_error(X).mean() == pytest.approx(best, rel=0.002)
    decoded = model.inverse_transform(np.vstack([np.zeros(3), np.eye(3)]))
    assert subspace_angles((decoded[1:] - decoded[0]).T, pca.components_.T).max() < 0.02


def test_a_linear_vae_reaches_the_likelihood_of_probabilistic_pca():
    """Lucas et al., NeurIPS 2019: its best ELBO is the maximum likelihood of Tipping & Bishop, 1999."""
    model = Autoencoder("vae", latent_dim=3, epochs=4000, learning_rate=0.01, **LINEAR).fit(X)
    values = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
    d, noise = X.shape[1], values[3:].mean()
    best = -0.5 * (d * math.log(2 * math.pi) + np.log(values[:3]).sum() + (d - 3) * math.log(noise) + d)
    torch.manual_seed(0)
    x = torch.from_numpy(model.preparation_.apply(X))
    with torch.no_grad():
        elbo = scoring.elbo(model.model_, x, samples=200).mean().item()
    assert elbo <= best + 0.02
    assert elbo == pytest.approx(best, abs=0.08)


def test_digits_beat_pca_and_the_comparison_is_on_rows_not_trained_on():
    model = Autoencoder(latent_dim=8, epochs=30, random_state=0).fit("digits")
    data = model._open("digits")
    judged = judged_rows(model, data)
    assert len(judged.rows) == 180
    assert not set(judged.rows) & set(judged.fitted_rows)
    honest = compare(model, judged)
    flat = load_digits().images.reshape(-1, 64) / 16
    pca = PCA(8).fit(flat[judged.fitted_rows])
    held = flat[judged.rows]
    by_hand = ((held - pca.inverse_transform(pca.transform(held))) ** 2).sum(1).mean()
    assert honest.pca == pytest.approx(by_hand, rel=0.02)  # digits' 17 levels are rounded to 8 bits
    assert honest.model < 0.8 * honest.pca < honest.mean
    assert honest.verdict.endswith("less error than PCA with 8 values.")


def test_streamed_and_resident_data_train_equally_well(tmp_path):
    pictures = (load_digits().images * 15).astype(np.uint8)
    np.save(tmp_path / "digits.npy", pictures)
    options = {"latent_dim": 8, "epochs": 12, "random_state": 0, "validation": 0}
    errors = [
        Autoencoder(memory=memory, **options).fit(tmp_path / "digits.npy").reconstruction_error(pictures).mean()
        for memory in (None, 60_000)
    ]
    assert errors[1] == pytest.approx(errors[0], rel=0.1)


def test_a_time_budget_is_kept_and_annealed_to_its_end():
    seen = []
    watch = lambda progress: seen.append((progress.fraction, progress.seconds))  # noqa: E731
    model = Autoencoder(minutes=0.03, callbacks=(watch,), random_state=0).fit(X)
    assert model.record_["stopped"] == "finished"
    assert 1.7 <= model.record_["seconds"] <= 3.5
    assert seen[-1][0] == 1.0
    assert all(fraction == pytest.approx(seconds / 1.8, abs=0.05) for fraction, seconds in seen[:-1])


def test_the_best_weights_are_kept_and_over_fitting_stops_early():
    model = Autoencoder(hidden=(256, 256), epochs=300, patience=5, weight_decay=0, random_state=0).fit(X[:60])
    losses = [epoch["held_loss"] for epoch in model.history_]
    assert model.record_["stopped"] == "early"
    assert model.record_["best_epoch"] == int(np.argmin(losses)) + 1 == len(losses) - 5
    assert model.record_["held_out"]["held_loss"] == min(losses)


def test_rows_given_as_held_out_choose_the_weights():
    model = Autoencoder(epochs=3, random_state=0).fit(X[:100], held_out=X[100:])
    assert model.record_["training_rows"] == 100
    assert "held_loss" in model.history_[0]


def test_partial_fit_learns_more_with_every_pass():
    model = Autoencoder(latent_dim=4, random_state=0)
    errors = [model.partial_fit(X).reconstruction_error(X).mean() for _ in range(40)]
    assert errors[-1] < 0.6 * errors[0]
    assert model.n_iter_ == 40


def test_a_loss_that_is_not_finite_stops_with_advice():
    with pytest.raises(TrainingError, match=r"smaller learning rate.*extreme values"):
        Autoencoder(likelihood="gaussian:1e-25", epochs=3, random_state=0).fit(X)


def test_missing_cells_are_modelled_and_imputed():
    numbers = np.random.default_rng(0)
    z = numbers.normal(size=(400, 1))
    full = z @ np.array([[1.0, -2.0, 0.5, 3.0]]) + 0.1 * numbers.normal(size=(400, 4))
    holes = full.copy()
    holes[numbers.random(full.shape) < 0.1] = np.nan
    model = Autoencoder(latent_dim=1, epochs=60, random_state=0).fit(holes)
    rebuilt = model.reconstruct(holes)
    gone = np.isnan(holes)
    scale = full.std(0)
    error = (((rebuilt - full) / scale)[gone] ** 2).mean()
    assert error < 0.25, "worse than a quarter of what guessing the mean costs"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"latent_dim": 0}, "latent_dim=0"),
        ({"latent_dim": "four"}, "latent_dim='four'"),
        ({"recipe": "vea"}, "did you mean 'vae'"),
        ({"recipe": "vae", "options": {"bta": 2}}, "did you mean 'beta'"),
        ({"network": "conv"}, "for pictures"),
        ({"likelihood": "bernoulli"}, "from 0 to 1"),
        ({"likelihood": "gausian"}, "did you mean 'gaussian'"),
        ({"activation": "rleu"}, "activation='rleu'"),
        ({"hidden": (0,)}, "positive whole numbers"),
        ({"shift": 1}, "moves pictures"),
        ({"epochs": 0}, "epochs=0"),
        ({"minutes": -1.0}, "minutes=-1.0"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"device": "tpu"}, "auto, cpu or cuda"),
        ({"precision": "float8"}, "float32 or bfloat16"),
        ({"patience": 0}, "patience=0"),
        ({"validation": 1.5}, "1.5"),
    ],
)
def test_options_out_of_range_are_refused_by_name(options, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        Autoencoder(**{"epochs": 1, **options}).fit(X)


def test_a_refused_refit_leaves_the_fitted_model_as_it_was():
    model = Autoencoder(latent_dim=2, epochs=1, random_state=0).fit(X)
    before = model.transform(X)
    with pytest.raises(InputError, match="from 0 to 1"):
        model.set_params(likelihood="bernoulli").fit(X * 100 + 5)
    np.testing.assert_array_equal(model.transform(X), before)


def test_numbers_of_numpy_are_options_like_any_others(tmp_path):
    options = {"learning_rate": np.float32(0.01), "validation": np.float64(0.3), "options": {"beta": np.int64(2)}}
    model = Autoencoder("vae", epochs=np.int64(2), random_state=0, **options).fit(X)
    model.save(tmp_path / "m.safetensors")
    assert Autoencoder.load(tmp_path / "m.safetensors").record_["validation"] == 0.3
    assert model.record_["held_out_rows"] == 53


def test_a_model_made_elsewhere_runs_here(tmp_path):
    model = Autoencoder(epochs=1, memory=10**9, random_state=0).fit(X)
    model.set_params(device="cuda").save(tmp_path / "m.safetensors")
    assert Autoencoder.load(tmp_path / "m.safetensors").set_params(device="cpu").transform(X).shape[0] == len(X)
    assert Autoencoder.load(tmp_path / "m.safetensors").device == "auto"


def test_codes_of_another_width_are_refused():
    model = Autoencoder(latent_dim=2, epochs=1, random_state=0).fit(X)
    with pytest.raises(DataError, match="codes have 3 values each; this model's have 2"):
        model.inverse_transform(np.zeros((1, 3)))


def test_torch_tensors_come_back_as_tensors():
    assert isinstance(
        Autoencoder(epochs=1, random_state=0).fit(torch.tensor(X)).reconstruct(torch.tensor(X)), torch.Tensor
    )
    pictures = torch.from_numpy((load_digits().images[:50] * 15).astype(np.uint8))
    model = Autoencoder(epochs=1, random_state=0).fit(pictures)
    rebuilt = model.reconstruct(pictures)
    assert isinstance(rebuilt, torch.Tensor)
    assert rebuilt.shape == pictures.shape
    assert rebuilt.dtype == pictures.dtype


def test_fits_in_several_threads_take_turns():
    data = load_wine().data

    def codes(seed: int) -> bytes:
        return Autoencoder("vae", latent_dim=2, epochs=3, random_state=seed).fit(data).transform(data).tobytes()

    alone = [codes(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(codes, range(4))) == alone


def test_samples_are_of_the_kind_fitted_on(tmp_path, monkeypatch):
    polars = pytest.importorskip("polars")
    rows = np.random.default_rng(0).normal(size=(40, 3))
    model = Autoencoder("vae", latent_dim=1, epochs=1, random_state=0).fit(polars.DataFrame(rows))
    model.save(tmp_path / "m.safetensors")
    monkeypatch.delitem(sys.modules, "polars")  # as in a process that has met no frame yet
    assert isinstance(Autoencoder.load(tmp_path / "m.safetensors").sample(2), polars.DataFrame)
    tensors = torch.from_numpy(rows)
    model = Autoencoder("vae", latent_dim=1, epochs=1, random_state=0).fit(tensors)
    assert type(model.sample(2)) is type(model.reconstruct(tensors)) is torch.Tensor


def test_a_size_that_is_none_is_refused_before_any_fit(monkeypatch):
    def never(*given, **more):
        raise AssertionError("searched for a size")

    monkeypatch.setattr("isthmus.sizing.choose", never)
    with pytest.raises(InputError, match="latent_dim='banana'"):
        Autoencoder(latent_dim="banana").fit(load_wine().data)


def test_ctrl_c_in_the_search_for_a_size_ends_it_all(monkeypatch):
    """As from the keyboard: the first signal comes in the first short fit, which would else just end early."""
    epochs = Run._epoch

    def pressed(run, interrupt):
        os.kill(os.getpid(), signal.SIGINT)
        epochs(run, interrupt)

    monkeypatch.setattr(Run, "_epoch", pressed)
    model = Autoencoder(latent_dim="auto", epochs=1, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(load_wine().data)
    assert not hasattr(model, "model_")
    assert main(["fit", "wine", "--latent-dim", "auto", "--no-report"]) == 130
