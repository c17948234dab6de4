"""Laws that hold for every recipe, on every kind of data: a new entry of the table is under test at once."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
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


def ragged_series() -> np.ndarray:
    numbers = np.random.default_rng(0)
    series = np.sin(np.arange(11)[:, None] / 2 + numbers.uniform(0, 6, (40, 1, 2))) * (1.0, 20.0) + (0.0, 100.0)
    for row, length in enumerate(numbers.integers(4, 12, 40)):
        series[row, length:] = np.nan
    series[[0, 17], [10, 2], [0, 1]] = (0.5, np.nan)
    return series


CLAIMS = {
    "numbers": ("table", "numbers"), "mixed": ("table",), "pictures": ("images",), "colour": ("images",),
    "ragged": ("series",), "beats": ("series",),
}  # fmt: skip
DATA = {
    "numbers": lambda: load_wine().data,
    "mixed": mixed_frame,
    "pictures": lambda: (load_digits().images[:80] * 15).astype(np.uint8),
    "colour": lambda: np.random.default_rng(0).integers(0, 256, (40, 7, 9, 3), np.uint8),
    "ragged": ragged_series,
    "beats": lambda: np.random.default_rng(0).normal(5, 2, (40, 16)).astype(np.float32),
}
BODIES = {
    "numbers": {}, "mixed": {}, "pictures": {}, "colour": {"network": "conv", "hidden": (4, 8)},
    "ragged": {"kind": "series"}, "beats": {"kind": "series"},
}  # fmt: skip
ALL = [(name, kind) for name in recipes.names() for kind in DATA if {*CLAIMS[kind]} & {*recipes.get(name).kinds}]


@pytest.fixture(scope="module")
def fitted():
    models = {}

    def get(recipe: str, kind: str) -> tuple[Autoencoder, object]:
        if (recipe, kind) not in models:
            data = DATA[kind]()
            model = Autoencoder(recipe, latent_dim=3, epochs=3, random_state=0, **BODIES[kind])
            models[recipe, kind] = model.fit(data), data
        return models[recipe, kind]

    return get


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
        objective = trip.nll_B + sum(t.weight(1.0) * t(model.model_, trip) for t in model.model_.terms)
    np.testing.assert_allclose(-model.score_samples(data)[:16], objective, rtol=1e-4, atol=1e-3)
    assert model.score(data) == pytest.approx(model.score_samples(data).mean())


@pytest.mark.parametrize(("recipe", "kind"), ALL)
def test_reconstruction_keeps_shape_type_names_and_range(fitted, recipe, kind):
    model, data = fitted(recipe, kind)
    rebuilt = model.reconstruct(data)
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
                Autoencoder(name, epochs=1, kind=BODIES[kind].get("kind", "auto")).fit(DATA[kind]())


def test_a_corrupted_input_is_never_the_target():
    data = load_wine().data
    model = Autoencoder(options={"noise": 5.0}, epochs=1, random_state=0).fit(data)
    x = prepared(model, data)
    trip = model.model_.train()(x)
    assert not torch.allclose(trip.seen_B___, x)
    assert trip.x_B___ is x
    assert torch.equal(model.model_.eval()(x).seen_B___, x), "corrupted outside of training"


def test_recipes_describe_themselves():
    for name in recipes.names():
        recipe = recipes.get(name)
        assert 10 < len(recipe.summary) < 120
        assert any(character.isdigit() for character in recipe.source), "a source has a year"
    assert scoring.elbo.__doc__
    assert "2014" in scoring.elbo.__doc__
