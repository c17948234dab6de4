"""From captions in a file to drawings, through the commands."""

import json
from itertools import product

import numpy as np
import pytest
from PIL import Image

from isthmus import Autoencoder, modelfile, open_data
from isthmus.cli import main
from isthmus.errors import InputError, ModelFileError
from isthmus.generation import draw, known_caption

SIDE = 8
QUARTERS = {(down, across): f"{down} {across}" for down, across in product(("upper", "lower"), ("left", "right"))}


def picture(down: str, across: str, grey: int) -> np.ndarray:
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    half = SIDE // 2
    top, left = half * (down == "lower"), half * (across == "right")
    drawn[top : top + half, left : left + half] = grey
    return drawn


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Pictures one quarter of which is light, a file of captions that says which, and a model fitted to them."""
    folder = tmp_path_factory.mktemp("draw")
    (folder / "pictures").mkdir()
    rng, lines = np.random.default_rng(0), []
    for i in range(160):
        down, across = list(QUARTERS)[i % 4]
        drawn = picture(down, across, int(rng.integers(150, 256)))
        Image.fromarray(drawn).save(folder / "pictures" / f"{i:03d}.png")
        lines.append(f"{i:03d}.png,a {('square', 'box')[i // 4 % 2]} at the {down} {across}")
    rng.shuffle(lines)
    (folder / "captions.csv").write_text("\n".join(["file,caption", *lines]) + "\n")
    words = ["fit", folder / "pictures", "--captions", folder / "captions.csv", "-o", folder / "m.safetensors"]
    words += ["--epochs", 60, "--hidden", "8,16", "--latent-dim", 2, "--no-report", "-q"]
    assert main([str(word) for word in words]) == 0
    return folder


def quarter(pixels: np.ndarray) -> str:
    """Which quarter is the lightest."""
    light = {said: pixels[picture(*words, 1) > 0].mean() for words, said in QUARTERS.items()}
    return max(light, key=light.get)


@pytest.mark.parametrize("said", QUARTERS.values())
def test_a_caption_is_drawn(isthmus, place, tmp_path, said):
    done = isthmus("draw", place / "m.safetensors", f"A box in the {said} corner", "-o", tmp_path / "one.png")
    assert (done.code, done.err) == (0, "not known, and left out: corner\n")
    with Image.open(tmp_path / "one.png") as found:
        assert (found.mode, found.size) == ("L", (SIDE, SIDE))
        assert quarter(np.asarray(found)) == said
    for output in ("many.npy", "many", "sheet.png"):
        done = isthmus("draw", place / "m.safetensors", f"box {said}", "-n", 9, "-o", tmp_path / output, "--json")
        assert json.loads(done.out) == {"output": str(tmp_path / output), "rows": 9, "unknown": []}
    many = np.load(tmp_path / "many.npy")
    assert [quarter(each) for each in many] == [said] * 9
    assert len(list((tmp_path / "many").glob("*.png"))) == 9
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size[0] == sheet.size[1] > 3 * SIDE


def test_the_same_seed_draws_the_same(isthmus, place, tmp_path):
    found = {}
    for name, more in {"a": ("--seed", 3), "b": ("--seed", 3), "c": ("--seed", 4)}.items():
        path = tmp_path / f"{name}.png"
        assert isthmus("draw", place / "m.safetensors", "upper left", "-o", path, *more).code == 0
        found[name] = path.read_bytes()
    assert found["a"] == found["b"] != found["c"]
    model = Autoencoder.load(place / "m.safetensors")
    with Image.open(tmp_path / "a.png") as one:
        np.testing.assert_array_equal(draw(model, "upper left", random_state=3)[0, ..., 0], np.asarray(one))
    still = draw(model, "upper left", 3, temperature=0)
    np.testing.assert_array_equal(still[0], still[1])


def test_the_recipe_is_chosen_and_the_command_repeats_it(isthmus, place):
    model = Autoencoder.load(place / "m.safetensors")
    assert model.recipe == "drawing"
    assert {"upper", "left", "square"} <= set(model.conditions_.words)
    fit = ("fit", place / "pictures", "--captions", place / "captions.csv", "--epochs", 1, "--hidden", "8")
    said = isthmus(*fit, "-o", place / "again.safetensors", "--force", "--json")
    assert f"--captions {place / 'captions.csv'}" in json.loads(said.out)["command"]


def test_commands_are_told_by_captions(isthmus, place, tmp_path):
    model, data = place / "m.safetensors", place / "pictures"
    told = isthmus("encode", model, data, "--captions", place / "captions.csv", "-o", tmp_path / "told.npy")
    untold = isthmus("encode", model, data, "-o", tmp_path / "untold.npy")
    assert told.err == ""
    assert "is told a caption of every row" in untold.err
    assert untold.err.count("\n") == 1
    assert not np.allclose(np.load(tmp_path / "told.npy"), np.load(tmp_path / "untold.npy"))
    opened = open_data(data, captions=place / "captions.csv")
    codes = Autoencoder.load(model).transform(data, opened.captions.tolist())
    np.testing.assert_array_equal(codes, np.load(tmp_path / "told.npy"))
    judged = isthmus("evaluate", model, data, "--captions", place / "captions.csv", "--draws", 2)
    assert (judged.code, judged.err) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [(["a lft uper thing"], "did you mean left, upper?"), (["there it is"], "no word of this caption is known"),
     ([" "], "the caption is empty"), (["left", "-n", "5000"], "at most 4,096 pictures"),
     (["left", "-o", "x.gif"], "unknown ending '.gif'"), (["left", "--temperature", "-1"], "temperature=-1.0"),
     (["left", "--temperature", "nan"], "temperature=nan")],
)  # fmt: skip
def test_what_can_not_be_drawn_is_refused(refused, place, words, said):
    assert said in refused("draw", place / "m.safetensors", *(["-o", "out.png"] if "-o" not in words else []), *words)


def test_a_model_without_captions_is_refused(refused, picture_model, wine_model):
    for model in (picture_model, wine_model):
        said = refused("draw", model, "a small heart", "-o", "out.png")
        assert "isn't told captions: fit one to pictures with --captions" in said


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--recipe", "vae"], "--recipe vae isn't told --captions"), (["--noise", "gaussian:25"], "--noise learns to"),
     (["--validation", "other/"], "--validation other/: give a share"),
     (["--captions", "none.csv"], "none.csv: captions can't be read"), (["--captions", "builtin"], "bring none along")],
)  # fmt: skip
def test_fits_that_do_not_go_with_captions_are_refused(refused, place, more, said):
    words = ["fit", place / "pictures", "-o", "m.safetensors", "--captions", place / "captions.csv"]
    assert said in refused(*words, *more)


def test_a_file_with_hostile_words_is_refused(isthmus, place, tmp_path):
    description, tensors = modelfile.read(place / "m.safetensors")
    conditions = description.pop("conditions")
    del description["format"]
    for changed in (
        {"words": conditions["words"][1:]},
        {"words": ["x"] * len(conditions["words"])},
        {"kind": "vectors"},
    ):
        modelfile.write(tmp_path / "bad.safetensors", tensors, description | {"conditions": conditions | changed})
        with pytest.raises(ModelFileError):
            Autoencoder.load(tmp_path / "bad.safetensors")
        said = isthmus("draw", tmp_path / "bad.safetensors", "left", "-o", tmp_path / "x.png")
        assert (said.code, said.err.count("\n")) == (2, 1)
        assert not (tmp_path / "x.png").exists()


def test_drawing_by_an_encoder_of_ones_own():
    """Captions as vectors by any callable: here whether two words are in them."""

    def encoder(texts):
        return np.array([[float("left" in text), float("upper" in text)] for text in texts])

    texts = [said for said in QUARTERS.values() for _ in range(30)]
    pictures = np.stack([picture(*said.split(), 200) for said in texts])
    model = Autoencoder("conditional", 2, hidden=(32,), epochs=60, random_state=0).fit(pictures, encoder(texts))
    for said in QUARTERS.values():
        assert quarter(draw(model, said, encoder=encoder)[0]) == said
    with pytest.raises(InputError, match="or give the encoder of its vectors"):
        known_caption(model, "left")
