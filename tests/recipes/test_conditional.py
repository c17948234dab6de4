"""The conditional recipe: it uses what it is told, does without, and gives what is asked for."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from isthmus import Autoencoder, DataError, InputError, ModelFileError, modelfile, open_data, scoring
from isthmus.data import split
from isthmus.jobs.doctor import examine
from isthmus.jobs.evaluate import evaluate
from isthmus.jobs.reduce import compare, judged_rows
from isthmus.parts import Told

DIGITS = load_digits()
X = np.rint(DIGITS.images * (255 / 16)).astype(np.uint8)


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    return Autoencoder("conditional", latent_dim=3, epochs=25, random_state=0).fit(X, DIGITS.target)


def test_samples_are_of_the_class_that_was_asked(model):
    judge = LogisticRegression(max_iter=400).fit(X.reshape(len(X), -1) / 255, DIGITS.target)
    asked = np.repeat(np.arange(10), 30)
    drawn = model.sample(300, y=asked, random_state=0)
    assert drawn.shape == (300, 8, 8)
    assert drawn.dtype == np.uint8
    assert (judge.predict(drawn.reshape(300, -1) / 255) == asked).mean() > 0.9
    again = model.sample(300, y=asked, random_state=0)
    np.testing.assert_array_equal(drawn, again)
    np.testing.assert_array_equal(model.sample(2, y=4, random_state=1), model.sample(2, y=[4, 4], random_state=1))


def test_a_known_class_rebuilds_better_than_an_unknown_and_that_better_than_a_wrong_one(model):
    right, wrong = (model.reconstruction_error(X, y).mean() for y in (DIGITS.target, (DIGITS.target + 1) % 10))
    unknown = model.reconstruction_error(X).mean()
    assert right < unknown < wrong
    np.testing.assert_array_equal(model.transform(X[:5]), model.transform(X[:5], [None] * 5))
    np.testing.assert_array_equal(model.transform(X[:5]), model.transform(X[:5], [np.nan] * 5))


def test_the_likelihood_given_the_class_is_above_that_given_another(model):
    x = torch.from_numpy(X[:100, None].astype(np.float32) / 255)
    given = [model.conditions_.apply(labels) for labels in (DIGITS.target[:100], (DIGITS.target[:100] + 1) % 10)]
    torch.manual_seed(0)
    with torch.no_grad():
        right, wrong = (scoring.log_likelihood(model.model_, x, torch.from_numpy(c), draws=20).mean() for c in given)
        unknown = scoring.log_likelihood(model.model_, x, draws=20).mean()
    assert right > unknown > wrong


def test_the_datas_own_labels_are_taken(model):
    same = Autoencoder("conditional", latent_dim=3, epochs=1, random_state=0).fit("digits")
    assert same.conditions_.classes == tuple(range(10))
    np.testing.assert_allclose(same.transform("digits")[:50], same.transform(X[:50], DIGITS.target[:50]), atol=1e-5)


def test_vectors_are_conditions_too():
    numbers = np.random.default_rng(0)
    cause = numbers.normal(size=(600, 2))
    rows = np.hstack([cause @ numbers.normal(size=(2, 3)), numbers.normal(size=(600, 1))])
    model = Autoencoder("conditional", latent_dim=1, epochs=60, random_state=0).fit(rows, cause)
    assert model.reconstruction_error(rows, cause).mean() < 0.3 * model.reconstruction_error(rows).mean()
    assert model.sample(3, y=[0.5, 0.5], random_state=0).shape == (3, 4)


def test_conditions_of_one_number_are_one_a_row_or_one_for_all():
    y = np.linspace(0, 1, 60)
    model = Autoencoder("conditional", latent_dim=1, epochs=30, random_state=0).fit(np.c_[5 * y, y, -y], y)
    both = model.sample(2, y=[0.1, 0.9], random_state=0)
    for row, one in enumerate((0.1, 0.9)):
        np.testing.assert_allclose(model.sample(2, y=one, random_state=0)[row], both[row], rtol=1e-6)
    np.testing.assert_array_equal(model.sample(2, y=[[0.1], [0.9]], random_state=0), both)
    assert both[0, 0] < both[1, 0]


def test_fit_transform_is_fit_and_transform_of_the_same_conditions():
    given = {"latent_dim": 2, "epochs": 2, "random_state": 0}
    codes = Autoencoder("conditional", **given).fit_transform(X[:200], DIGITS.target[:200])
    model = Autoencoder("conditional", **given).fit(X[:200], DIGITS.target[:200])
    np.testing.assert_array_equal(codes, model.transform(X[:200], DIGITS.target[:200]))
    assert not np.allclose(codes, model.transform(X[:200]))


def test_a_class_whose_rows_are_all_held_out_is_known():
    rows, labels = np.random.default_rng(0).normal(size=(40, 3)), ["a", "b"] * 20
    held = split(40, 0.1, 0)[1][0]
    labels[held] = "rare"
    model = Autoencoder("conditional", latent_dim=1, epochs=1, random_state=0).fit(rows, labels)
    assert model.conditions_.classes == ("a", "b", "rare")


def test_held_out_rows_of_another_class_leave_no_model_behind():
    rows = np.random.default_rng(0).normal(size=(40, 3))
    held_out = open_data(pd.DataFrame(rows[:4], columns=["x0", "x1", "x2"]).assign(klass="c"), label="klass")
    model = Autoencoder("conditional", latent_dim=1, epochs=1, random_state=0)
    with pytest.raises(InputError, match="class 'c' was not among"):
        model.fit(rows, ["a", "b"] * 20, held_out=held_out)
    assert not hasattr(model, "model_")


def told_table(rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Rows that the label tells all but everything of."""
    numbers = np.random.default_rng(0)
    labels = numbers.integers(0, 4, rows)
    return 5 * np.eye(4)[labels] + 0.1 * numbers.normal(size=(rows, 4)), labels


def test_judges_are_told_what_the_model_was_told():
    rows, labels = told_table()
    model = Autoencoder("conditional", latent_dim=1, epochs=20, random_state=0).fit(rows, labels)
    data = open_data(rows)
    told, untold = judged_rows(model, data, labels), judged_rows(model, data)
    error = float(model.reconstruction_error(rows, labels)[told.rows].mean())
    assert compare(model, told).model == pytest.approx(error)
    assert compare(model, untold).model > 2 * error
    assert evaluate(model, told, draws=2)["squared_error"] == pytest.approx(error)
    with pytest.raises(DataError, match="2 conditions for 300 rows"):
        judged_rows(model, data, [1, 2])


def test_the_doctor_decodes_with_the_conditions():
    """The label tells all but one number: of four code values two suffice, if what is cut is told as the rest is."""
    rows, labels = told_table()
    rows = rows + np.random.default_rng(1).normal(size=(len(rows), 1))
    options = {"beta": 0.1, "drop": 0}
    model = Autoencoder("conditional", latent_dim=4, epochs=25, options=options, random_state=0).fit(rows, labels)
    found = examine(model, judged_rows(model, open_data(rows), labels))
    assert "wide bottleneck" in [diagnosis.name for diagnosis in found]


def test_the_search_for_a_size_is_told_the_conditions():
    """Where the label tells all, one code value is enough; untold it is not."""
    rows, labels = told_table(100)
    rows = rows[:, :2]
    model = Autoencoder("conditional", latent_dim="auto", hidden=(8,), epochs=1, random_state=0)
    assert model.fit(rows, labels).record_["sizes"]["errors"][0] < 0.4


def test_a_rate_is_sought_with_the_conditions():
    rows, labels = told_table()
    model = Autoencoder("conditional", latent_dim=1, random_state=0)
    told = model.find_learning_rate(rows, labels, steps=60)
    data = open_data(pd.DataFrame(rows, columns=list("abcd")).assign(klass=labels), label="klass")
    assert told == model.find_learning_rate(data, steps=60)
    other = model.find_learning_rate(rows, np.roll(labels, 1), steps=60)
    assert min(told.losses) < min(other.losses)


def test_conditions_survive_the_file_and_another_width_is_refused(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    loaded = Autoencoder.load(tmp_path / "m.safetensors")
    assert loaded.conditions_ == model.conditions_
    np.testing.assert_array_equal(loaded.sample(5, y=3, random_state=0), model.sample(5, y=3, random_state=0))
    description, tensors = modelfile.read(tmp_path / "m.safetensors")
    for conditions in (None, {"kind": "classes", "classes": ["a", "b"]}):
        changed = json.loads(json.dumps(description)) | {"conditions": conditions}
        changed.pop("format")
        modelfile.write(tmp_path / "n.safetensors", tensors, changed)
        with pytest.raises(ModelFileError, match="conditions"):
            Autoencoder.load(tmp_path / "n.safetensors")


def test_a_tenth_of_conditions_is_forgotten_in_training_alone():
    torch.manual_seed(0)
    told, given = Told(4, 0.1), torch.ones(20_000, 4)
    seen = told.train()(given, given)
    assert set(seen.sum(1).tolist()) == {0.0, 4.0}
    assert (seen.sum(1) == 0).double().mean().item() == pytest.approx(0.1, abs=0.01)
    assert torch.equal(told.eval()(given, given), given)
    assert not told(None, given).any()


def test_what_is_missing_or_wrong_is_refused_by_name(model):
    with pytest.raises(InputError, match="no labels: give y to fit"):
        Autoencoder("conditional", epochs=1).fit(X)
    with pytest.raises(DataError, match="3 conditions for 1,797 rows"):
        Autoencoder("conditional", epochs=1).fit(X, [1, 2, 3])
    with pytest.raises(DataError, match="2 conditions for 5 rows"):
        model.transform(X[:5], [1, 2])
    with pytest.raises(InputError, match="class 11 was not among"):
        model.sample(2, y=11)
    with pytest.raises(InputError, match=r"class 77 was not among those fitted: 0, 1, .*\(row 1"):
        model.transform(X[:5], [1, 77, 2, 3, 4])
    with pytest.raises(InputError, match="class '3' was not among"):
        model.score_samples(X[:2], ["3", "3"])
    plain = Autoencoder("vae", latent_dim=2, epochs=1, random_state=0).fit(X[:50])
    with pytest.raises(InputError, match="isn't conditional"):
        plain.sample(2, y=1)
    with pytest.raises(InputError, match="isn't conditional"):
        plain.inverse_transform(np.zeros((2, 2)), y=[1, 2])
    with pytest.raises(InputError, match="no density over its codes"):
        Autoencoder("ae", latent_dim=2, epochs=1, random_state=0).fit(X[:50]).sample(2)
