"""A conditional model through the command line: the label's column is remembered, and what is untold is said."""

import json

import numpy as np
import pandas as pd
import pytest

from isthmus import Autoencoder, open_data
from isthmus.cli import main


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Tables with and without labels, and a model fitted on the first."""
    folder = tmp_path_factory.mktemp("labels")
    numbers = np.random.default_rng(0)
    klass = np.array(["a", "b", "c"])[numbers.integers(0, 3, 90)]
    table = pd.DataFrame(numbers.normal(size=(90, 4)), columns=list("wxyz")).assign(klass=klass)
    table.to_csv(folder / "lab.csv", index=False)
    table.assign(klass=table["klass"].replace({"a": "d"})).to_csv(folder / "odd.csv", index=False)
    table.drop(columns="klass").to_csv(folder / "bare.csv", index=False)
    words = ["fit", folder / "lab.csv", "-o", folder / "m.safetensors", "--recipe", "conditional", "--label", "klass"]
    assert main([str(word) for word in [*words, "--epochs", 2, "--no-report", "-q"]]) == 0
    return folder


def codes(isthmus, place, data, *more):
    said = isthmus("encode", place / "m.safetensors", place / data, "-o", place / "codes.npy", "--force", *more)
    assert said.code == 0, said.err
    return np.load(place / "codes.npy"), said.err


def test_the_labels_column_is_remembered(isthmus, place):
    named, nothing = codes(isthmus, place, "lab.csv", "--label", "klass")
    usual, silent = codes(isthmus, place, "lab.csv")
    np.testing.assert_array_equal(usual, named)
    assert nothing == silent == ""
    model, frame = Autoencoder.load(place / "m.safetensors"), pd.read_csv(place / "lab.csv")
    assert model.label_ == "klass"
    for given in (str(place / "lab.csv"), frame, open_data(place / "lab.csv", label="klass")):
        np.testing.assert_array_equal(model.transform(given), named)
    assert list(model.reconstruct(frame).columns) == list("wxyz")
    for words in (("evaluate", "--draws", 2), ("doctor",)):
        assert isthmus(words[0], place / "m.safetensors", place / "lab.csv", *words[1:]).code == 0


def test_what_is_untold_is_said_in_one_line(isthmus, place):
    named, _ = codes(isthmus, place, "lab.csv")
    for data, more in (("bare.csv", ()), ("lab.csv", ("--drop", "klass"))):
        untold, said = codes(isthmus, place, data, *more)
        assert "taken as unknown" in said
        assert said.count("\n") == 1
        assert not np.allclose(untold, named)
    assert codes(isthmus, place, "bare.csv", "--quiet")[1] == ""
    said = isthmus("encode", place / "m.safetensors", place / "odd.csv", "-o", place / "c.npy")
    assert said.code == 2
    assert "class 'd' was not among those fitted: 'a', 'b', 'c'" in said.err


def test_codes_are_decoded_as_the_class_asked_for(isthmus, place):
    np.save(place / "z.npy", np.zeros((3, 2)))
    decode = ("decode", place / "m.safetensors", place / "z.npy", "-o", place / "rows.npy", "--force")
    said = isthmus(*decode, "--label", "b")
    assert (said.code, said.err) == (0, "")
    model = Autoencoder.load(place / "m.safetensors")
    np.testing.assert_array_equal(np.load(place / "rows.npy"), model.inverse_transform(np.zeros((3, 2)), ["b"] * 3))
    assert "taken as unknown" in isthmus(*decode).err
    np.testing.assert_array_equal(np.load(place / "rows.npy"), model.inverse_transform(np.zeros((3, 2))))
    said = isthmus(*decode, "--label", "q")
    assert said.code == 2
    assert "class 'q' was not among" in said.err


def test_a_model_without_conditions_has_no_classes_to_decode(isthmus, wine_model, tmp_path):
    np.save(tmp_path / "z.npy", np.zeros((3, 4)))
    said = isthmus("decode", wine_model, tmp_path / "z.npy", "-o", tmp_path / "r.csv", "--label", "1")
    assert said.code == 2
    assert "isn't conditional" in said.err


def test_classes_of_numbers_are_asked_for_as_they_are_written(isthmus, tmp_path):
    assert isthmus("fit", "digits", "--recipe", "conditional", "--epochs", 1, "--hidden", 8, "--network", "dense",
                   "--latent-dim", 2, "--no-report", "-q", "-o", tmp_path / "m.safetensors").code == 0  # fmt: skip
    np.save(tmp_path / "z.npy", np.zeros((2, 2)))
    said = isthmus("decode", tmp_path / "m.safetensors", tmp_path / "z.npy", "-o", tmp_path / "r.npy", "--label", 3)
    assert (said.code, said.err) == (0, "")


def test_a_garbled_name_of_the_label_is_refused(isthmus, place):
    from isthmus import modelfile

    description, tensors = modelfile.read(place / "m.safetensors")
    changed = json.loads(json.dumps(description))
    changed["record"]["data"]["label"] = ["klass"]
    changed.pop("format")
    modelfile.write(place / "n.safetensors", tensors, changed)
    said = isthmus("info", place / "n.safetensors")
    assert said.code == 2
    assert "record of the fit is garbled" in said.err
