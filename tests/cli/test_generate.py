"""`isthmus generate`, the whole command: new rows of every kind of file, and what can't be drawn."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import open_data
from isthmus.cli import main


def people(n=500):
    """Ages in whole years, incomes with a long tail of which many are 0, gaps, a town, a flag and a label."""
    rng = np.random.default_rng(0)
    retired = rng.random(n) < 0.3
    frame = pd.DataFrame(
        {
            "age": np.where(retired, rng.integers(60, 90, n), rng.integers(18, 65, n)),
            "income": np.where(rng.random(n) < 0.4, 0.0, rng.lognormal(7, 1.5, n).round(2)),
            "height": np.where(rng.random(n) < 0.25, np.nan, rng.normal(170, 10, n).round(1)),
            "town": rng.choice(["Ulm", "Bonn", "Jena"], n, p=[0.6, 0.3, 0.1]),
            "insured": rng.random(n) < 0.8,
            "status": np.where(retired, "retired", "working"),
        }
    )
    frame.loc[rng.random(n) < 0.1, "town"] = None
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("generate")


@pytest.fixture(scope="module")
def learned(folder):
    people().to_csv(folder / "people.csv", index=False)
    return folder / "people.csv"


@pytest.fixture(scope="module")
def model(folder, learned):
    """A model of all columns, the status among them."""
    path = folder / "people.safetensors"
    assert (
        main(["fit", str(learned), "--recipe", "tabular", "--epochs", "80", "--no-report", "-q", "-o", str(path)]) == 0
    )
    return path


@pytest.fixture(scope="module")
def told(folder, learned):
    """A model that is told the status."""
    path = folder / "told.safetensors"
    words = ["--recipe", "conditional", "--label", "status", "--epochs", "40", "--no-report", "-q", "-o", str(path)]
    assert main(["fit", str(learned), *words]) == 0
    return path


def test_rows_are_of_the_kinds_ranges_shares_and_gaps_of_those_learned(isthmus, model, learned, tmp_path):
    said = isthmus("generate", model, "-n", 3000, "-o", tmp_path / "made.csv")
    assert (said.code, said.err) == (0, "")
    assert "made.csv: 3,000 new rows" in said.out
    made, real = pd.read_csv(tmp_path / "made.csv"), pd.read_csv(learned)
    assert list(made.columns) == list(real.columns)
    assert made.dtypes.equals(real.dtypes)
    for column in ("age", "income", "height"):
        assert real[column].min() <= made[column].min()
        assert made[column].max() <= real[column].max()
        for level in (0.1, 0.3, 0.5, 0.7, 0.9):
            apart = (made[column] <= real[column].quantile(level)).mean() - (
                real[column] <= real[column].quantile(level)
            ).mean()
            assert abs(apart) < 0.06, (column, level)
    assert (made["income"] == 0).mean() == pytest.approx(0.4, abs=0.08)
    assert made["age"].nunique() > 50  # drawn, not some few means
    for column in ("height", "town"):
        assert made[column].isna().mean() == pytest.approx(real[column].isna().mean(), abs=0.03)
    assert set(made["town"].dropna()) == {"Ulm", "Bonn", "Jena"}
    assert made["insured"].mean() == pytest.approx(0.8, abs=0.1)
    assert (
        made.loc[made["status"] == "retired", "age"].mean() - made.loc[made["status"] == "working", "age"].mean() > 20
    )


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".feather"])
def test_the_same_seed_gives_the_same_file_and_another_seed_another(isthmus, model, tmp_path, ending):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert isthmus("generate", model, "-n", 200, "--seed", seed, "-q", "-o", tmp_path / f"{name}{ending}").code == 0
    a, b, c = ((tmp_path / f"{name}{ending}").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def made_by(isthmus, model, path, *words):
    assert isthmus("generate", model, "-n", 300, "-q", "-o", path, *words).code == 0
    return pd.read_csv(path)


def test_rows_of_one_class(isthmus, told, learned, folder, tmp_path):
    ages = {}
    for status in ("retired", "working"):
        made = made_by(isthmus, told, tmp_path / f"{status}.csv", "--where", f"status={status}")
        assert "status" not in made
        ages[status] = made["age"].mean()
    assert ages["retired"] - ages["working"] > 20


def test_a_class_of_a_model_that_isnt_told_any(isthmus, model, learned, tmp_path):
    words = ("--fitted-to", learned, "--where", "status=retired")
    plain = tmp_path / "untold.safetensors"
    fit = ("fit", learned, "--recipe", "tabular", "--label", "status", "--epochs", "40", "--no-report", "-q")
    assert isthmus(*fit, "-o", plain).code == 0
    assert made_by(isthmus, plain, tmp_path / "retired.csv", *words)["age"].mean() > 60


def test_rows_like_one_and_cooler_ones_are_less_varied(isthmus, model, learned, tmp_path):
    pd.read_csv(learned).query("age > 80 and town == 'Ulm'").head(1).to_csv(tmp_path / "one.csv", index=False)
    near = made_by(isthmus, model, tmp_path / "near.csv", "--like", tmp_path / "one.csv", "--spread", "0.1")
    far = made_by(isthmus, model, tmp_path / "far.csv")
    assert (near["status"] == "retired").mean() > 0.9
    assert near["age"].std() < 0.7 * far["age"].std()
    cool = made_by(isthmus, model, tmp_path / "cool.csv", "--temperature", "0.3", "--draw", "mean")
    warm = made_by(isthmus, model, tmp_path / "warm.csv", "--draw", "mean")
    assert cool["age"].std() < 0.7 * warm["age"].std()


def test_many_rows_to_an_array_are_all_there(isthmus, wine_model, tmp_path):
    words = ("--density", "mixture", "--fitted-to", "wine", "-q", "-o", tmp_path / "made.npy")
    assert isthmus("generate", wine_model, "-n", 20_000, *words).code == 0
    made, real = np.load(tmp_path / "made.npy"), open_data("wine").source.read(0, 178)
    assert made.shape == (20_000, 13)
    assert (made >= real.min(0)).all()
    assert (made <= real.max(0)).all()


def test_pictures_to_a_sheet_a_folder_and_an_array(isthmus, pictures, tmp_path):
    model = tmp_path / "pictures.safetensors"
    fit = ("fit", pictures, "--recipe", "vae", "--hidden", "8", "--network", "dense", "--epochs", "1", "--no-report")
    assert isthmus(*fit, "-q", "-o", model).code == 0
    said = isthmus("generate", model, "-n", 10**7, "-o", tmp_path / "far")
    assert (said.code, (tmp_path / "far").exists()) == (2, False)
    assert "to a .npy file alone" in said.err
    for name in ("sheet.png", "folder", "made.npy"):
        assert isthmus("generate", model, "-n", 5, "-o", tmp_path / name).code == 0
    files = sorted((tmp_path / "folder").iterdir())
    array = np.load(tmp_path / "made.npy")
    assert array.shape == (5, 10, 12, 1)
    np.testing.assert_array_equal([np.asarray(Image.open(file)) for file in files], array[..., 0])
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("L"))
    assert sheet.shape[0] >= 2 * 10  # three by three places
    assert sheet.shape[1] >= 3 * 12


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", 0), "0 is not in the range"),
        (("-n", 1.5), "1.5"),
        (("--density", "mixtur"), "did you mean 'mixture'"),
        (("--density", "flow"), "give the training rows"),
        (("--temperature", -1), "0 or more"),
        (("--where", "status=retired"), "isn't told classes"),
        (("--where", "retired"), "label=7"),
        (("--label", "town", "--where", "status=Ulm", "--fitted-to", "none.csv"), "name one column of labels"),
        (("--like", "none.csv"), "none.csv"),
        (("-o", "made.png"), "this model's rows are table"),
        (("-o", "made.txt"), "unknown ending"),
        (("-o", "no/where.csv"), "there is no folder"),
    ],
)
def test_what_cant_be_drawn_is_one_line(refused, model, words, said):
    assert said in refused("generate", model, "-o", "made.csv", *words)


def test_an_unknown_class_is_told_the_nearest(refused, told, learned):
    assert "did you mean 'retired'" in refused("generate", told, "-o", "made.csv", "--where", "status=retire")
    assert "nothing else" in refused("generate", told, "-o", "made.csv", "--where", "town=Ulm")


def test_what_is_there_stays(isthmus, model, learned, tmp_path):
    before = learned.read_bytes()
    assert isthmus("generate", model, "-n", 3, "-o", learned).code == 2
    assert isthmus("generate", model, "-n", 3, "--like", learned, "--force", "-o", learned).code == 2
    assert learned.read_bytes() == before


def test_ctrl_c_leaves_no_half_file(wine_model, tmp_path):
    words = ("-n", "50000000", "--density", "mixture", "--fitted-to", "wine", "-o", "made.csv")
    command = [sys.executable, "-m", "isthmus", "generate", str(wine_model), *words]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, env=os.environ | {"GOMP_SPINCOUNT": "1"})
    until = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert said.decode().splitlines()[-1] == "isthmus: stopped"
    assert list(tmp_path.iterdir()) == []


def test_without_zuko_a_flow_is_refused_in_a_line(process, model, learned, tmp_path):
    (tmp_path / "zuko.py").write_text("raise ImportError('none')")
    words = ("generate", model, "--density", "flow", "--fitted-to", learned, "-o", "made.csv")
    done = process("-m", "isthmus", *words)
    assert done.returncode == 2
    assert "isthmus[flows]" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "made.csv").exists()
