"""The table of figures for a model and data, and the search for a number of code values."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.datasets import load_digits, load_wine

from isthmus import Autoencoder, ModelFileError, modelfile, open_data, scoring
from isthmus.cli import main
from isthmus.jobs.evaluate import evaluate, rate_distortion
from isthmus.jobs.reduce import compare, judged_rows

numbers = np.random.default_rng(0)


def test_figures_agree_with_each_other_and_with_the_estimator(variational):
    estimator, judged = variational
    found = evaluate(estimator, judged, draws=50)
    assert found.rows == len(judged.rows)
    honest = compare(estimator, judged)
    assert found["squared_error"] == pytest.approx(honest.model, rel=1e-4)
    assert found["variance_left"] == pytest.approx(honest.model / honest.mean, rel=1e-4)
    assert found["rmse"] == pytest.approx(math.sqrt(found["squared_error"] / 64), rel=1e-6)
    assert found["elbo"] == pytest.approx(-found["distortion"] - found["rate"])
    assert found["elbo"] < -found["nll"]
    assert found["distortion"] + found["rate"] == pytest.approx(estimator.record_["held_out"]["held_loss"], rel=0.03)
    plain = found["nll"] / (64 * math.log(2)) + math.log2(255)
    assert plain - 0.05 < found["bits_per_dimension"] < 8
    assert evaluate(estimator, judged, draws=50).to_json() == found.to_json(), "the same twice"


def test_figures_that_do_not_apply_are_left_out(healthy):
    found = evaluate(*healthy).to_json()["figures"]
    assert not {"rate", "nll", "elbo", "bits_per_dimension", "completeness"} & set(found)
    assert {"squared_error", "active_units", "continuity_jump", "two_nn"} <= set(found)


def test_a_rate_costs_what_it_saves():
    curve = rate_distortion(Autoencoder("vae", latent_dim=3, epochs=30, random_state=0), load_wine().data, (0.2, 1, 5))
    assert [point["beta"] for point in curve] == [0.2, 1, 5]
    rates, costs = ([point[key] for point in curve] for key in ("rate", "distortion"))
    assert rates == sorted(rates, reverse=True)
    assert costs == sorted(costs)


def subspace(dim: int, features: int = 20) -> np.ndarray:
    return numbers.normal(size=(600, dim)) @ numbers.normal(size=(dim, features)) + 0.05 * numbers.normal(
        size=(600, features)
    )


@pytest.mark.parametrize("dim", [2, 4])
def test_auto_finds_the_dimension_of_a_subspace(dim):
    data = subspace(dim)
    fits = [Autoencoder(latent_dim="auto", epochs=2, random_state=0).fit(data) for _ in range(2)]
    assert fits[0].record_["sizes"]["chosen"] == dim == fits[0].transform(data).shape[1]
    assert fits[0].record_["sizes"] == fits[1].record_["sizes"]
    assert fits[0].transform(data).tobytes() == fits[1].transform(data).tobytes()
    assert fits[0].record_["sizes"]["maximum_likelihood"] == pytest.approx(dim, rel=0.5)


def test_auto_on_few_rows_is_the_default():
    model = Autoencoder(latent_dim="auto", epochs=1).fit(load_wine().data[:15])
    assert model.transform(load_wine().data[:3]).shape == (3, 4)
    assert "sizes" not in model.record_
    with pytest.raises(ValueError, match="latent_dim='many'"):
        Autoencoder(latent_dim="many").fit(load_wine().data)


def test_the_curve_is_saved_reported_and_not_believed_blindly(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", subspace(2, 6))
    assert main(["fit", "x.npy", "--latent-dim", "auto", "--epochs", "3"]) == 0
    said = capfd.readouterr().out
    assert "--latent-dim 2 " in said
    assert "too few epochs" in said
    page = (tmp_path / "x.html").read_text()
    assert "How many code values" in page
    assert "chosen (2)" in page
    assert Autoencoder.load("x.safetensors").record_["sizes"]["chosen"] == 2
    description, tensors = modelfile.read("x.safetensors")
    description["record"]["sizes"]["errors"] = ["<b>"]
    modelfile.write("y.safetensors", tensors, description)
    with pytest.raises(ModelFileError, match="garbled"):
        Autoencoder.load("y.safetensors")


def test_the_commands(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "wine", "--recipe", "vae", "--epochs", "3", "--no-report", "-q"]) == 0
    capfd.readouterr()
    assert main(["evaluate", "wine.safetensors", "wine", "--draws", "5", "--json"]) == 0
    figures = json.loads(capfd.readouterr().out)["figures"]
    assert {"elbo", "nll", "squared_error"} <= set(figures)
    assert main(["evaluate", "wine.safetensors", "wine"]) == 0
    assert "squared error" in capfd.readouterr().out
    assert main(["doctor", "wine.safetensors", "wine", "--json"]) == 0
    assert "too few epochs" in [diagnosis["name"] for diagnosis in json.loads(capfd.readouterr().out)]
    assert main(["doctor", "wine.safetensors", "wine"]) == 0
    assert "too few epochs: " in capfd.readouterr().out
    assert main(["fit", "wine", "--latent-dim", "several", "--force"]) == 2
    assert "write a whole number, or auto" in capfd.readouterr().err


def test_a_mixed_table_with_gaps_is_judged():
    import pandas as pd

    frame = pd.DataFrame({"a": numbers.normal(size=60), "b": numbers.choice(["x", "y"], 60)})
    frame.loc[[1, 5], "a"] = np.nan
    data = open_data(frame)
    model = Autoencoder("vae", latent_dim="auto", epochs=3, random_state=0).fit(data)
    found = evaluate(model, judged_rows(model, data), draws=5).to_json()["figures"]
    assert all(np.isfinite(value) for value in found.values())


def test_a_model_with_a_learned_prior_has_a_rate_whatever_its_sign(monkeypatch):
    data = open_data("digits").subset(np.arange(120))
    model = Autoencoder("vamp", 2, options={"components": 3}, epochs=1, hidden=(8,), random_state=0).fit(data)
    prior = type(model.model_.bottleneck.prior)
    monkeypatch.setattr(prior, "log_prob", lambda self, z: 100 + z.new_zeros(len(z)))  # a density may be any height
    found = evaluate(model, judged_rows(model, data), draws=5)
    assert found["rate"] < 0
    assert found["elbo"] == pytest.approx(-found["distortion"] - found["rate"])
    assert np.isfinite(found["nll"])


def test_a_cross_entropy_of_greys_is_not_called_a_likelihood():
    grey = load_digits().images[:100] / 16
    for x, key in ((grey, "cross_entropy_bound"), (np.where(grey > 0.5, 1.0, 0.0), "nll")):
        data = open_data(x, kind="images")
        model = Autoencoder("vae", 2, likelihood="bernoulli", epochs=1, hidden=(8,), random_state=0).fit(data)
        found = evaluate(model, judged_rows(model, data), draws=5)
        assert {"cross_entropy_bound", "nll"} & {figure.key for figure in found.figures} == {key}
        named = next(figure for figure in found.figures if figure.key == key)
        assert ("NLL" in named.name, "no density" in named.meaning) == (key == "nll", key != "nll")


def test_the_bound_of_a_conditional_model_is_of_the_rows_own_labels():
    digits = load_digits()
    data = replace(open_data(digits.images[:300] / 16, kind="images"), labels=digits.target[:300])
    model = Autoencoder("conditional", 2, epochs=25, hidden=(32,), random_state=0).fit(data)
    judged = judged_rows(model, data)
    told = evaluate(model, judged, draws=5)["elbo"]
    wrong = replace(judged, data=replace(data, labels=(digits.target[:300] + 1) % 10))
    assert told > evaluate(model, wrong, draws=5)["elbo"]
    assert told == pytest.approx(-model.record_["held_out"]["held_loss"], abs=2)


def test_auto_judges_counts_by_their_own_density():
    counts = sp.csr_matrix(numbers.poisson(3.0, (200, 6)))
    model = Autoencoder("ae", "auto", epochs=1, hidden=(8,), random_state=0).fit(counts)
    sizes = model.record_["sizes"]
    nats = scoring.distortion(model.model_, torch.tensor(counts.toarray(), dtype=torch.float32)).mean().item()
    # squared errors of these counts are twice as large
    assert sizes["errors"][0] == pytest.approx(nats, rel=0.15)
