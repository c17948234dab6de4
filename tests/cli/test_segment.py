"""`isthmus fit --recipe segmenting` and `isthmus segment`: whole commands on files."""

import json

import numpy as np
import pytest
from PIL import Image

from isthmus.data.photos import Photo, write_photo
from isthmus.jobs.segment import overlap

FIT = ("--recipe", "segmenting", "--hidden", "12x5", "--learning-rate", 4e-3, "--batch-size", 8)


def scene(seed: int, height: int = 64, width: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """A striped square upon a ground that gets lighter to the right, of as much light as its stripes."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    top, left, side = *(int(draw.integers(4, length - 30)) for length in (height, width)), int(draw.integers(14, 26))
    mask = np.zeros((height, width), bool)
    mask[top : top + side, left : left + side] = True
    picture = 70 + 110 * x / width + 6 * draw.standard_normal((height, width)) + mask * 50 * np.sign(np.sin(1.6 * y))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8), mask


def write(path, pixels: np.ndarray, **more) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    pixels = 255 * pixels.astype(np.uint8) if pixels.dtype == bool else pixels
    write_photo(path, Photo(pixels if pixels.ndim == 3 else pixels[..., None], **more))


def mask_of(path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Pictures as JPEG and masks as PNG, whose names agree but for the ending."""
    folder = tmp_path_factory.mktemp("scenes")
    for i in range(24):
        picture, mask = scene(i)
        write(folder / "pictures" / f"{i:02}.jpg", picture)
        write(folder / "masks" / f"{i:02}.png", mask)
    return folder


@pytest.fixture(scope="module")
def fitted(scenes):
    from isthmus.cli import main

    model = scenes / "m.safetensors"
    words = ("fit", scenes / "pictures", "--target", scenes / "masks", *FIT, "--epochs", 40, "-o", model, "-q")
    assert main([str(word) for word in words]) == 0
    return model


def test_a_folder_of_masks_is_written_and_judged(isthmus, fitted, tmp_path):
    for seed in (100, 101):
        picture, mask = scene(seed, 90, 71)
        write(tmp_path / "in" / f"{seed}.jpg", picture)
        write(tmp_path / "true" / f"{seed}.png", mask)
    done = isthmus("segment", fitted, tmp_path / "in", "-o", tmp_path / "out", "--clean", tmp_path / "true")
    assert done.code == 0, done.err
    found = [overlap(mask_of(tmp_path / "out" / f"{s}.png") > 0, scene(s, 90, 71)[1])[0] for s in (100, 101)]
    assert min(found) > 0.5
    assert {*np.unique(mask_of(tmp_path / "out" / "100.png"))} == {0, 255}
    for said in (
        f"{found[0]:.3f} /",
        f"{np.mean(found):.3f} /",
        "Otsu",
        "spectral residual",
        "better than",
        "IoU / F1",
    ):
        assert said in done.out


def test_soft_masks_are_probabilities(isthmus, fitted, tmp_path):
    picture, mask = scene(102)
    write(tmp_path / "in.png", picture)
    for more in ((), ("--soft",)):
        done = isthmus("segment", fitted, tmp_path / "in.png", "-o", tmp_path / f"{len(more)}.png", *more, "--json")
        assert done.code == 0, done.err
    hard, soft = (mask_of(tmp_path / f"{i}.png") for i in range(2))
    np.testing.assert_array_equal(hard == 255, soft >= 128)
    assert len(np.unique(soft)) > 20
    assert soft[mask].mean() > soft[~mask].mean() + 100
    assert json.loads(done.out)["pictures"][0]["share"] == pytest.approx((hard == 255).mean())


def test_a_mask_lies_as_the_picture_is_shown(isthmus, fitted, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 8
    picture, _ = scene(103)
    write(tmp_path / "plain.png", picture)
    write(tmp_path / "turned.png", np.rot90(picture, -1), exif=exif.tobytes())
    for name in ("plain", "turned"):
        assert isthmus("segment", fitted, tmp_path / f"{name}.png", "-o", tmp_path / f"{name}-mask.png").code == 0
    np.testing.assert_array_equal(*(mask_of(tmp_path / f"{name}-mask.png") for name in ("plain", "turned")))


def test_the_figures_after_a_fit_are_of_pictures_held_out(isthmus, scenes, tmp_path):
    words = ("fit", scenes / "pictures", "--target", scenes / "masks", "--recipe", "segmenting", "--hidden", "4x3")
    more = ("--set", "edges=0.5", "--epochs", 1, "--validation", 2, "-o", tmp_path / "m.safetensors")
    done = isthmus(*words, *more)
    assert done.code == 0, done.err
    for said in ("Means over 2 pictures held out", "IoU / F1", "Otsu", "isthmus segment"):
        assert said in done.out
    done = isthmus(*words, *more, "--force", "--json")
    assert json.loads(done.out)["figures"]["masks"].keys() == {"IoU", "F1"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fit", "a", "--recipe", "segmenting"), "name the folder of masks with --target"),
        (("fit", "a", "--target", "other", "--recipe", "segmenting"), "pairs must be of one size"),
        (("fit", "a", "--target", "dark", "--recipe", "segmenting"), "all dark (below 128) throughout"),
        (("fit", "a", "--target", "light", "--recipe", "segmenting"), "all light (128 or more) throughout"),
        (("fit", "a", "--target", "colour", "--recipe", "segmenting"), "this one is colour of 8 bits"),
        (("fit", "a", "--target", "deep", "--recipe", "segmenting"), "this one is grey of 16 bits"),
        (("fit", "a", "--target", "alone", "--recipe", "segmenting"), "without a partner"),
        (("fit", "a", "--target", "good", "--recipe", "segmenting", "--set", "edges=-1"), "edges=-1"),
        (("fit", "a", "--target", "good", "--recipe", "segmenting", "--likelihood", "gaussian"), "takes bernoulli"),
        (("fit", "a", "--target", "good", "--recipe", "segmenting", "--noise", "gaussian:5"), "leave out --noise"),
        (("fit", "tiny", "--target", "tiny-masks", "--recipe", "segmenting"), "5x5 is too small to learn from"),
        (("segment", "MODEL", "none.png", "-o", "o.png"), "none.png: no such picture"),
        (("segment", "MODEL", "a/1.png", "-o", "o.jpg"), "which keep every pixel"),
        (("segment", "MODEL", "a/1.png", "-o", "a/1.png", "--force"), "written over the data"),
        (("segment", "MODEL", "a/1.png", "-o", "good/1.png"), "exists; overwrite it with --force"),
        (("segment", "MODEL", "a", "-o", "a/masks"), "lies in a"),
        (("segment", "MODEL", "a", "-o", "o", "--clean", "alone"), "without a partner"),
        (("segment", "MODEL", "a/1.png", "-o", "o.png", "--clean", "other/1.png"), "of size 20x16, the pictures are"),
        (("segment", "MODEL", "twice", "-o", "o"), "would both be written to"),
        (("denoise", "MODEL", "a/1.png", "-o", "o.png"), "use it with `isthmus segment`"),
        (("upscale", "MODEL", "a/1.png", "-o", "o.png"), "use it with `isthmus segment`"),
    ],
)
def test_bad_input_is_one_line(refused, fitted, tmp_path, words, said):
    picture, mask = scene(0)[0][:20], np.indices((20, 80)).sum(0) % 7 < 3
    shapes = {"a": picture, "good": mask, "other": mask[:, :16], "dark": mask & False, "light": mask | True}
    shapes |= {"colour": np.repeat(picture[..., None], 3, 2), "deep": picture.astype(np.uint16)}
    shapes |= {"tiny": picture[:5, :5], "tiny-masks": mask[:5, :5]}
    for name, pixels in shapes.items():
        write(tmp_path / name / "1.png", pixels)
    write(tmp_path / "alone" / "2.png", mask)
    if words[0] == "fit" and "tiny" in words:
        write(tmp_path / "tiny-masks" / "1.png", np.eye(5, dtype=bool))
    for ending in ("png", "bmp"):
        write(tmp_path / "twice" / f"1.{ending}", picture)
    assert said in refused(*(fitted if word == "MODEL" else word for word in words))
