"""`isthmus interpolate`: strips, animations, clips and rows of a way, and what is refused."""

import csv
import json
import sys
import time

import numpy as np
import pytest
from PIL import Image

from isthmus import Autoencoder, open_data
from isthmus.cli import main

TILE, GAP = 48, 3


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Of 8x8 digits, with a code in which much fits."""
    path = tmp_path_factory.mktemp("digits") / "model.safetensors"
    tiny = ("--epochs", "12", "--hidden", "64", "--network", "dense", "--no-report", "-q", "--seed", "0")
    assert main(["fit", "digits", "--recipe", "vae", "--latent-dim", "8", "-o", str(path), *tiny]) == 0
    return path


@pytest.fixture(scope="module")
def ends(model):
    """Rows 0, 7 and 4, and what the model makes of them."""
    data = open_data("digits").subset(np.array([0, 7, 4]))
    return data.source.read(0, 3)[..., 0], Autoencoder.load(model).reconstruct_raw(data)[..., 0]


def tile(sheet, row, column, lines_below=0):
    """A digit of a strip; a wider gap stands between the lines of two legs."""
    top, left = row * (TILE + GAP) + 2 * GAP * lines_below, column * (TILE + GAP)
    return sheet[top : top + TILE, left : left + TILE][3::6, 3::6]


def test_a_strip_has_a_pair_of_lines_from_stop_to_stop(isthmus, model, ends, tmp_path):
    rows, rebuilt = ends
    assert isthmus("interpolate", model, "digits", "--rows", "0,7,4", "--steps", 4, "-o", tmp_path / "s.png").code == 0
    sheet = np.asarray(Image.open(tmp_path / "s.png").convert("L"))
    assert sheet.shape == (4 * (TILE + GAP) - GAP + 2 * GAP, 5 * (TILE + GAP) - GAP)
    for line, column, leg, truth in ((0, 0, 0, 0), (0, 4, 0, 1), (2, 0, 1, 1), (2, 4, 1, 2)):
        np.testing.assert_array_equal(tile(sheet, line, column, leg), rebuilt[truth])
        np.testing.assert_array_equal(tile(sheet, line + 1, column, leg), rows[truth])
    half = rows[:2].astype(float).mean(0)
    np.testing.assert_allclose(tile(sheet, 1, 2), half, atol=1)


def test_an_animation_goes_there_and_back_and_stands_at_the_stops(isthmus, model, ends, tmp_path):
    rows, rebuilt = ends
    isthmus("interpolate", model, "digits", "--rows", "0,7,4", "--steps", 3, "-o", tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as found:
        frames, times = [], []
        for index in range(found.n_frames):
            found.seek(index)
            frames.append(np.asarray(found.convert("L")))
            times.append(found.info["duration"])
        assert found.info["loop"] == 0
    assert times == [480, 80, 80, 480, 80, 80, 480, 80, 80, 480, 80, 80]
    for index, row in ((0, 0), (3, 1), (6, 2), (9, 1)):
        np.testing.assert_allclose(frames[index][10:160:20, 10:160:20], rebuilt[row], atol=1)
        np.testing.assert_allclose(frames[index][10:160:20, 173::20], rows[row], atol=1)
    np.testing.assert_array_equal(frames[1], frames[11])


def test_a_round_tour_has_no_way_back(isthmus, model, tmp_path):
    isthmus("interpolate", model, "digits", "--rows", "0,7,0", "--steps", 3, "-o", tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as found:
        assert found.n_frames == 6


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_clip_shows_the_same(isthmus, model, ends, tmp_path, ending):
    av = pytest.importorskip("av")
    rows, rebuilt = ends
    words = ("interpolate", model, "digits", "--rows", "0,7", "--steps", 3, "-o", tmp_path / f"a.{ending}")
    assert isthmus(*words).code == 0
    with av.open(str(tmp_path / f"a.{ending}")) as clip:
        frames = [frame.to_ndarray(format="gray") for frame in clip.decode(video=0)]
        assert float(clip.streams.video[0].average_rate) == pytest.approx(12, rel=0.1)
    assert len(frames) == 6 + 2 + 6 + 2  # the stops stand six times as long
    assert frames[0].shape == (160, 324)  # 323 wide, and players take even sides alone
    for index, row in ((0, 0), (10, 1)):
        assert abs(frames[index][10:160:20, 10:160:20].astype(float) - rebuilt[row]).mean() < 4
        assert abs(frames[index][10:160:20, 173:320:20].astype(float) - rows[row]).mean() < 4


def test_colour_stays_colour(isthmus, tmp_path, monkeypatch):
    av = pytest.importorskip("av")
    monkeypatch.chdir(tmp_path)
    red = np.zeros((12, 9, 7, 3), np.uint8)
    red[..., 0] = np.linspace(60, 250, 12).astype(np.uint8)[:, None, None]
    np.save("red.npy", red)
    assert isthmus("fit", "red.npy", "--epochs", 1, "--hidden", 8, "--network", "dense", "--no-report", "-q").code == 0
    assert isthmus("interpolate", "red.safetensors", "red.npy", "--rows", "0,11", "-o", "a.mp4").code == 0
    with av.open("a.mp4") as clip:
        last = next(clip.decode(video=0)).to_ndarray(format="rgb24")[40, -30].astype(int)
    assert abs(last - [60, 0, 0]).max() < 12
    assert isthmus("interpolate", "red.safetensors", "red.npy", "--rows", "0,11", "-o", "a.gif").code == 0
    with Image.open("a.gif") as found:
        assert abs(np.asarray(found.convert("RGB"))[40, -30].astype(int) - [60, 0, 0]).max() < 12


def test_without_pyav_the_extra_is_named(refused, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    assert "pip install 'isthmus[video]'" in refused("interpolate", model, "digits", "--rows", "0,7", "-o", "a.mp4")


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.mp4", "a.npy"])
def test_the_same_way_has_the_same_bytes(isthmus, model, tmp_path, name):
    written = []
    for _ in range(2):
        words = ("interpolate", model, "digits", "--rows", "3,5,8", "--way", "spherical", "-o", tmp_path / name)
        said = isthmus(*words, "--force", "-q")
        assert (said.code, said.out, said.err) == (0, "", "")
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_rows_pass_what_the_model_makes_of_the_stops(isthmus, model, ends, tmp_path):
    said = isthmus("interpolate", model, "digits", "--rows", "0,7,4", "--steps", 5, "-o", tmp_path / "w.npy", "--json")
    told, found = json.loads(said.out), np.load(tmp_path / "w.npy")
    assert told["rows"] == len(found) == 11
    np.testing.assert_array_equal(found[::5].reshape(3, 8, 8), ends[1])
    assert told["fade"]["jump"] == pytest.approx(1)  # a fade is even
    assert told["way"]["jump"] > 1.001
    moved = np.linalg.norm(np.diff(ends[0].reshape(3, -1) / 255.0, axis=0), axis=1).sum()
    assert told["fade"]["move"] == pytest.approx(moved / 10, rel=0.02)


def test_a_table_keeps_its_kinds(isthmus, table, table_model, tmp_path):
    words = ("interpolate", table_model, table, "--rows", "1,2,3", "--steps", 4, "-o", tmp_path / "way.csv")
    assert isthmus(*words).code == 0
    with (tmp_path / "way.csv").open() as file:
        head, *lines = csv.reader(file)
    assert head == ["b", "colour", "x", "n", "flag"]
    assert len(lines) == 9
    assert {line[1] for line in lines} <= {"red", "green", "blue"}


def test_what_is_refused(refused, model, table, table_model, pictures, tmp_path):
    def said(*words):
        return refused("interpolate", *words)

    assert "--rows 1797: there are 1797 rows" in said(model, "digits", "--rows", "0,1797", "-o", "a.png")
    assert "give two or more" in said(model, "digits", "--rows", "3", "-o", "a.png")
    assert "choose one of linear, spherical" in said(model, "digits", "--rows", "0,1", "--way", "bent", "-o", "a.npy")
    begun = time.monotonic()  # the 1,796,001 pictures would take minutes, and gigabytes
    assert "takes at most 2,000; take fewer --rows" in said(model, "digits", "--steps", "1000", "-o", "a.gif")
    assert time.monotonic() - begun < 20
    assert "this model's rows are table" in said(table_model, table, "--rows", "1,2", "-o", "a.mp4")
    assert "missing cells" in said(table_model, table, "--rows", "0,7", "-o", "a.csv")
    assert "8x8" in said(model, pictures, "-o", "a.png")
    assert "a.xyz" in said(model, "digits", "-o", "a.xyz")
    assert "no such file" in said(model, "nothing", "-o", "a.png")
    assert "rows counted from 0" in said(model, "digits", "--rows", "a", "-o", "a.png")
