"""`isthmus fit --recipe inpainting` and `isthmus inpaint` by what it learned, as a user calls them."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from isthmus.cli import main
from isthmus.data.photos import Photo, read_photo, write_photo

FLOWER = load_sample_image("flower.jpg")[150:251, 200:333]
TINY = ("--hidden", "4,4,4", "--epochs", 1)


def write(path, pixels, **more):
    path.parent.mkdir(exist_ok=True, parents=True)
    write_photo(path, Photo(pixels if pixels.ndim == 3 else pixels[..., None], **more))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve small colour pictures of two odd sizes."""
    folder = tmp_path_factory.mktemp("photos")
    for i in range(12):
        write(folder / "in" / f"{i:02}.png", FLOWER[5 * i :, 7 * i :][: 31 + 2 * (i % 2), :41])
    return folder / "in"


@pytest.fixture(scope="module")
def model(photos):
    path = photos.parent / "m.safetensors"
    assert main([str(w) for w in ("fit", photos, "--recipe", "inpainting", *TINY, "-q", "-o", path)]) == 0
    return path


def mask_of(shape):
    hidden = np.zeros(shape, bool)
    hidden[10:20, 12:30] = True
    return hidden


def test_a_folder_is_learned_and_judged(isthmus, photos, tmp_path):
    for named in (("--recipe", "inpainting"), ("--noise", "holes:patch,pixels")):
        done = isthmus("fit", photos, *named, *TINY, "--validation", 2, "-o", tmp_path / "m.safetensors", "--force")
        assert done.code == 0, done.err
        assert "Means over 2 pictures held out" in done.out
        assert "Telea" in done.out
        assert ("scribbles" in done.out) == (named[0] == "--recipe")
        assert "isthmus inpaint" in done.out


def test_small_pictures_of_an_array_and_the_built_in_ones(isthmus, tmp_path):
    np.savez(tmp_path / "data.npz", x=np.random.default_rng(0).integers(0, 255, (30, 9, 7), np.uint8), y=np.arange(30))
    model, out = tmp_path / "m.safetensors", tmp_path / "out.npy"
    for data, more in ((tmp_path / "data.npz", ("--key", "x")), ("digits", ())):
        words = ("fit", data, *more, "--recipe", "inpainting", *TINY, "-o", model, "--json", "--force")
        done = isthmus(*words)
        assert done.code == 0, done.err
        assert {*json.loads(done.out)["figures"]} == {"patch", "pixels", "scribbles"}
    given = tmp_path / "data.npz", "--key", "x"
    done = isthmus("inpaint", model, *given, "--box", "1,2,3,2", "-o", out, "--clean", given[0])
    assert done.code == 0, done.err
    assert "PSNR" in done.out
    assert np.load(out).shape == (30, 9, 7)


def test_one_picture_of_another_size_keeps_what_its_file_is(isthmus, model, tmp_path):
    hidden = mask_of(FLOWER.shape[:2])
    Image.fromarray(hidden).save(tmp_path / "mask.png")
    np.save(tmp_path / "mask.npy", hidden)
    deep = FLOWER.astype(np.uint16) * 257
    alpha = np.arange(FLOWER[..., 0].size, dtype=np.uint16).reshape(*FLOWER.shape[:2], 1)
    write(tmp_path / "in.png", deep, alpha=alpha)
    for mask in ("mask.png", "mask.npy"):
        words = ("inpaint", model, tmp_path / "in.png", "--mask", tmp_path / mask, "-o", tmp_path / f"{mask}.png")
        done = isthmus(*words, "--clean", tmp_path / "in.png")
        assert done.code == 0, done.err
        assert "180 pixels filled in" in done.out
        found = read_photo(tmp_path / f"{mask}.png")
        assert (found.pixels[~hidden] == deep[~hidden]).all()
        assert (found.pixels[hidden] != deep[hidden]).any()
        assert (found.alpha == alpha).all()


def test_the_mask_is_of_the_picture_as_it_is_shown(isthmus, model, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side
    write(tmp_path / "in.png", FLOWER, exif=exif.tobytes())
    shown = read_photo(tmp_path / "in.png").shown()
    hidden = mask_of(shown.shape[:2])
    Image.fromarray(hidden).save(tmp_path / "mask.png")
    done = isthmus("inpaint", model, tmp_path / "in.png", "--mask", tmp_path / "mask.png", "-o", tmp_path / "out.png")
    assert done.code == 0, done.err
    found = read_photo(tmp_path / "out.png")
    assert found.orientation == 6
    assert (found.shown()[~hidden] == shown[~hidden]).all()
    assert (found.shown()[hidden] != shown[hidden]).any()


def test_a_folder_of_pictures_of_several_sizes(isthmus, model, photos, tmp_path):
    Image.fromarray(FLOWER).save(tmp_path / "photo.jpg")
    (tmp_path / "in").mkdir()
    (tmp_path / "photo.jpg").rename(tmp_path / "in" / "photo.jpg")
    write(tmp_path / "in" / "small.png", FLOWER[:40, :30, 0])
    done = isthmus("inpaint", model, tmp_path / "in", "--box", "3,4,10,9", "-o", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    assert [each["filled"] for each in json.loads(done.out)["pictures"]] == [90, 90]
    was, now = (np.asarray(Image.open(tmp_path / name)) for name in ("in/photo.jpg", "out/photo.png"))
    assert (was[13:] == now[13:]).all()
    (tmp_path / "in" / "text.png").write_text("text")
    words = ("inpaint", model, tmp_path / "in", "--box", "3,4,10,9", "-o", tmp_path / "more")
    done = isthmus(*words)
    assert (done.code, "1 of 3 won't do" in done.err, (tmp_path / "more").exists()) == (2, True, False)
    done = isthmus(*words, "--skip-bad")
    assert (done.code, "skipped 1" in done.err) == (0, True)


def test_an_empty_mask_is_a_copy(isthmus, model, tmp_path):
    write(tmp_path / "in.png", FLOWER)
    np.save(tmp_path / "mask.npy", np.zeros(FLOWER.shape[:2], bool))
    done = isthmus("inpaint", model, tmp_path / "in.png", "--mask", tmp_path / "mask.npy", "-o", tmp_path / "out.png")
    assert (done.code, "this is a copy" in done.out) == (0, True)
    assert (read_photo(tmp_path / "out.png").pixels == FLOWER).all()


def test_mistakes_are_one_line(refused, model, photos, tmp_path):
    write(tmp_path / "in.png", FLOWER)
    np.save(tmp_path / "all.npy", np.ones(FLOWER.shape[:2]).astype(bool))
    np.save(tmp_path / "odd.npy", np.ones((5, 5), bool))
    Image.fromarray(np.zeros((9, 8), np.uint8)).save(tmp_path / "wide.png")
    np.save(tmp_path / "nan.npy", np.full(FLOWER.shape[:2], np.nan))
    Image.fromarray(np.ones(FLOWER.shape[:2], bool)).save(tmp_path / "all.png")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n3,\n")
    inpaint = ("inpaint", model, "in.png")
    lines = {
        "wide.png: the mask is of size 9x8, the pictures are 101x133": (*inpaint, "--mask", "wide.png", "-o", "o.png"),
        "odd.npy: a mask of 5, 5 (bool); the picture is 101x133": (*inpaint, "--mask", "odd.npy", "-o", "o.png"),
        "nothing is known of picture in.png": (*inpaint, "--mask", "all.npy", "-o", "o.png"),
        "none.png: no such mask": (*inpaint, "--mask", "none.png", "-o", "o.png"),
        "one of them": (*inpaint, "-o", "o.png"),
        "one of them:": (),
        "JPEG would change": (*inpaint, "--box", "1,1,2,2", "-o", "o.jpg"),
        "doesn't lie within": (*inpaint, "--box", "130,1,20,2", "-o", "o.png"),
        "written over": (*inpaint, "--box", "1,1,2,2", "-o", "in.png", "--force"),
        "none.png: no such picture": ("inpaint", model, "none.png", "--box", "1,1,2,2", "-o", "o.png"),
        "no such clean file": (*inpaint, "--box", "1,1,2,2", "-o", "o.png", "--clean", "none.png"),
        "--seed has no use": (*inpaint, "--box", "1,1,2,2", "-o", "o.png", "--seed", 3),
        "--size has no use": (*inpaint, "--box", "1,1,2,2", "-o", "o.png", "--size", "9x9"),
        "--memory has no use": (*inpaint, "--box", "1,1,2,2", "-o", "o.png", "--memory", "1GB"),
        "--kind table": (*inpaint, "--box", "1,1,2,2", "-o", "o.png", "--kind", "table"),
        "device": (*inpaint, "--box", "1,1,2,2", "-o", "o.png", "--device", "abacus"),
        "a mask of": (*inpaint, "--mask", "nan.npy", "-o", "o.png"),
        "all.png: the result would be written over": (*inpaint, "--mask", "all.png", "-o", "all.png", "--force"),
        "--beta has no use": (*inpaint, "--box", "1,1,2,2", "-o", "o.png", "--beta", 2),
        "--judge has no use": ("inpaint", model, "table.csv", "-o", "o.csv", "--judge"),
        "fills pictures; these data are a table": ("inpaint", model, "table.csv", "-o", "o.csv"),
        "learned to undo holes, not noise": ("denoise", model, "in.png", "-o", "o.png"),
        "learns from pictures": ("fit", "table.csv", "--recipe", "inpainting"),
        "leave out one of the two": ("fit", photos, "--recipe", "inpainting", "--target", "."),
        "write holes": ("fit", photos, "--recipe", "inpainting", "--noise", "gaussian:25"),
        "kind 'patches'": ("fit", photos, "--noise", "holes:patches"),
        "takes residual alone": ("fit", photos, "--recipe", "inpainting", "--network", "dense"),
    }
    for words, command in lines.items():
        if command:
            assert words in refused(*command), words


def test_a_model_of_another_task_is_refused(isthmus, refused, photos, tmp_path):
    words = ("fit", photos, "--noise", "gaussian:25", *TINY, "-q", "-o", tmp_path / "d.safetensors")
    assert isthmus(*words).code == 0
    write(tmp_path / "x" / "in.png", FLOWER[:30, :30])
    said = refused("inpaint", "d.safetensors", "x", "--box", "1,1,2,2", "-o", "out")
    assert "has no code that could be searched" in said
    assert "fills no gaps" in refused("inpaint", "d.safetensors", "x/in.png", "--box", "1,1,2,2", "-o", "u.png")


def test_what_fits_not_every_picture_is_passed_over(isthmus, model, tmp_path):
    """A box beyond one picture, one that leaves nothing of another, and a clean picture of another size."""
    sizes = {"a": (40, 50), "b": (12, 50), "c": (16, 20), "d": (30, 40)}
    for name, (height, width) in sizes.items():
        write(tmp_path / "in" / f"{name}.png", FLOWER[:height, :width])
        write(tmp_path / "clean" / f"{name}.png", FLOWER[: 20 if name == "d" else height, :width])
    words = ("inpaint", model, tmp_path / "in", "--box", "0,0,20,16", "-o", tmp_path / "out")
    done = isthmus(*words)
    assert (done.code, "2 of 4 won't do" in done.err, (tmp_path / "out").exists()) == (2, True, False)
    done = isthmus(*words, "--skip-bad", "--clean", tmp_path / "clean", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert [each["picture"] for each in found["pictures"]] == [str(tmp_path / "in" / "a.png")]
    said = ("doesn't lie within", "nothing is known of picture", "not of one size")
    assert len(found["skipped"]) == 3
    for words, line in zip(said, found["skipped"], strict=True):
        assert words in line
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


def test_a_page_shows_each_picture_and_the_figures(isthmus, model, tmp_path):
    for i in range(2):
        write(tmp_path / "in" / f"{i}.png", FLOWER[: 30 + i, :40])
    page, words = tmp_path / "page.html", ("inpaint", model, tmp_path / "in", "--box", "3,4,10,9")
    done = isthmus(*words, "-o", tmp_path / "out", "--report", page, "--clean", tmp_path / "in", "--json")
    assert done.code == 0, done.err
    shown = page.read_text()
    assert "2 pictures filled." in shown
    assert shown.count("<img") == 2
    ours = [each["figures"]["ours"] for each in json.loads(done.out)["pictures"]]
    assert f">{np.mean(ours):.2f}<" in shown
    assert isthmus(*words, "-o", tmp_path / "more", "--report", tmp_path / "in" / "0.png", "--force").code == 2


def test_a_mask_may_be_of_floats(isthmus, model, tmp_path):
    write(tmp_path / "in.png", FLOWER)
    np.save(tmp_path / "mask.npy", mask_of(FLOWER.shape[:2]) * 0.5)
    words = ("inpaint", model, tmp_path / "in.png", "--mask", tmp_path / "mask.npy", "-o", tmp_path / "out.png")
    done = isthmus(*words, "--device", "cpu")
    assert (done.code, "180 pixels filled in" in done.out) == (0, True), done.err


def test_two_pictures_are_not_written_to_one_file(refused, tmp_path, model):
    """JPEG comes out as PNG, so that these two would have one name."""
    write(tmp_path / "both" / "a.png", FLOWER)
    Image.fromarray(FLOWER).save(tmp_path / "both" / "a.jpg")
    said = refused("inpaint", model, "both", "--box", "1,1,3,3", "-o", "out", "-q")
    assert "a.jpg and both/a.png would both be written to out/a.png" in said
