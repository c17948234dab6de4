"""`isthmus inpaint`, as a user calls it."""

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def numbers(tmp_path):
    """A table of which the columns follow from one another, complete and with gaps."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(120, 2))
    whole = hidden @ rng.normal(size=(2, 5)) + 0.05 * rng.normal(size=(120, 5))
    gaps = np.where(rng.random(whole.shape) < 0.2, np.nan, whole)
    gaps[:, 0] = whole[:, 0]
    for name, rows in (("full.csv", whole), ("gaps.csv", gaps)):
        with open(tmp_path / name, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow("abcde")
            writer.writerows([["" if np.isnan(v) else repr(float(v)) for v in row] for row in rows])
    return whole, gaps


def test_a_table_is_filled(isthmus, tmp_path, numbers):
    whole, gaps = numbers
    model, out = tmp_path / "m.safetensors", tmp_path / "filled.csv"
    fit = ("--recipe", "vae", "--latent-dim", 2, "--hidden", "none", "--epochs", 300, "--no-report", "-q")
    assert isthmus("fit", tmp_path / "full.csv", "-o", model, *fit).code == 0
    said = isthmus("inpaint", model, tmp_path / "gaps.csv", "-o", out, "--judge")
    assert said.code == 0, said
    assert f"{np.isnan(gaps).sum()} cells filled in" in said.out
    assert "iterative" in said.out
    filled = np.array(read(out)[1:], float)
    known = ~np.isnan(gaps)
    assert (filled[known] == whole[known]).all()
    assert ((filled - whole)[~known] ** 2).mean() < 0.1 * (whole[~known] ** 2).mean()
    cells = [
        cell for row, had in zip(read(out)[1:], known, strict=True) for cell, k in zip(row, had, strict=True) if not k
    ]
    assert max(len(cell.partition(".")[2]) for cell in cells) <= 6  # digits that say something
    useless = isthmus(
        "inpaint", model, tmp_path / "gaps.csv", "-o", tmp_path / "no.csv", "--like", tmp_path / "full.csv"
    )
    assert (useless.code, "--like has no use with recipe 'vae'" in useless.err) == (2, True)
    blend = ("--blend", "--like", tmp_path / "full.csv")
    assert isthmus("inpaint", model, tmp_path / "gaps.csv", "-o", tmp_path / "blend.csv", *blend).code == 0
    blended = np.array(read(tmp_path / "blend.csv")[1:], float)
    assert (blended[known] == whole[known]).all()
    assert ((blended - whole)[~known] ** 2).mean() < 0.1 * (whole[~known] ** 2).mean()
    told = json.loads(isthmus("inpaint", model, tmp_path / "gaps.csv", "-o", out, "--force", "--json").out)
    assert told["filled"] == np.isnan(gaps).sum()
    assert told["energy"][-1] < told["energy"][0]


def test_the_page_draws_the_energy_of_each_row(isthmus, tmp_path, numbers):
    model, out, page = (tmp_path / name for name in ("m.safetensors", "filled.csv", "page.html"))
    fit = ("--recipe", "vae", "--latent-dim", 2, "--hidden", "none", "--epochs", 2, "--no-report", "-q")
    assert isthmus("fit", tmp_path / "full.csv", "-o", model, *fit).code == 0
    words = ("inpaint", model, tmp_path / "gaps.csv", "-o", out, "--judge", "--json", "--steps", 7)
    told = json.loads(isthmus(*words, "--report", page).out)
    shown = page.read_text()
    assert told["figures"]["verdict"] in shown
    section = shown[shown.index('id="energy"') :]
    curve = re.search(r'd="M([^"]*)" fill="none"', section)[1]
    heights = [float(point.split()[1]) for point in curve.split("L")]
    assert len(heights) == 8 + 1  # the last is drawn twice
    drop = np.subtract(told["energy"], told["energy"][-1])
    np.testing.assert_allclose(
        np.subtract(heights[-1], heights[:8]) / (heights[-1] - heights[0]), drop / drop[0], atol=0.02
    )
    assert isthmus(*words, "--force", "--report", tmp_path / "gaps.csv").code == 2


def test_a_complete_table_is_copied(isthmus, tmp_path, numbers, wine_model):
    model, out = tmp_path / "m.safetensors", tmp_path / "copy.csv"
    assert isthmus("fit", tmp_path / "full.csv", "-o", model, "--epochs", 1, "--no-report", "-q").code == 0
    said = isthmus("inpaint", model, tmp_path / "full.csv", "-o", out)
    assert (said.code, "nothing was missing, so this is a copy" in said.out) == (0, True)
    assert (np.array(read(out)[1:], float) == numbers[0]).all()
    assert "iterative" in isthmus("inpaint", model, tmp_path / "full.csv", "-o", out, "--force", "--judge").out
    few = tmp_path / "few.csv"
    few.write_text("".join(tmp_path.joinpath("gaps.csv").read_text().splitlines(keepends=True)[:9]))
    said = isthmus("inpaint", model, few, "-o", out, "--force", "--judge", "--like", tmp_path / "full.csv")
    assert (said.code, "nothing to judge by: --judge takes 10 rows or more" in said.out) == (0, True)


def test_categories_are_filled_too(isthmus, tmp_path, table, table_model):
    rows = read(table)
    rows[3][1] = ""  # a colour
    with open(tmp_path / "gaps.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    said = isthmus("inpaint", table_model, tmp_path / "gaps.csv", "-o", tmp_path / "out.csv")
    assert said.code == 0, said
    filled = read(tmp_path / "out.csv")
    assert all(all(row) for row in filled)
    assert filled[3][1] in ("red", "green", "blue")
    for was, now in zip(rows[1:], filled[1:], strict=True):
        assert [float(a) == float(b) for a, b in zip(was, now, strict=True) if a and a[0] in "-0123456789"]
        assert was[4] == now[4]


@pytest.fixture
def damaged(tmp_path):
    """Pictures of 8x8, a mask of them and a model."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(24):
        Image.fromarray(np.outer(*rng.integers(20, 220, (2, 8)) ** 0.5).astype(np.uint8)).save(folder / f"{i}.png")
    Image.fromarray((np.eye(8) * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    return folder


@pytest.fixture
def picture_model(isthmus, tmp_path, damaged):
    path = tmp_path / "m.safetensors"
    options = ("--recipe", "vae", "--epochs", 2, "--hidden", 8, "--network", "dense", "--no-report", "-q")
    assert isthmus("fit", damaged, "-o", path, *options).code == 0
    return path


def test_pictures_by_mask_and_box(isthmus, tmp_path, damaged, picture_model):
    hidden = {"mask": np.eye(8, dtype=bool), "box": np.zeros((8, 8), bool)}
    hidden["box"][3:5, 2:6] = True
    given = {"mask": tmp_path / "mask.png", "box": "2,3,4,2"}
    for way, where in hidden.items():
        out = tmp_path / way
        said = isthmus("inpaint", picture_model, damaged, f"--{way}", given[way], "-o", out, "--clean", damaged)
        assert said.code == 0, said
        assert "PSNR" in said.out
        for path in damaged.iterdir():
            was, now = np.asarray(Image.open(path)), np.asarray(Image.open(out / path.name))
            assert (was[~where] == now[~where]).all()
            assert (was[where] != now[where]).any()


def test_known_pixels_of_a_jpeg_stay(isthmus, tmp_path, damaged, picture_model):
    Image.open(damaged / "3.png").save(damaged / "3.jpg")
    (damaged / "3.png").unlink()
    was = np.asarray(Image.open(damaged / "3.jpg"))
    assert isthmus("inpaint", picture_model, damaged, "--box", "0,0,2,2", "-o", tmp_path / "out", "-q").code == 0
    assert (np.asarray(Image.open(tmp_path / "out" / "3.png"))[2:] == was[2:]).all()


def test_mistakes_about_pictures(refused, tmp_path, damaged, picture_model):
    Image.fromarray(np.zeros((8, 9), np.uint8)).save(tmp_path / "wide.png")
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / "all.png")
    np.save(tmp_path / "odd.npy", np.ones((3, 8, 8)))
    (tmp_path / "text.png").write_text("no picture")
    lines = {
        "need a mask": (),
        "wide.png: the mask is of size 8x9, the pictures are 8x8": ("--mask", "wide.png"),
        "the mask is of size 3x8x8, where 8x8": ("--mask", "odd.npy"),
        "nothing is known of picture '0.png', nor of 23 more": ("--mask", "all.png"),
        "none.png: no such mask": ("--mask", "none.png"),
        "text.png: can't be read as a mask": ("--mask", "text.png"),
        "box 6, 6, 4, 2": ("--box", "6,6,4,2"),
        "write left, top, width": ("--box", "6x6"),
        "judge pictures by clean ones": ("--box", "1,1,2,2", "--judge"),
        "give one of them": ("--box", "1,1,2,2", "--mask", "wide.png"),
    }
    for words, options in lines.items():
        assert words in refused("inpaint", picture_model, damaged, "-o", "out", *options)


def test_mistakes_about_tables(refused, tmp_path, wine_model, table_model, table):
    (tmp_path / "words.csv").write_text("b,colour,x,n,flag\n1,violet,,3,true\n")
    assert "'violet' (row 0) is no category" in refused("inpaint", table_model, "words.csv", "-o", "out.csv")
    (tmp_path / "bare.csv").write_text("b,colour,x,n,flag\n1,red,,3,true\n,,,,\n")
    assert "nothing is known of row 1 (the first is row 0)" in refused(
        "inpaint", table_model, "bare.csv", "-o", "out.csv"
    )
    assert "--box is for pictures" in refused("inpaint", table_model, table, "-o", "out.csv", "--box", "1,1,2,2")
    assert "give complete ones with --like" in refused("inpaint", table_model, table, "-o", "out.csv", "--blend")
    seen_again = ("--blend", "--judge", "--like", table)
    assert "which --like must not hold" in refused("inpaint", table_model, table, "-o", "out.csv", *seen_again)
    np.save(tmp_path / "mask.npy", np.ones((2, 2)))
    assert "the mask is of size 2x2, where 60x5" in refused(
        "inpaint", table_model, table, "-o", "out.csv", "--mask", "mask.npy"
    )
    assert "would be written over" in refused("inpaint", table_model, "words.csv", "-o", "words.csv", "--force")


def test_gaps_drawn_by_a_plain_seed_are_judged_too(isthmus, tmp_path, numbers):
    """Cells hidden to judge by must not be the very ones that are missing already."""
    whole, _ = numbers
    gaps = np.where(np.random.default_rng(0).random(whole.shape) < 0.15, np.nan, whole)
    with open(tmp_path / "seeded.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow("abcde")
        kept = gaps[~np.isnan(gaps).all(1)]
        writer.writerows([["" if np.isnan(v) else repr(float(v)) for v in row] for row in kept])
    model, out = tmp_path / "m.safetensors", tmp_path / "filled.csv"
    assert isthmus("fit", tmp_path / "full.csv", "-o", model, "--epochs", 1, "--no-report", "-q").code == 0
    words = ("inpaint", model, tmp_path / "seeded.csv", "-o", out, "--judge", "--json", "--steps", 5)
    said = isthmus(*words, "--like", tmp_path / "full.csv")
    assert said.code == 0, said
    assert json.loads(said.out)["figures"]["ours"] > 0
