"""`isthmus evaluate --samples`: what a model makes, beside what simple models make."""

import json

import pytest


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    from isthmus.cli import main

    path = tmp_path_factory.mktemp("made") / "digits.safetensors"
    words = ["fit", "digits", "--recipe", "vae", "--epochs", 5, "--seed", 0, "-o", path, "--no-report", "--quiet"]
    assert main([str(word) for word in words]) == 0
    return path


def test_every_source_has_its_figures(isthmus, model):
    said = isthmus("evaluate", model, "digits", "--draws", 2, "--samples", 60, "--json")
    found = json.loads(said.out)["samples"]
    assert (said.code, found["rows"], found["judge"]) == (0, 60, "a classifier of the labels")
    assert {"prior", "mixture of codes", "gaussian", "mixture", "PPCA"} <= set(found["sources"])
    assert all(figures["frechet"] > 0 for figures in found["sources"].values())
    assert "samples" not in json.loads(isthmus("evaluate", model, "digits", "--draws", 2, "--json").out)


def test_the_table_is_readable_and_the_same_again(isthmus, model):
    said, again = (isthmus("evaluate", model, "digits", "--draws", 2, "--samples", 60) for _ in range(2))
    assert "PPCA" in said.out
    assert "by a classifier of the labels" in said.out
    assert said.out == again.out


def test_too_few_samples_are_refused(refused, model):
    assert "5 rows to compare samples with are too few" in refused("evaluate", model, "digits", "--samples", 5)
    assert "--samples" in refused("evaluate", model, "digits", "--samples", 0)
