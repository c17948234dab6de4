"""`isthmus fit --recipe upscaling` and `isthmus upscale`: whole commands on files."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder
from isthmus.data.photos import Photo, read_photo, write_photo
from isthmus.jobs.denoise import psnr
from isthmus.jobs.upscale import classical

FLOWER = load_sample_image("flower.jpg")[150:310, 200:400]
GREY = FLOWER[..., :1]
SMALL = np.asarray(Image.fromarray(FLOWER).resize((100, 80), Image.Resampling.BICUBIC))
FIT = ("--hidden", "24x5", "--learning-rate", 3e-3, "--batch-size", 8)


def write(path, pixels: np.ndarray, **more) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    write_photo(path, Photo(pixels if pixels.ndim == 3 else pixels[..., None], **more))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A small model of twelve grey pictures, a few seconds old, and what was said of it."""
    from isthmus.cli import main

    folder = tmp_path_factory.mktemp("china")
    whole = load_sample_image("china.jpg").mean(2).round().astype(np.uint8)
    for i in range(12):
        write(folder / "in" / f"{i:02}.png", whole[130 * (i // 4) :, 150 * (i % 4) :][: 130 - i % 3, :150])
    words = ("fit", folder / "in", "--recipe", "upscaling", *FIT, "--epochs", 10, "-o", folder / "m.safetensors", "-q")
    assert main([str(word) for word in words]) == 0
    return folder / "m.safetensors"


@pytest.fixture(scope="module")
def denoiser(fitted):
    """A model of another task."""
    from isthmus.cli import main

    model = fitted.with_name("denoiser.safetensors")
    words = ("fit", fitted.parent / "in", "--noise", "gaussian:25", "--hidden", "4", "--epochs", 1, "-o", model, "-q")
    assert main([str(word) for word in words]) == 0
    return model


def test_a_picture_is_enlarged_and_judged(isthmus, fitted, tmp_path):
    write(tmp_path / "in.png", SMALL)
    write(tmp_path / "truth.png", FLOWER)
    words = ("upscale", fitted, tmp_path / "in.png", "-o", tmp_path / "out.png", "--clean", tmp_path / "truth.png")
    done = isthmus(*words)
    assert done.code == 0, done.err
    found = psnr(read_photo(tmp_path / "out.png").pixels / 255, FLOWER / 255)
    peers = {name: psnr(peer / 255, FLOWER / 255) for name, peer in classical(SMALL, 2).items()}
    assert found > peers["bicubic"] + 0.4
    for number in (found, *peers.values()):
        assert f"{number:.2f}" in done.out
    ahead = found - max(peers.values())
    assert f"{abs(ahead):.2f} dB {'above' if ahead >= 0 else 'below'} Lanczos" in done.out


def test_a_folder_in_a_folder_out_under_the_same_names(isthmus, fitted, tmp_path):
    """16 bits, alpha, a turned JPEG with a profile: each stays what it is; alpha is bicubic."""
    alpha = np.broadcast_to(np.arange(100, dtype=np.uint8)[None, :, None], (80, 100, 1))
    exif = Image.Exif()
    exif[0x0112] = 6
    write(tmp_path / "in" / "a" / "see-through.png", SMALL, alpha=alpha)
    write(tmp_path / "in" / "grey.tif", SMALL[..., 0].astype(np.uint16) * 257)
    write(tmp_path / "in" / "turned.jpg", SMALL, exif=exif.tobytes(), profile=b"a profile")
    done = isthmus("upscale", fitted, tmp_path / "in", "-o", tmp_path / "out", "--factor", 3, "--json")
    assert done.code == 0, done.err
    names = ("a/see-through.png", "grey.tif", "turned.jpg")
    assert [(entry["picture"], entry["factor"]) for entry in json.loads(done.out)["pictures"]] == [
        (str(tmp_path / "in" / name), 3) for name in names
    ]
    clear, deep, turned = (read_photo(tmp_path / "out" / name) for name in names)
    assert [photo.pixels.shape for photo in (clear, deep, turned)] == [(240, 300, 3), (240, 300, 1), (240, 300, 3)]
    np.testing.assert_allclose(clear.alpha[0, 6:-6, 0], np.arange(6, 294) / 3 - 1 / 3, atol=0.51)
    assert deep.pixels.dtype == np.uint16
    assert (turned.orientation, turned.profile) == (6, b"a profile")
    expected = np.asarray(Image.fromarray(SMALL).resize((300, 240), Image.Resampling.BICUBIC))
    assert psnr(turned.pixels / 255, expected / 255) > 28  # it lies as it lay


def test_the_figures_after_a_fit_are_of_pictures_held_out(isthmus, fitted, tmp_path):
    words = ("fit", fitted.parent / "in", "--recipe", "upscaling", "--noise", "downscale:2-3", "--hidden", "4x3")
    done = isthmus(*words, "--epochs", 1, "--validation", 2, "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    for said in (
        "Means over 2 pictures held out",
        "enlarged 2 times",
        "enlarged 3 times",
        "Lanczos",
        "isthmus upscale",
    ):
        assert said in done.out
    assert "enlarged 4 times" not in done.out
    model = Autoencoder.load(tmp_path / "m.safetensors")
    assert model.model_.corruption.factors == (2, 3)
    assert model.schema_.shape[:2] == (60, 60)  # a multiple of both


def test_an_adversary_learns_beside_it(isthmus, fitted, tmp_path):
    """It trains, is kept and still enlarges; its critic tells true pictures from made ones."""
    words = ("fit", fitted.parent / "in", "--recipe", "upscaling", "--noise", "downscale:4", "--set", "adversary=0.01")
    done = isthmus(*words, "--hidden", "8x3", "--epochs", 2, "-o", tmp_path / "m.safetensors", "-q")
    assert done.code == 0, done.err
    model = Autoencoder.load(tmp_path / "m.safetensors")
    assert [term.strength for term in model.model_.terms] == [0.01]
    write(tmp_path / "in.png", SMALL)
    assert isthmus("upscale", tmp_path / "m.safetensors", tmp_path / "in.png", "-o", tmp_path / "out.png").code == 0
    assert read_photo(tmp_path / "out.png").pixels.shape == (320, 400, 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit", "others", "--noise", "downscale:1"), "write downscale:FACTOR"),
        (("fit", "others", "--noise", "downscale:7"), "whole numbers from 2 to 4"),
        (("fit", "others", "--recipe", "upscaling", "--noise", "downscale:two"), "write downscale:FACTOR"),
        (("fit", "others", "--recipe", "upscaling", "--noise", "gaussian:25"), "leave out --noise gaussian:25"),
        (("fit", "others", "--recipe", "upscaling", "--target", "empty"), "leave out --target"),
        (("fit", "wine", "--recipe", "upscaling"), "wine: --recipe upscaling takes a folder of pictures"),
        (("fit", "tiny", "--recipe", "upscaling"), "9x11 is too small to learn from"),
        (("fit", "others", "--recipe", "upscaling", "--set", "adversary=-1"), "adversary"),
        (("upscale", "MODEL", "in.png", "-o", "o.png", "--factor", "1"), "this model learned 2, 3, 4"),
        (("upscale", "MODEL", "in.png", "-o", "o.png", "--factor", "7"), "factor=7: this model learned 2, 3, 4"),
        (("upscale", "MODEL", "in.png", "-o", "o.png", "--factor", "two"), "'two' is not a valid integer"),
        (("upscale", "MODEL", "none.png", "-o", "o.png"), "none.png: no such picture"),
        (("upscale", "MODEL", "text.png", "-o", "o.png"), "text.png: not a picture"),
        (("upscale", "MODEL", "in.png", "-o", "in.png", "--force"), "written over the data"),
        (("upscale", "MODEL", "others", "-o", "others/new"), "lies in others"),
        (("upscale", "MODEL", "in.png", "-o", "o.png", "--clean", "in.png"), "differ: 40x50x1 and 80x100x1"),
        (("upscale", "MODEL", "in.png", "-o", "o.png", "--clean", "none.png"), "no such clean file"),
        (("upscale", "DENOISER", "in.png", "-o", "o.png"), "didn't learn to upscale"),
        (("denoise", "MODEL", "in.png", "-o", "o.png"), "undo downscaling, not noise"),
        (("segment", "MODEL", "in.png", "-o", "o.png"), "tells no masks"),
    ],
)
def test_bad_input_is_one_line(refused, fitted, denoiser, tmp_path, words, said):
    for name, size in (("in.png", (40, 50)), ("others/b.png", (40, 50)), ("tiny/b.png", (9, 11))):
        write(tmp_path / name, np.full((*size, 1), 99, np.uint8))
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("text")
    files = {"MODEL": fitted, "DENOISER": denoiser}
    assert said in refused(*(files.get(word, word) for word in words))
