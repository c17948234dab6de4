"""Laws that hold for every recipe, on every kind of data: a new entry of the table is under test at once."""

import json
import logging
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine

from isthmus import Autoencoder, recipes, scoring
from isthmus.errors import InputError
from isthmus.parts import build
from isthmus.training import Batch, Trainer
from isthmus.training.settings import Settings


def mixed_frame() -> pd.DataFrame:
    numbers = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "height": numbers.normal(170, 9, 60),
            "rooms": numbers.integers(1, 6, 60),
            "owner": numbers.random(60) < 0.5,
            "town": numbers.choice(["Ghent", "Lund", "Pisa"], 60),
            "constant": 3.0,
        }
    )
    frame.loc[[2, 9], "height"] = np.nan
    return frame


def sparse_counts() -> sp.csr_matrix:
    numbers = np.random.default_rng(0)
    counts = numbers.poisson(3 * numbers.gamma(0.5, size=(60, 12)))
    counts[7] = 0
    return sp.csr_matrix(counts)


def ragged_series() -> np.ndarray:
    numbers = np.random.default_rng(0)
    series = np.sin(np.arange(11)[:, None] / 2 + numbers.uniform(0, 6, (40, 1, 2))) * (1.0, 20.0) + (0.0, 100.0)
    for row, length in enumerate(numbers.integers(4, 12, 40)):
        series[row, length:] = np.nan
    series[[0, 17], [10, 2], [0, 1]] = (0.5, np.nan)
    return series


CLAIMS = {
    "numbers": ("table", "numbers"), "mixed": ("table",), "pictures": ("images",), "colour": ("images",),
    "counts": ("counts",),
    "ragged": ("series",), "beats": ("series",),
}  # fmt: skip
DATA = {
    "numbers": lambda: load_wine().data,
    "mixed": mixed_frame,
    "pictures": lambda: (load_digits().images[:80] * 15).astype(np.uint8),
    "colour": lambda: np.random.default_rng(0).integers(0, 256, (40, 7, 9, 3), np.uint8),
    "ragged": ragged_series,
    "beats": lambda: np.random.default_rng(0).normal(5, 2, (40, 16)).astype(np.float32),
    "counts": sparse_counts,
}
EXTRAS = {"flow-prior": "zuko"}
KINDS = {"ragged": "series", "beats": "series"}
BODIES = {kind: {"network": "conv", "hidden": (4, 8)} if kind == "colour" else {} for kind in DATA}
ALL = [(name, kind) for name in recipes.names() for kind in DATA if {*CLAIMS[kind]} & {*recipes.get(name).kinds}]
ONE_KIND = list({name: (name, kind) for name, kind in reversed(ALL)}.values())[::-1]
"""Each recipe on the first kind of data that it claims."""


@pytest.fixture(scope="module")
def fitted():
    models = {}

    def get(recipe: str, kind: str) -> tuple[Autoencoder, object]:
        if recipe in EXTRAS:
            pytest.importorskip(EXTRAS[recipe], reason=f"recipe {recipe} needs {EXTRAS[recipe]}, an optional extra")
        if (recipe, kind) not in models:
            data, body = DATA[kind](), {} if recipes.get(recipe).body else BODIES[kind]
            model = Autoencoder(recipe, latent_dim=3, epochs=3, random_state=0, kind=KINDS.get(kind, "auto"), **body)
            labels = labels_for(model, data)
            models[recipe, kind] = model.fit(data, labels), data
        return models[recipe, kind]

    return get


def labels_for(model: Autoencoder, data: object) -> np.ndarray | None:
    return np.arange(data.shape[0]) % 3 if recipes.get(model.recipe).conditional else None


def prepared(model: Autoencoder, data: object) -> torch.Tensor:
    return torch.from_numpy(model.preparation_.apply(model._open(data).source.take(np.arange(16))))


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_every_parameter_gets_a_finite_gradient_from_one_step(fitted, recipe, kind):
    model, data = fitted(recipe, kind)
    part = build(model.model_.spec).train()
    Trainer(part, Settings(epochs=1, minutes=None, batch_size=16)).step(Batch(prepared(model, data)), 1.0, 1.0)
    for name, weight in part.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_a_batch_equals_its_rows_one_by_one(fitted, recipe, kind):
    model, data = fitted(recipe, kind)
    whole = model.transform(data)[:5]
    rows = [model.transform(data[i : i + 1]) for i in range(5)]
    np.testing.assert_allclose(np.concatenate(rows), whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_the_score_is_the_unaveraged_objective(fitted, recipe, kind):
    model, data = fitted(recipe, kind)
    x = prepared(model, data)
    with torch.no_grad():
        trip = model.model_.eval()(x, sample=False)
        objective = trip.nll_B + sum(t.weight(1.0) * t(model.model_, trip) for t in model.model_.terms if t.in_scores)
    np.testing.assert_allclose(-model.score_samples(data)[:16], objective, rtol=1e-4, atol=1e-3)
    assert model.score(data) == pytest.approx(model.score_samples(data).mean())


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_reconstruction_keeps_shape_type_names_and_range(fitted, recipe, kind):
    model, data = fitted(recipe, kind)
    rebuilt = model.reconstruct(data)
    if kind == "counts":  # expected counts: dense, of the row's own total; a code alone knows no total
        assert rebuilt.shape == data.shape
        np.testing.assert_allclose(rebuilt.sum(1), np.ravel(data.sum(1)), rtol=1e-6)
        again = model.inverse_transform(model.transform(data))
        totals = rebuilt.sum(1, keepdims=True)
        np.testing.assert_allclose(again / again.sum(1, keepdims=True) * totals, rebuilt, rtol=1e-5, atol=1e-6)
        return
    assert type(rebuilt) is type(data)
    assert rebuilt.shape == data.shape
    if isinstance(data, pd.DataFrame):
        assert list(rebuilt.columns) == list(data.columns)
        assert rebuilt.dtypes.equals(data.dtypes)
        assert set(rebuilt["town"]) <= set(data["town"])
        np.testing.assert_allclose(rebuilt["constant"], 3.0)
    else:
        assert rebuilt.dtype == data.dtype
    again = model.inverse_transform(model.transform(data))
    if not isinstance(data, pd.DataFrame):
        known = ~np.isnan(rebuilt)  # a series has an end, which its code doesn't tell
        np.testing.assert_allclose(again[known], rebuilt[known], rtol=1e-5, atol=1)


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_a_saved_model_encodes_bit_equally_in_a_fresh_process(fitted, recipe, kind, tmp_path):
    model, data = fitted(recipe, kind)
    path = tmp_path / "m.safetensors"
    model.save(path)
    codes = Autoencoder.load(path).transform(data)
    assert codes.tobytes() == model.transform(data).tobytes()
    if recipe == recipes.names()[0] and kind == "numbers":
        np.save(tmp_path / "x.npy", data)
        code = (
            "import numpy as np, sys; from isthmus import Autoencoder; "
            "np.save(sys.argv[3], Autoencoder.load(sys.argv[1]).transform(np.load(sys.argv[2])))"
        )
        files = [str(path), str(tmp_path / "x.npy"), str(tmp_path / "z.npy")]
        subprocess.run([sys.executable, "-c", code, *files], check=True, timeout=120)
        assert np.load(tmp_path / "z.npy").tobytes() == codes.tobytes()


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_a_loaded_model_is_the_same_description(fitted, recipe, kind, tmp_path):
    model, _ = fitted(recipe, kind)
    model.save(tmp_path / "m.safetensors")
    loaded = Autoencoder.load(tmp_path / "m.safetensors")
    assert loaded.model_.spec == model.model_.spec
    assert loaded.schema_ == model.schema_
    assert loaded.record_ == model.record_
    loaded.save(tmp_path / "n.safetensors")
    assert (tmp_path / "m.safetensors").read_bytes() == (tmp_path / "n.safetensors").read_bytes()


@pytest.mark.parametrize("name", recipes.names())
def test_data_that_a_recipe_does_not_claim_are_refused(name):
    kinds = recipes.get(name).kinds
    for kind, claims in CLAIMS.items():
        if not {*claims} & {*kinds}:
            with pytest.raises(InputError, match=f"recipe '{name}' is for"):
                Autoencoder(name, epochs=1, kind=KINDS.get(kind, "auto")).fit(DATA[kind]())


def surroundings() -> tuple:
    root = logging.getLogger()
    drawn = (torch.get_rng_state().numpy().tobytes(), plain(np.random.get_state()), random.getstate())
    return *drawn, root.level, tuple(root.handlers), torch.get_num_threads(), torch.get_default_dtype()


def plain(state: tuple) -> tuple:
    return tuple(part.tobytes() if isinstance(part, np.ndarray) else part for part in state)


def frozen(data: object) -> object:
    """A copy; of an array one that can't be written to."""
    copy = data.copy()
    if isinstance(copy, np.ndarray):
        copy.flags.writeable = False
    return copy


@pytest.mark.parametrize(("recipe", "kind"), ONE_KIND)
def test_same_seed_same_weights_and_nothing_else_is_touched(fitted, recipe, kind):
    """To the bit; neither the caller's data nor the global random numbers, root logger or threads change."""
    model, data = fitted(recipe, kind)
    given, before = frozen(data), surroundings()
    again = clone(model).fit(given, labels_for(model, data))
    assert surroundings() == before
    if isinstance(data, pd.DataFrame):
        assert given.equals(data)
    else:
        dense = (x.toarray() if sp.issparse(x) else x for x in (given, data))
        np.testing.assert_array_equal(*dense)
    mine, other = (m.model_.state_dict() for m in (model, again))
    assert mine.keys() == other.keys()
    for name, tensor in mine.items():
        assert torch.equal(tensor, other[name]), name
    assert again.history_[-1]["loss"] == model.history_[-1]["loss"]


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_a_part_to_json_and_back_is_the_same_part(fitted, recipe, kind):
    model, data = fitted(recipe, kind)
    spec = json.loads(json.dumps(model.model_.spec, allow_nan=False))
    rebuilt = build(spec)
    assert rebuilt.spec == model.model_.spec == spec
    rebuilt.load_state_dict(model.model_.state_dict(), assign=True)  # the same memory layout: equal to the bit
    with torch.no_grad():
        x = prepared(model, data)
        trips = [part.eval()(x, sample=False) for part in (model.model_, rebuilt)]
        assert torch.equal(trips[0].raw_B___, trips[1].raw_B___)
        objectives = [part.objective(trip) for part, trip in zip((model.model_, rebuilt), trips, strict=True)]
    assert torch.equal(*objectives)


@pytest.mark.parametrize(("recipe", "kind"), ONE_KIND)
def test_a_corrupted_input_is_never_the_target(fitted, recipe, kind):
    """With the recipe's own corruption, if it has one, and with one that the user adds."""
    model, data = fitted(recipe, kind)
    x = prepared(model, data)
    own = [model.model_.spec] if model.model_.corruption is not None else []
    for spec in (*own, model.model_.spec | {"corruption": {"part": "GaussianNoise", "std": 5.0}}):
        part = build(spec).train()
        trip = part(x)
        whole = x.repeat(trip.draws, *[1] * (x.dim() - 1))
        same(trip.x_B___, whole)
        same(trip.nll_B, part.likelihood.nll(trip.raw_B___, whole))
        assert not torch.allclose(trip.seen_B___, whole, equal_nan=True)
        same(part.eval()(x).seen_B___, x)  # corrupted in training alone


def same(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)


def test_recipes_describe_themselves():
    for name in recipes.names():
        recipe = recipes.get(name)
        assert 10 < len(recipe.summary) < 120
        assert any(character.isdigit() for character in recipe.source), "a source has a year"
    assert scoring.elbo.__doc__
    assert "2014" in scoring.elbo.__doc__
