"""`isthmus denoise` and `isthmus fit --noise`, `--target`: whole commands on files."""

import base64
import io
import json
import re
import sys

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder
from isthmus.cli.restoring import passes
from isthmus.data.photos import Photo, read_photo, write_photo
from isthmus.jobs.denoise import clean_file, psnr
from isthmus.restoration import Denoiser

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
    names = ("a/see-through.png", "grey.tif", "turned.jpg")
    assert [entry["picture"] for entry in json.loads(done.out)["pictures"]] == [
        str(tmp_path / "in" / name) for name in names
    ]
    before, after = ([read_photo(tmp_path / folder / name) for name in names] for folder in ("in", "out"))
    np.testing.assert_array_equal(after[0].alpha, alpha)
    assert after[1].pixels.dtype == np.uint16
    assert (after[2].orientation, after[2].profile) == (6, b"a profile")
    clean = (FLOWER, FLOWER[..., :1].astype(np.uint16) * 257, FLOWER)
    for was, found, truth in zip(before, after, clean, strict=True):
        assert found.pixels.shape == was.pixels.shape
        assert figures(found.pixels, truth) > figures(was.pixels, truth) + 2


def test_one_picture_goes_into_a_folder_that_is_not_there_yet(isthmus, fitted, tmp_path):
    write(tmp_path / "in.png", noisy(FLOWER[..., 0]))
    done = isthmus("denoise", fitted, tmp_path / "in.png", "-o", f"{tmp_path / 'new'}/")
    assert (done.code, str(tmp_path / "new" / "in.png") in done.out) == (0, True)
    assert read_photo(tmp_path / "new" / "in.png").pixels.shape == (*FLOWER.shape[:2], 1)


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


def pictures_of(page: str) -> list[np.ndarray]:
    found = re.findall(r"data:image/png;base64,([^\"]+)", page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"), float) for text in found]


def test_the_page_of_a_fit_shows_pictures_held_out_and_figures(isthmus, china, tmp_path):
    words = ("fit", china / "clean", "--noise", "gaussian:25", *SMALL[:-1], "--epochs", 1, "--validation", 2)
    assert isthmus(*words, "-o", tmp_path / "m.safetensors").code == 0
    page = (tmp_path / "m.html").read_text()
    assert len(pictures_of(page)) == 2
    for shown in ("non-local means", "How it learned", "isthmus denoise", "RestoringEncoder"):
        assert shown in page
    assert isthmus(*words, "-o", tmp_path / "n.safetensors", "--no-report").code == 0
    assert not (tmp_path / "n.html").exists()


def test_the_page_of_denoised_pictures_shows_before_after_and_difference(isthmus, fitted, tmp_path):
    write(tmp_path / "in.png", noisy(FLOWER[:96, :96, 0]))
    write(tmp_path / "truth.png", FLOWER[:96, :96, 0])
    words = ("denoise", fitted, tmp_path / "in.png", "-o", tmp_path / "out.png", "--clean", tmp_path / "truth.png")
    assert isthmus(*words, "--report", tmp_path / "page.html").code == 0
    (sheet,) = pictures_of((tmp_path / "page.html").read_text())
    before, after, _, clean = (sheet[:96, start : start + 96] for start in range(0, 4 * 99, 99))
    for shown, name in ((before, "in"), (after, "out"), (clean, "truth")):
        np.testing.assert_allclose(shown, read_photo(tmp_path / f"{name}.png").pixels[..., 0], atol=1)
    done = isthmus(*words, "--force", "--report", tmp_path / "truth.png")
    assert done.code == 2
    assert "truth.png" in done.err


def test_names_may_hold_brackets(isthmus, fitted, tmp_path):
    """Some libraries read [/b] as the end of bold letters."""
    for name in ("[bold]x.png", "a[/]b.png"):
        write(tmp_path / "in" / name, noisy(FLOWER[:40, :40, 0]))
        write(tmp_path / "truth" / name, FLOWER[:40, :40, 0])
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--clean", tmp_path / "truth")
    assert done.code == 0, done
    assert "[bold]x.png" in done.out.replace("\n", "")
    assert "a[/]b.png" in done.out.replace("\n", "")


def test_what_is_kept_to_be_shown_is_small(fitted, tmp_path):
    """Of a folder of large photos the whole ones are not to stay in memory."""
    write(tmp_path / "in.png", np.tile(noisy(FLOWER[..., 0]), (4, 3)))
    found = clean_file(Denoiser(Autoencoder.load(fitted)), tmp_path / "in.png", tmp_path / "out.png", 25, None)
    for shown in (found.example.seen, found.example.restored):
        assert shown.shape == (192, 192, 1)
        assert (shown if shown.base is None else shown.base).nbytes == 192 * 192 * 4


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
        (("denoise", "none.png", "-o", "o.png"), "none.png: no such file"),
        (("denoise", "text.png", "-o", "o.png"), "text.png: not a picture"),
        (("denoise", "in.png", "-o", "in.png", "--force"), "written over the data"),
        (("denoise", "in.png", "-o", "o.png", "--level", "-1"), "level=-1"),
        (("denoise", "in.png", "-o", "o.png", "--level", "nan"), "level=nan"),
        (("denoise", "in.png", "-o", "o.xyz"), "unknown ending '.xyz'"),
        (("denoise", "deep.png", "-o", "o.jpg"), "holds no 16-bit"),
        (("denoise", "in.png", "in.png", "-o", "o.png"), "must be a model's .safetensors"),
        (("denoise", "in.png", "-o", "o.png", "--clean", "deep.png"), "differ: 32x32x1 and 40x50x1"),
        (("denoise", "in.png", "-o", "o.png", "--clean", "none.png"), "no such clean file"),
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
        (("fit", "others", "--noise", "gaussian:25", "--network", "dense"), "takes residual alone"),
        (("fit", "others", "--noise", "gaussian:25", "--likelihood", "bernoulli"), "takes gaussian or laplace"),
        (("fit", "others", "--noise", "gaussian:25", "--corruption", "masking:0.5"), "--corruption has no use"),
        (("fit", "others", "--noise", "gaussian:25", "--latent-dim", "7"), "--latent-dim has no use"),
        (("fit", "others", "--target", "empty", "--penalty", "l1=1"), "--penalty has no use"),
        (("fit", "others", "--target", "empty", "--kind", "table"), "--kind table"),
        (("fit", "others", "--target", "./others"), "is DATA itself"),
        (
            ("fit", "mixed", "--noise", "gaussian:25", "--validation", "1"),
            "not a picture; pass over it with --skip-bad",
        ),
        (("denoise", "others", "-o", "others/new", "--force"), "lies in others"),
        (("denoise", "others", "-o", "others", "--force"), "lies in others"),
        (("denoise", "nest/B", "-o", "nest", "--force", "--clean", "nest"), "written over the data"),
        (("denoise", "in.png", "-o", "text.png/o/o.png"), "can't make the folder text.png/o"),
        (("denoise", "sizes", "-o", "out"), "sizes/b.png: a picture of 5x5 is too small to tell its noise"),
        (("denoise", "forms", "-o", "out"), "out/b.jpg: .jpg holds no alpha"),
        (("denoise", "in.png", "-o", "in.png/o.png"), "can't make the folder in.png"),
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
    for name in ("sizes/a.png", "forms/a.png", "nest/x.png", "nest/B/x.png", "mixed/a.png"):
        write(tmp_path / name, np.full((40, 50, 1), 99, np.uint8))
    (tmp_path / "mixed" / "b.png").write_text("text")
    write(tmp_path / "sizes" / "b.png", np.full((5, 5, 1), 99, np.uint8))
    write(tmp_path / "forms" / "b.png", np.full((40, 50, 3), 99, np.uint8), alpha=np.full((40, 50, 1), 9, np.uint8))
    (tmp_path / "forms" / "b.png").rename(tmp_path / "forms" / "b.jpg")
    assert said in refused(*words)


def test_pictures_that_cannot_be_read_may_be_passed_over(isthmus, fitted, tmp_path):
    write(tmp_path / "in" / "a.png", noisy(FLOWER[..., 0]))
    (tmp_path / "in" / "b.png").write_text("text")
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--skip-bad")
    assert done.code == 0
    assert f"skipped 1: {tmp_path}/in/b.png: not a picture" in done.err
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


def test_a_folder_does_not_eat_its_own_pictures(isthmus, tmp_path):
    """Another picture of the folder, its hard link or a clean one is never where a result goes."""
    for name in ("in/x.png", "in/y.png", "clean/x.png", "clean/y.png"):
        write(tmp_path / name, noisy(FLOWER[..., 0]))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "y.png").hardlink_to(tmp_path / "in" / "x.png")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.png")}
    for out, more in (("out", ()), ("clean", ("--clean", tmp_path / "clean"))):
        done = isthmus("denoise", tmp_path / "in", "-o", tmp_path / out, "--force", *more)
        assert (done.code, "written over the data" in done.err) == (2, True), out
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.png")} == before


def test_skip_bad_passes_over_what_cannot_be_written_or_told(isthmus, fitted, tmp_path):
    write(tmp_path / "in" / "good.png", noisy(FLOWER[..., 0]))
    write(tmp_path / "in" / "tiny.png", np.full((5, 5, 1), 99, np.uint8))
    see_through = np.full((*FLOWER.shape[:2], 1), 9, np.uint8)
    write(tmp_path / "in" / "a.png", FLOWER, alpha=see_through)
    (tmp_path / "in" / "a.png").rename(tmp_path / "in" / "a.jpg")
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--skip-bad", "--json")
    assert done.code == 0, done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.png"]
    said = json.loads(done.out)["skipped"]
    assert "a.jpg: .jpg holds no alpha" in said[0]
    assert "tiny.png: a picture of 5x5 is too small" in said[1]
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "new", "--skip-bad", "--level", "-1")
    assert (done.code, "level=-1" in done.err, (tmp_path / "new").exists()) == (2, True, False)


def test_a_missing_extra_is_one_line_before_any_work(isthmus, fitted, tmp_path, monkeypatch):
    write(tmp_path / "in" / "a.png", noisy(FLOWER[..., 0]))
    write(tmp_path / "in" / "b.tif", noisy(FLOWER.astype(np.uint16) * 257))
    monkeypatch.setitem(sys.modules, "tifffile", None)
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out")
    assert (done.code, "takes tifffile: pip install" in done.err) == (2, True)
    assert not (tmp_path / "out").exists()
    assert isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--skip-bad").code == 0


def test_pictures_of_all_kinds_are_learned_and_judged_together(isthmus, tmp_path):
    """Grey and colour; text among those to learn from and those held out; one too small to have a baseline."""
    for i in range(6):
        found = FLOWER[40 * (i // 3) :, 60 * (i % 3) :][:64, :64]
        write(tmp_path / "in" / f"{i}.png", found[..., :1] if i % 2 else found)
    for i in range(6, 10):
        (tmp_path / "in" / f"{i}.png").write_text("text")
    words = ("fit", tmp_path / "in", "--noise", "gaussian:25", "--hidden", "4,4,4", "--epochs", 1, "--validation", 4)
    done = isthmus(*words, "--skip-bad", "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    assert "noise 25" in done.out
    assert done.err.count("not a picture") >= 2
    write(tmp_path / "grey.png", noisy(FLOWER[..., 0]))
    assert isthmus("denoise", tmp_path / "m.safetensors", tmp_path / "grey.png", "-o", tmp_path / "out.png").code == 0
    assert read_photo(tmp_path / "out.png").pixels.shape == (*FLOWER.shape[:2], 1)


def test_pairs_that_lie_turned_are_judged_as_they_are_shown(isthmus, tmp_path):
    """Clean and dirty are the same picture but for how they are stored: nothing is damaged."""
    exif = Image.Exif()
    exif[0x0112] = 3
    for i in range(3):
        found = FLOWER[20 * i : 20 * i + 64, :64, :1]
        write(tmp_path / "clean" / f"{i}.png", found)
        write(tmp_path / "dirty" / f"{i}.png", found[::-1, ::-1], exif=exif.tobytes())
    words = ("fit", tmp_path / "dirty", "--target", tmp_path / "clean", "--hidden", "4,4,4", "--epochs", 1)
    done = isthmus(*words, "--validation", 1, "-o", tmp_path / "m.safetensors", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["figures"]["pairs"]["before"] > 100


def test_what_the_user_says_is_had_though_it_be_the_usual(isthmus, tmp_path):
    """What this recipe would choose itself is another learning rate, weight decay and average."""
    write(tmp_path / "in" / "a.png", FLOWER[:64, :96, :1])
    words = ("fit", tmp_path / "in", "--noise", "gaussian:25", "--hidden", "4,4,4", "--epochs", 1, "--validation", 0)
    given = ("--learning-rate", "2e-3", "--weight-decay", "0.01", "--ema", "0")
    found = []
    for more in ((), given):
        done = isthmus(*words, *more, "-o", tmp_path / f"{len(more)}.safetensors", "--json")
        assert done.code == 0, done.err
        settings = json.loads(done.out)["record"]["settings"]
        found.append(tuple(settings[name] for name in ("learning_rate", "weight_decay", "ema")))
    assert found == [(1e-3, 0.0, "auto"), (2e-3, 0.01, 0)]


def test_figures_of_a_picture_without_a_baseline(isthmus, tmp_path):
    """A model of pairs needs no level; the classical methods do, and can't tell it of a picture this small."""
    for name, size in (("a.png", 96), ("b.png", 6)):
        write(tmp_path / "in" / name, noisy(FLOWER[:size, :size, :1]))
        write(tmp_path / "clean" / name, FLOWER[:size, :size, :1])
    pairs = ("fit", tmp_path / "in", "--target", tmp_path / "clean", "--hidden", "4,4,4", "--epochs", 1)
    assert isthmus(*pairs, "--skip-bad", "--validation", 0, "-o", tmp_path / "m.safetensors", "-q").code == 0
    words = ("denoise", tmp_path / "m.safetensors", tmp_path / "in", "-o", tmp_path / "out")
    done = isthmus(*words, "--clean", tmp_path / "clean")
    assert done.code == 0, done.err
    row = next(line.split() for line in done.out.splitlines() if line.startswith("b.png "))
    assert row[3:] == ["-"] * 3


def test_the_help_names_what_holds_for_restoring(isthmus):
    said = " ".join(isthmus("fit", "--help").out.split())
    assert "residual for --noise" in said
    assert "16 with --noise" in said
    assert said.count("the recipe's, most often") == 3
