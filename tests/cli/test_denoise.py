"""`isthmus denoise` and `isthmus fit --noise`, `--target`: whole commands on files."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder
from isthmus.cli.restoring import passes
from isthmus.data.photos import Photo, read_photo, write_photo
from isthmus.jobs.denoise import psnr

FLOWER = load_sample_image("flower.jpg")[150:310, 200:401]
SMALL = ("--hidden", "24,24,24,24,24", "--learning-rate", 4e-3, "--batch-size", 8, "-q")


def noisy(picture: np.ndarray, level: float = 25) -> np.ndarray:
    full = np.iinfo(picture.dtype).max
    noise = level / 255 * full * np.random.default_rng(0).standard_normal(picture.shape)
    return np.clip(np.rint(picture + noise), 0, full).astype(picture.dtype)


def write(path, pixels: np.ndarray, **more) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    write_photo(path, Photo(pixels if pixels.ndim == 3 else pixels[..., None], **more))


@pytest.fixture(scope="module")
def china(tmp_path_factory):
    """Twelve grey pictures of three sizes, and the same under noise."""
    folder = tmp_path_factory.mktemp("china")
    whole = load_sample_image("china.jpg").mean(2).round().astype(np.uint8)
    for i in range(12):
        top, left = 130 * (i // 4), 150 * (i % 4)
        picture = whole[top : top + 130 + 5 * (i % 3), left : left + 150]
        write(folder / "clean" / f"{i:02}.png", picture)
        write(folder / "dirty" / f"{i:02}.png", noisy(picture))
    return folder


@pytest.fixture(scope="module")
def fitted(china):
    from isthmus.cli import main

    model = china / "model.safetensors"
    words = ("fit", china / "clean", "--recipe", "denoising", "--noise", "gaussian:0-55", *SMALL, "--epochs", 16)
    assert main([str(word) for word in (*words, "-o", model)]) == 0
    return model


def figures(picture: np.ndarray, clean: np.ndarray) -> float:
    return psnr(picture / np.iinfo(picture.dtype).max, clean / np.iinfo(clean.dtype).max)


def test_a_model_of_ones_own_cleans_a_picture_and_says_how_well(isthmus, fitted, tmp_path):
    write(tmp_path / "in.png", noisy(FLOWER[..., 0]))
    write(tmp_path / "truth.png", FLOWER[..., 0])
    done = isthmus(
        "denoise", fitted, tmp_path / "in.png", "-o", tmp_path / "out.png", "--clean", tmp_path / "truth.png"
    )
    assert done.code == 0, done.err
    found = read_photo(tmp_path / "out.png").pixels
    after = figures(found[..., 0], FLOWER[..., 0])
    assert after > figures(noisy(FLOWER[..., 0]), FLOWER[..., 0]) + 3.5
    assert f"{after:.2f}" in done.out
    assert "dB" in done.out
    assert "noise of level 2" in done.out


def test_a_folder_in_a_folder_out_under_the_same_names(isthmus, fitted, tmp_path):
    """16 bits, alpha, a turned JPEG, grey and colour: each stays what it is, and alpha is not touched."""
    alpha = np.random.default_rng(1).integers(0, 256, (*FLOWER.shape[:2], 1), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    write(tmp_path / "in" / "a" / "see-through.png", noisy(FLOWER), alpha=alpha)
    write(tmp_path / "in" / "grey.tif", noisy(FLOWER[..., 0].astype(np.uint16) * 257))
    write(tmp_path / "in" / "turned.jpg", noisy(FLOWER), exif=exif.tobytes(), profile=b"a profile")
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert [entry["picture"] for entry in json.loads(done.out)["pictures"]] == [
        "see-through.png",
        "grey.tif",
        "turned.jpg",
    ]
    before, after = (
        [read_photo(tmp_path / folder / name) for name in ("a/see-through.png", "grey.tif", "turned.jpg")]
        for folder in ("in", "out")
    )
    np.testing.assert_array_equal(after[0].alpha, alpha)
    assert after[1].pixels.dtype == np.uint16
    assert (after[2].orientation, after[2].profile) == (6, b"a profile")
    clean = (FLOWER, FLOWER[..., :1].astype(np.uint16) * 257, FLOWER)
    for was, found, truth in zip(before, after, clean, strict=True):
        assert found.pixels.shape == was.pixels.shape
        assert figures(found.pixels, truth) > figures(was.pixels, truth) + 2


def test_a_turned_picture_is_judged_as_it_is_shown(isthmus, fitted, tmp_path):
    """The clean one is stored upright, the other on its side under a tag that says so."""
    exif = Image.Exif()
    exif[0x0112] = 8
    write(tmp_path / "in.png", np.rot90(noisy(FLOWER[..., 0]), -1), exif=exif.tobytes())
    write(tmp_path / "truth.png", FLOWER[..., 0])
    words = ("denoise", fitted, tmp_path / "in.png", "-o", tmp_path / "out.png", "--clean", tmp_path / "truth.png")
    done = isthmus(*words, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)["pictures"][0]["figures"]
    assert found["before"] == pytest.approx(figures(noisy(FLOWER[..., 0]), FLOWER[..., 0]), abs=1e-3)
    assert found["after"] > found["before"] + 3


def test_a_level_that_is_told_is_the_level(isthmus, fitted, tmp_path):
    write(tmp_path / "in.png", noisy(FLOWER[..., 0]))
    for level in ("0", "25"):
        assert (
            isthmus("denoise", fitted, tmp_path / "in.png", "-o", tmp_path / f"{level}.png", "--level", level).code == 0
        )
    np.testing.assert_array_equal(*(read_photo(tmp_path / name).pixels for name in ("in.png", "0.png")))
    assert figures(read_photo(tmp_path / "25.png").pixels[..., 0], FLOWER[..., 0]) > 23


def test_pairs_of_files(isthmus, china, tmp_path):
    words = ("fit", china / "dirty", "--target", china / "clean", *SMALL[:-1], "--epochs", 16, "--validation", 2)
    done = isthmus(*words, "-o", tmp_path / "m.safetensors", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)["figures"]["pairs"]
    assert found["after"] > found["before"] + 3
    assert Autoencoder.load(tmp_path / "m.safetensors").record_["data"]["rows"] == 10 * 16


def test_the_figures_after_a_fit_are_of_pictures_held_out(isthmus, china, tmp_path):
    """Sixty copies of one picture to learn from would tell: here the last words are the held-out ones' PSNR."""
    words = ("fit", china / "clean", "--noise", "gaussian:25", *SMALL[:-1], "--epochs", 1, "--validation", 3)
    done = isthmus(*words, "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    assert "Means over 3 pictures held out" in done.out
    assert "noise 25" in done.out
    assert "20.1" in done.out or "20.2" in done.out  # 10 log10(255^2 / 25^2) = 20.17


def test_the_model_that_ships_needs_no_fit(isthmus, tmp_path):
    write(tmp_path / "in.png", noisy(FLOWER))
    done = isthmus("denoise", tmp_path / "in.png", "-o", tmp_path / "out.png")
    assert done.code == 0, done.err
    assert figures(read_photo(tmp_path / "out.png").pixels, FLOWER) > figures(noisy(FLOWER), FLOWER) + 4
    assert isthmus("denoise", tmp_path / "in.png", "-o", tmp_path / "out.png").code == 2  # it is there now
    assert isthmus("denoise", tmp_path / "in.png", "-o", tmp_path / "out.png", "--force", "-q").out == ""


@pytest.mark.parametrize(
    ("options", "rows", "expected"),
    [
        ({}, 9600, 10),
        ({}, 10**6, 1),
        ({"batch_size": 32}, 9600, 20),
        ({"epochs": 3}, 9600, 3),
        ({"minutes": 1}, 9, None),
    ],
)
def test_how_long_a_fit_takes_that_is_not_told(options, rows, expected):
    assert passes(Autoencoder("restoring", **options), rows) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("denoise", "none.png", "-o", "o.png"), "none.png: no such picture"),
        (("denoise", "text.png", "-o", "o.png"), "text.png: not a picture"),
        (("denoise", "in.png", "-o", "in.png", "--force"), "written over the data"),
        (("denoise", "in.png", "-o", "o.png", "--level", "-1"), "level=-1"),
        (("denoise", "in.png", "-o", "o.png", "--level", "nan"), "level=nan"),
        (("denoise", "in.png", "-o", "o.xyz"), "unknown ending '.xyz'"),
        (("denoise", "deep.png", "-o", "o.jpg"), "holds no 16-bit"),
        (("denoise", "in.png", "in.png", "-o", "o.png"), "must be a model's .safetensors"),
        (("denoise", "in.png", "-o", "o.png", "--clean", "deep.png"), "differ: 32x32x1 and 40x50x1"),
        (("denoise", "in.png", "-o", "o.png", "--clean", "none.png"), "no such clean picture"),
        (("denoise", "tiny.png", "-o", "o.png"), "too small to tell its noise"),
        (("denoise", "pictures", "-o", "in.png"), "name a folder"),
        (("denoise", "empty", "-o", "out"), "no pictures"),
        (("denoise", "pictures", "-o", "out"), "not a picture"),
        (("fit", "in.png", "--noise", "gaussian:25"), "take a folder of pictures"),
        (("fit", "wine", "--noise", "gaussian:25"), "take a folder of pictures"),
        (("fit", "pictures", "--noise", "gaussian"), "write gaussian:LEVEL"),
        (("fit", "pictures", "--noise", "gaussian:25", "--recipe", "vae"), "recipe denoising"),
        (("fit", "pictures", "--noise", "gaussian:25", "--target", "empty"), "leave out --noise"),
        (("fit", "pictures", "--noise", "gaussian:25", "--size", "8x8"), "--size has no use"),
        (("fit", "pictures", "--target", "empty"), "empty: no pictures"),
        (("fit", "pictures", "--target", "others"), "2 pictures without a partner"),
        (("fit", "others", "--noise", "gaussian:25", "--hidden", "8,8"), "an odd number of times"),
    ],
)
def test_bad_input_is_one_line(refused, tmp_path, words, said):
    write(tmp_path / "in.png", np.full((40, 50, 1), 99, np.uint8))
    write(tmp_path / "deep.png", np.full((32, 32, 1), 9999, np.uint16))
    write(tmp_path / "tiny.png", np.full((5, 5, 1), 99, np.uint8))
    write(tmp_path / "others" / "b.png", np.full((40, 50, 1), 99, np.uint8))
    for folder in ("pictures", "empty"):
        (tmp_path / folder).mkdir()
    (tmp_path / "text.png").write_text("text")
    (tmp_path / "pictures" / "a.png").write_text("text")
    assert said in refused(*words)


def test_pictures_that_cannot_be_read_may_be_passed_over(isthmus, fitted, tmp_path):
    write(tmp_path / "in" / "a.png", noisy(FLOWER[..., 0]))
    (tmp_path / "in" / "b.png").write_text("text")
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--skip-bad")
    assert done.code == 0
    assert "skipped 1: b.png: not a picture" in done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


def test_a_stopped_fit_goes_on(isthmus, china, tmp_path, monkeypatch):
    """A run that dies is resumed from its checkpoint to the very same weights."""
    from isthmus.training import Checkpoint

    words = ("fit", china / "clean", "--noise", "gaussian:0-55", "--hidden", "4,4,4", "--epochs", 2, "--seed", 3, "-q")
    assert isthmus(*words, "-o", tmp_path / "whole.safetensors").code == 0
    save, saves = Checkpoint.save, []

    def dying(self, *given):
        save(self, *given)
        saves.append(1)
        if len(saves) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save", dying)
    assert isthmus(*words, "-o", tmp_path / "m.safetensors", "--checkpoint-every", 0).code == 130
    monkeypatch.setattr(Checkpoint, "save", save)
    assert isthmus(*words, "-o", tmp_path / "m.safetensors", "--resume").code == 0
    one, other = (Autoencoder.load(tmp_path / f"{name}.safetensors").model_.state_dict() for name in ("whole", "m"))
    for name, tensor in one.items():
        assert tensor.numpy().tobytes() == other[name].numpy().tobytes(), name
