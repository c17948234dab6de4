"""`isthmus denoise` of tables, as a user calls it."""

import csv
import json

import numpy as np
import pytest
from sklearn.decomposition import PCA

from isthmus import Autoencoder
from isthmus.jobs.clean_table import judge_clean, pca_of


def write(path, rows, noise=0.0):
    """Five columns of one hidden value, whole numbers in one of them, and a colour."""
    rng = np.random.default_rng(1)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["a", "b", "colour", "c", "d", "n"])
        for i, row in enumerate(rows):
            a, b, c, d, n = row + noise * rng.normal(size=5) * (1, 10, 1, 1, 20)
            writer.writerow(
                [f"{a:.5f}", f"{b:.5f}", ("red", "blue")[i % 2], f"{c:.5f}", "" if i == 3 else f"{d:.5f}", round(n)]
            )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from isthmus.cli import main

    place = tmp_path_factory.mktemp("tables")
    hidden = np.random.default_rng(0).normal(size=200)[:, None]
    rows = hidden * np.array([1, 10, -1, 1, 20]) + np.array([0, 100, 5, 0, 300])
    write(place / "learn.csv", rows[:150])
    write(place / "clean.csv", rows[150:])
    write(place / "noisy.csv", rows[150:], 0.5)
    words = (
        "fit",
        place / "learn.csv",
        "--corruption",
        "gaussian:0.5",
        "--latent-dim",
        1,
        "--epochs",
        40,
        "--no-report",
        "-q",
    )
    assert main([str(word) for word in (*words, "-o", place / "m.safetensors")]) == 0
    return place


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def numbers(path):
    return np.array(
        [[float(cell) if cell else np.nan for i, cell in enumerate(row) if i != 2] for row in read(path)[1:]]
    )


def test_numbers_lose_noise_and_all_else_stays(isthmus, folder, tmp_path):
    out = tmp_path / "out.csv"
    done = isthmus(
        "denoise", folder / "m.safetensors", folder / "noisy.csv", "-o", out, "--clean", folder / "clean.csv"
    )
    assert done.code == 0, done.err
    assert "PCA" in done.out
    was, now = read(folder / "noisy.csv"), read(out)
    assert now[0] == was[0]
    assert [row[2] for row in now] == [row[2] for row in was]
    assert [row[4] == "" for row in now] == [row[4] == "" for row in was]
    assert all(float(row[5]).is_integer() for row in now[1:])
    clean, noisy, found = (numbers(path) for path in (folder / "clean.csv", folder / "noisy.csv", out))
    error = [np.nanmean((each - clean) ** 2, 0) for each in (noisy, found)]
    assert (error[1] < 0.6 * error[0]).all()


def test_the_figures_are_those_of_the_files(isthmus, folder, tmp_path):
    words = ("denoise", folder / "m.safetensors", folder / "noisy.csv", "-o", tmp_path / "p.csv")
    done = isthmus(*words, "--json", "--clean", folder / "clean.csv")
    told = json.loads(done.out)["figures"]
    scales = Autoencoder.load(folder / "m.safetensors").preparation_.scales[[0, 1, 3, 4, 5]]
    clean, noisy = (numbers(folder / name) / scales for name in ("clean.csv", "noisy.csv"))
    assert told["peers"]["the table as it is"] == pytest.approx(np.sqrt(np.nanmean((noisy - clean) ** 2)))
    filled = np.where(np.isnan(noisy), np.nanmean(noisy, 0), noisy)
    pca = PCA(1).fit(filled)
    by_pca = pca.inverse_transform(pca.transform(filled))
    expected = np.sqrt(np.mean((by_pca - clean)[~np.isnan(noisy) & ~np.isnan(clean)] ** 2))
    assert told["peers"]["PCA"] == pytest.approx(expected)
    assert ("better than PCA" in told["verdict"]) == (told["ours"] < expected)


def test_a_worse_model_says_so():
    X = np.random.default_rng(0).normal(size=(60, 1)) * np.ones((1, 4))
    noisy = X + 0.1 * np.random.default_rng(1).normal(size=X.shape)
    model = Autoencoder("ae", 1, epochs=1, random_state=0).fit(X)
    figures = judge_clean(model, np.zeros_like(X), noisy, X)
    assert "worse than" in figures.verdict
    assert "use that" in figures.verdict
    np.testing.assert_allclose(pca_of(X, X, 1), X, atol=1e-9)


def test_mistakes_are_one_line(refused, folder, tmp_path, picture_model, pictures, table_model):
    np.savetxt(tmp_path / "three.csv", np.ones((3, 2)), delimiter=",", header="a,b", comments="")
    (tmp_path / "words.csv").write_text("w\nx\ny\n")
    short = read(folder / "clean.csv")[:9]
    with open(tmp_path / "short.csv", "w", newline="") as file:
        csv.writer(file).writerows(short)
    model, noisy = folder / "m.safetensors", folder / "noisy.csv"
    lines = {
        "this model is of images": ("denoise", picture_model, noisy, "-o", "o.csv"),
        "makes no restorer": ("denoise", model, pictures, "-o", "out"),
        "--level 5": ("denoise", model, noisy, "-o", "o.csv", "--level", 5),
        "column": ("denoise", model, "three.csv", "-o", "o.csv"),
        "none.csv": ("denoise", model, "none.csv", "-o", "o.csv"),
        "differ: 8x6 and 50x6": ("denoise", model, noisy, "-o", "o.csv", "--clean", "short.csv"),
        "noisy.csv: no model of tables comes along": ("denoise", noisy, "-o", "o.csv"),
        "--skip-bad passes over files": ("denoise", model, noisy, "-o", "o.csv", "--skip-bad"),
        "device='nonsense'": ("denoise", model, noisy, "-o", "o.csv", "--device", "nonsense"),
        "three.csv: --recipe upscaling takes a folder": ("fit", "three.csv", "--recipe", "upscaling"),
        "written over": ("denoise", model, noisy, "-o", noisy, "--force"),
    }
    for words, command in lines.items():
        assert words in refused(*command), words
