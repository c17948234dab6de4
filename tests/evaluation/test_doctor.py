"""Each diagnosis is provoked on purpose, and a sound fit gets none."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.datasets import load_digits

from isthmus import Autoencoder, open_data, recipes
from isthmus.data import Dataset
from isthmus.jobs.doctor import examine
from isthmus.jobs.reduce import Judged, judged_rows

numbers = np.random.default_rng(0)
PLANE = numbers.normal(size=(400, 2)) @ numbers.normal(size=(2, 10)) + 0.01 * numbers.normal(size=(400, 10))


def found(estimator, judged):
    return {diagnosis.name: diagnosis for diagnosis in examine(estimator, judged)}


def fit(data, **options):
    data = data if isinstance(data, Dataset) else open_data(data, kind=options.pop("kind", "auto"))
    estimator = Autoencoder(random_state=0, **options).fit(data)
    return estimator, judged_rows(estimator, data)


def test_a_sound_fit_gets_none(healthy):
    assert examine(*healthy) == []


def test_few_held_out_rows_say_nothing_of_how_codes_vary():
    estimator, judged = fit(PLANE[:60], recipe="vae", epochs=5, latent_dim=2)
    said = found(estimator, replace(judged, rows=judged.rows[:1]))
    assert not {"posterior collapse", "dead code values"} & set(said)


def test_held_out_rows_that_are_harder_in_themselves_are_not_over_fitting():
    """Of rows four times as far out a model that has learned nothing keeps all the variance, as of the others."""
    estimator, judged = fit(PLANE, epochs=1, latent_dim=2, learning_rate=1e-6)
    wilder = replace(judged, data=open_data(4 * PLANE), rows=np.arange(100))
    error = estimator.reconstruction_error(PLANE).mean()
    assert estimator.reconstruction_error(4 * PLANE[:100]).mean() > 10 * error
    assert "over-fitting" not in found(estimator, wilder)


def test_held_out_rows_that_are_all_alike_are_not_over_fitting():
    """Rows near the middle have hardly any variance to keep a share of, and less error than others."""
    estimator, judged = fit(PLANE, epochs=1, latent_dim=2, learning_rate=1e-6)
    near = np.sort(np.argsort((PLANE**2).sum(1))[:40])
    alike = PLANE[near[:1]] + 0.01 * PLANE[near]
    assert estimator.reconstruction_error(alike).mean() > 10 * alike.var(0).sum()
    assert "over-fitting" not in found(estimator, replace(judged, data=open_data(alike), rows=np.arange(40)))


def test_a_collapsed_posterior():
    said = found(*fit("digits", recipe="vae", options={"beta": 1000.0}, epochs=8))
    assert "0 of 8 code values are active" in said["posterior collapse"].seen
    assert "beta" in said["posterior collapse"].advice
    assert "wide bottleneck" not in said


def test_a_wide_bottleneck():
    assert "4 of the 8 directions" in found(*fit(PLANE, latent_dim=8, epochs=60))["wide bottleneck"].seen
    assert "wide bottleneck" not in found(*fit(PLANE, latent_dim=2, epochs=60))


@pytest.mark.parametrize("kind", ["counts", "conditional"])
def test_a_wide_bottleneck_of_counts_and_of_rows_with_labels(kind):
    """A decoded code knows neither the row's own total nor, unless it is told, its label."""
    some = np.random.default_rng(0)
    share = np.exp(PLANE[:200] - PLANE[:200].max(1, keepdims=True))
    counts = [
        some.multinomial(total, p / p.sum()) for total, p in zip(some.integers(99, 2000, 200), share, strict=True)
    ]
    label = some.integers(0, 3, 200)
    quick, said = {"epochs": 30, "hidden": (64,), "learning_rate": 0.01}, {}
    for dim in (2, 8):
        if kind == "counts":
            fitted = fit(sp.csr_matrix(np.stack(counts)), latent_dim=dim, **quick)
        else:
            data = replace(open_data(PLANE[:200] + 4 * np.eye(3, 10)[label]), labels=label)
            fitted = fit(data, latent_dim=dim, recipe="conditional", options={"beta": 0.1}, **quick)
        said[dim] = found(*fitted)
    assert "4 of the 8 directions" in said[8]["wide bottleneck"].seen
    assert ("beta" in said[8]["wide bottleneck"].advice) == (kind == "conditional")
    assert "wide bottleneck" not in said[2]


@pytest.mark.parametrize("recipe", ["iwae", "conv-vae", "conditional", "aae", "vae"])
def test_advice_names_options_that_the_recipe_has(recipe):
    digits = load_digits()
    data = replace(open_data("digits").subset(np.arange(100)), labels=digits.target[:100])
    estimator, judged = fit(data, recipe=recipe, latent_dim=2, epochs=1, hidden=(8,))
    for weight in estimator.model_.encoder.parameters():
        weight.data.zero_()
    advice = found(estimator, judged)["posterior collapse"].advice
    known = recipes.get(recipe).options
    assert set(re.findall(r"--set (\w+)", advice)) <= set(known)
    assert ("beta" in advice) == ("beta" in known)


def test_dead_code_values(healthy):
    estimator, judged = fit("digits", epochs=1)
    with torch.no_grad():
        last = list(estimator.model_.encoder.parameters())[-2:]
        for weight in last:
            weight[:3] = 0
    assert "3 of 8 code values are the same" in found(estimator, judged)["dead code values"].seen
    assert "dead code values" not in found(*healthy)


def test_dead_entries_of_a_codebook():
    estimator, judged = fit("digits", recipe="vq", epochs=15)
    assert "dead codes" not in found(estimator, judged)
    estimator.model_.bottleneck.codebook_KW[4:] = 1e6
    size = estimator.model_.bottleneck.entries
    assert f"4 of {size} entries" in found(estimator, judged)["dead codes"].seen


def test_values_that_the_likelihood_can_not_produce():
    pictures = load_digits().images / 16
    estimator, judged = fit(pictures, kind="images", likelihood="bernoulli", epochs=2)
    assert "impossible values" not in found(estimator, judged)
    other = open_data(3 * pictures, schema=estimator.schema_)
    said = found(estimator, judged_rows(estimator, other))["impossible values"]
    assert "from 0 to 3" in said.seen
    assert "bernoulli" in said.meaning


def test_unscaled_pictures():
    said = found(*fit(load_digits().images.astype(np.uint8), epochs=2))["unscaled input"]
    assert "0.063 of full scale (uint8)" in said.seen


def test_an_unscaled_column():
    estimator, judged = fit(PLANE, latent_dim=2, epochs=2)
    assert "unscaled input" not in found(estimator, judged)
    other = PLANE.copy()
    other[:, 4] *= 1000
    said = found(estimator, judged_rows(estimator, open_data(other)))["unscaled input"]
    assert "column 'x4'" in said.seen


def test_over_fitting():
    noise = np.random.default_rng(1).normal(size=(60, 30))
    said = found(*fit(noise, latent_dim=20, epochs=300, validation=20))["over-fitting"]
    assert "the held-out loss was best in epoch" in said.seen


def test_rows_known_by_heart(healthy):
    """Weights that no held-out row chose: the rows called held out were never seen."""
    rows = np.random.default_rng(1).normal(size=(80, 10))
    estimator = Autoencoder(latent_dim=8, epochs=150, validation=0, random_state=0).fit(rows[:40])
    seen, other = open_data(rows[:40]), open_data(rows[40:])
    every = np.arange(40)
    said = found(estimator, Judged(seen, every, other, every, "held-out rows"))
    assert "times the share of their variance that training rows do" in said["over-fitting"].seen


def test_too_few_epochs(healthy):
    for epochs in (1, 2, 4):
        assert "too few epochs" in found(*fit("digits", epochs=epochs)), epochs
    falling, judged = healthy
    kept, record = falling.history_, falling.record_
    falling.history_ = [{"held_loss": 100.0 - i} for i in range(50)]
    falling.record_ = replace_record(record)
    try:
        assert "20% of the loss's whole fall came in the last 10 of 50" in found(falling, judged)["too few epochs"].seen
    finally:
        falling.history_, falling.record_ = kept, record


def replace_record(record):
    return record | {"stopped": "finished", "steps": 5000}


def test_a_diagnosis_is_one_line_and_json(healthy):
    estimator, judged = healthy
    said = examine(estimator, replace(judged, which="rows of new data"))
    assert said == []
    for diagnosis in examine(*fit("digits", epochs=1)):
        assert "\n" not in str(diagnosis)
        assert set(json.loads(json.dumps(diagnosis.to_json()))) == {"name", "seen", "meaning", "advice"}


@pytest.mark.parametrize("data", ["wine", "breast-cancer", "diabetes"])
def test_small_tables_by_default_are_not_called_sick_without_cause(data):
    assert {
        "posterior collapse",
        "dead code values",
        "impossible values",
        "unscaled input",
        "too few epochs",
    }.isdisjoint(found(*fit(data)))
