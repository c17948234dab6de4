"""`isthmus detect` and data that are odd: one clear line and no file, or what docs/detect.md says of them."""

import json

import numpy as np
import pytest

from isthmus import Autoencoder, Detector, open_data

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
SERIES = np.sin(np.arange(300) / 5) + 0.05 * RNG.normal(size=300)
QUICK = Autoencoder(latent_dim=1, hidden=(8,), epochs=3, validation=0)


def table(path, rows, head="a,b,c"):
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Detectors of a table, of one with categories, of one with missing cells, and of windows of 30 steps."""
    folder = tmp_path_factory.mktemp("models")
    table(folder / "t.csv", X)
    table(folder / "k.csv", [(row[0], "uv"[i % 2]) for i, row in enumerate(X)], "a,k")
    table(folder / "m.csv", [(a, "" if i % 5 == 0 else b, c) for i, (a, b, c) in enumerate(X)])
    for name in "tkm":
        Detector(QUICK, random_state=0).fit(folder / f"{name}.csv").save(folder / f"{name}.safetensors")
    windows = open_data(SERIES, kind="series", window=30)
    Detector(QUICK, random_state=0).fit(windows).save(folder / "s.safetensors")
    return folder


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Odd files, in the folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    few = X[:5]
    rows = {
        "column-missing": [(a, b, "") for a, b, _ in X],
        "all-missing": [("", "", "")] * 30,
        "one": X[:1],
        "header": [],
        "infinite": [("inf", b, c) for a, b, c in X],
        "some-missing": [(a, "" if i == 2 else b, c) for i, (a, b, c) in enumerate(few)],
        "one-column-missing": [(a, "", c) for a, b, c in few],
        "words": [("hello", b, c) for a, b, c in few],
    }
    for name, lines in rows.items():
        table(tmp_path / f"{name}.csv", lines)
    table(tmp_path / "alike.csv", [(*row, 1) for row in X], "a,b,c,bad")
    table(tmp_path / "normal.csv", [(*row, 0) for row in X], "a,b,c,bad")
    table(tmp_path / "new-category.csv", [(row[0], "w") for row in few], "a,k")
    table(tmp_path / "lacking.csv", few[:, :2], "a,b")
    table(tmp_path / "more.csv", [(*row, 7) for row in few], "a,b,c,d")
    table(tmp_path / "others.csv", few, "p,q,r")
    (tmp_path / "empty.csv").write_text("")
    np.save(tmp_path / "series.npy", SERIES)
    np.save(tmp_path / "holes.npy", np.where(np.arange(300) % 50 < 10, np.nan, SERIES))
    stamps = [f"2024-01-01 00:{i // 60 % 60:02d}:{i % 60:02d}" for i in [*range(150), *range(140, 290)]]
    table(tmp_path / "stamps.csv", zip(stamps, SERIES, strict=True), "time,value")
    return tmp_path


WRITTEN = ("-o", "scores.csv", "--report", "page.html")
WINDOW = ("--kind", "series", "--window")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("column-missing.csv",), "no value at all in column 'c'; leave it out with --drop c"),
        (("all-missing.csv",), "no value at all in column 'a', 'b', 'c'"),
        (("one.csv",), "one.csv: 1 row"),
        (("header.csv",), "header.csv: no rows"),
        (("empty.csv",), "empty.csv: the file is empty"),
        (("infinite.csv",), "column 'a': inf (row 0)"),
        (("alike.csv", "--label", "bad"), "alike.csv: every row is labelled an anomaly"),
        (("normal.csv", "--label", "bad"), "normal.csv: every row is labelled normal"),
        (("series.npy", *WINDOW, "301"), "a series of 300 steps is shorter than window=301"),
        (("series.npy", *WINDOW, "0"), "window=0"),
        (("normal.csv", "--calibration", "20"), "--calibration has no use here"),
        (("normal.csv", "--fdr", "0.1", "--calibration", "1.5"), "calibration=1.5"),
        (("normal.csv", "--fdr", "0.1", "--calibration", "80"), "calibration=80: held-out rows: 80 of 80"),
        (("normal.csv", "--fdr", "0.1", "--calibration", "many"), "a share such as 0.3, or a whole number of rows"),
        (("normal.csv", "--false-alarms", "0.1", "--calibration", "5"), "takes 9 held-out rows"),
    ],
)
def test_what_can_not_be_fitted(isthmus, files, words, said):
    check_refused(isthmus, files, ("detect", *words, *WRITTEN, "--save", "d.safetensors"), said)


@pytest.mark.parametrize(
    ("model", "words", "said"),
    [
        ("k", ("new-category.csv",), "column 'k': 'w' (row 0) is no category the model knows (it knows 'u', 'v')"),
        ("t", ("some-missing.csv",), "column 'b': '' (row 2) is missing"),
        ("t", ("one-column-missing.csv",), "column 'b': '' (row 0) is missing"),
        ("t", ("lacking.csv",), "missing column 'c'"),
        ("t", ("more.csv",), "unexpected column 'd'; leave it out with --drop d"),
        ("t", ("others.csv",), "were columns renamed?"),
        ("t", ("words.csv",), "column 'a': 'hello' (row 0)"),
        ("t", ("infinite.csv",), "column 'a': inf (row 0)"),
        ("t", ("header.csv",), "no rows"),
        ("t", ("empty.csv",), "the file is empty"),
        ("t", ("series.npy",), "series.npy"),
        ("t", ("one.csv", "--calibration", "0.2"), "--calibration has no use here"),
        ("s", ("series.npy", "--window", "40"), "the model was fitted on 30 at most"),
        ("s", ("series.npy", "--window", "301"), "shorter than window=301"),
        ("s", ("holes.npy", "--window", "30"), "series with NaN; the model was fitted on data without missing"),
    ],
)
def test_what_can_not_be_scored(isthmus, files, models, model, words, said):
    check_refused(isthmus, files, ("detect", models / f"{model}.safetensors", *words, *WRITTEN), said)


def check_refused(isthmus, files, words, said):
    before = sorted(files.iterdir())
    done = isthmus(*words)
    assert done.code == 2, done
    assert done.out == ""
    assert said in done.err
    assert done.err.startswith("isthmus: ")
    assert done.err.count("\n") == 1
    assert sorted(files.iterdir()) == before


def found(isthmus, *words):
    done = isthmus("detect", *words, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def scores(answer):
    return {row["row"]: row["score"] for row in answer["strangest"]}


def test_columns_in_another_order_and_one_row_score_the_same(isthmus, files, models):
    table(files / "ordered.csv", X[:5])
    table(files / "turned.csv", X[:5, ::-1], "c,b,a")
    ordered, turned = (found(isthmus, models / "t.safetensors", f"{name}.csv") for name in ("ordered", "turned"))
    assert scores(turned) == pytest.approx(scores(ordered))
    alone = found(isthmus, models / "t.safetensors", "one.csv")
    assert scores(alone)["0"] == pytest.approx(scores(ordered)["0"])


def test_missing_cells_count_for_nothing_where_some_were_missing_when_fitted(isthmus, files, models):
    table(files / "gaps.csv", [*X[:4], ("", "", ""), (9, "", 9)])
    answer = found(isthmus, models / "m.safetensors", "gaps.csv")
    assert all(np.isfinite(score) for score in scores(answer).values())
    assert answer["strangest"][0]["row"] == "5"
    assert scores(answer)["4"] == min(scores(answer).values()), "nothing is known of it, so nothing is strange"


def test_constant_columns_are_kept_and_another_value_there_is_strange(isthmus, files):
    table(files / "constant.csv", np.c_[X[:, :2], np.ones(80)])
    table(files / "moved.csv", [(0, 0, 1), (0, 0, 1.5)])
    assert isthmus("detect", "constant.csv", "--save", "c.safetensors", "-q").code == 0
    answer = found(isthmus, "c.safetensors", "moved.csv")
    assert answer["strangest"][0]["row"] == "1"
    assert answer["strangest"][0]["why"].startswith("c is 1.5, expected 1 ")
    table(files / "same.csv", np.ones((40, 3)))
    same = found(isthmus, "same.csv")
    assert same["flagged"] == 0
    assert same["strangest"][0]["why"] == "no column stands out"


def test_steps_are_taken_as_they_stand_whatever_their_stamps(isthmus, files):
    """Repeated time stamps: the column is left out, and says nothing. Missing values: windows with some are scored."""
    table(files / "values.csv", SERIES[:, None], "value")
    for name in ("values.csv", "holes.npy"):
        windows = open_data(files / name, kind="series", window=30)
        Detector(QUICK, random_state=0).fit(windows).save(files / f"{name}.safetensors")
    words = ("--window", "30")
    stamped = found(isthmus, "values.csv.safetensors", "stamps.csv", *words, "--drop", "time")
    assert stamped == found(isthmus, "values.csv.safetensors", "values.csv", *words)
    holes = found(isthmus, "holes.npy.safetensors", "holes.npy", *words)
    assert holes["rows"] == 10
    assert all(np.isfinite(score) for score in scores(holes).values())
