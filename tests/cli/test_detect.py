"""`isthmus detect`: fit and list, a kept detector, streams, and what it refuses."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from isthmus import Autoencoder, Detector, open_data
from isthmus.jobs.detect import compared_rows

CANCER = load_breast_cancer()
ROWS = np.concatenate([CANCER.data[CANCER.target == 1][:200], CANCER.data[CANCER.target == 0][:20]])
NAMES = [name.replace(" ", "_") for name in CANCER.feature_names]


def table(path, rows=ROWS, labels=None):
    heads = NAMES + (["bad"] if labels is not None else [])
    lines = [",".join(heads)]
    for i, row in enumerate(rows):
        lines.append(",".join(map(repr, row.tolist())) + ("" if labels is None else f",{labels[i]}"))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def cancer(tmp_path):
    return table(tmp_path / "cancer.csv", labels=(np.arange(len(ROWS)) >= 200).astype(int))


def test_the_strangest_rows_with_reasons_and_figures(isthmus, cancer, tmp_path):
    files = {name: tmp_path / name for name in ("scores.csv", "page.html", "d.safetensors")}
    said = isthmus("detect", cancer, "--label", "bad", "--false-alarms", "0.05", "-o", files["scores.csv"],
                   "--report", files["page.html"], "--save", files["d.safetensors"], "--json")  # fmt: skip
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["rows"] == 220
    assert len(found["strangest"]) == 10
    assert found["judged"]["auroc"]["value"] > 0.8
    assert set(found["judged"]["peers"]) == {"isolation forest", "PCA", "nearest neighbours"}
    assert found["strangest"][0]["why"].split(" is ")[0] in NAMES
    scores = np.loadtxt(files["scores.csv"], delimiter=",", skiprows=1)
    assert scores.shape == (220, 3)
    assert scores[:, 1].sum() == found["flagged"]
    detector = Detector.load(files["d.safetensors"])
    same = detector.anomaly_scores(table(tmp_path / "same.csv"))
    np.testing.assert_allclose(same, scores[:, 0], rtol=1e-6)
    page = files["page.html"].read_text()
    assert "no more than 0.05 are flagged" in page
    assert found["strangest"][0]["why"].split(" is ")[0] in page.replace("<wbr>", "")


def test_a_kept_detector_scores_other_rows(isthmus, cancer, tmp_path):
    model = tmp_path / "d.safetensors"
    assert isthmus("detect", cancer, "--drop", "bad", "--save", model, "-q").code == 0
    new = table(tmp_path / "new.csv", ROWS[:5])
    said = isthmus("detect", model, new, "-o", tmp_path / "s.csv", "--json")
    assert said.code == 0, said.err
    again = isthmus("detect", model, new, "-o", tmp_path / "s.csv")
    assert again.code == 2
    assert "--force" in again.err


@pytest.mark.parametrize("form", ["csv", "json"])
def test_lines_come_out_scored_and_bad_ones_are_passed_over(cancer, tmp_path, form):
    model = tmp_path / "d.safetensors"
    Detector(false_alarms=0.1, random_state=0).fit(table(tmp_path / "plain.csv")).save(model)
    if form == "csv":
        lines = (tmp_path / "plain.csv").read_text().splitlines()[:4]
        lines.insert(2, "1,2")
    else:
        lines = [json.dumps(dict(zip(NAMES, row.tolist(), strict=True))) for row in ROWS[:3]]
        lines.insert(1, "{not json")
    command = [sys.executable, "-m", "isthmus", "detect", str(model), "-"]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"line {3 if form == 'csv' else 2}" in done.stderr
    detector = Detector.load(model)
    out = done.stdout.splitlines()
    if form == "csv":
        assert out[0].endswith(",score,anomaly,p_value")
        found = [float(line.split(",")[-3]) for line in out[1:]]
        flags = [int(line.split(",")[-2]) for line in out[1:]]
    else:
        found = [json.loads(line)["score"] for line in out]
        flags = [json.loads(line)["anomaly"] for line in out]
    few = detector.anomaly_scores(table(tmp_path / "few.csv", ROWS[:3]))
    np.testing.assert_allclose(found, few, rtol=1e-5)
    assert flags == (few > detector.threshold_).astype(int).tolist()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("a,b\n1,2\n", "no column 'c'"),
        ("a,b,c\n1,2,3\r4,5,6\n", "one line, one row"),
        ('{"a":1,"b":2,"c":3} {"a":1,"b":2,"c":3}\n', "no JSON"),
        ("[1,2,3]\n", "no column 'a'"),
        ('{"a":1e20,"b":2,"c":3}\n', "line 1: the number 1e+20 is too far"),
        (f'{{"a":{10**30},"b":2,"c":3}}\n', "line 1"),
        ('{"a":' + 100_000 * "[" + "\n", "no JSON"),
        ("a,b,c,a\n1,2,3,4\n", "names column 'a' twice"),
    ],
)
def test_lines_that_are_no_rows(tmp_path, lines, said):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "x.csv", rng.normal(size=(60, 3)), delimiter=",", header="a,b,c", comments="")
    model = tmp_path / "d.safetensors"
    Detector(random_state=0).fit(tmp_path / "x.csv").save(model)
    command = [sys.executable, "-m", "isthmus", "detect", str(model), "-"]
    done = subprocess.run(command, input=lines.encode(), capture_output=True, timeout=120)
    assert said in done.stderr.decode()
    assert "fault of Isthmus" not in done.stderr.decode()
    assert len(done.stdout.splitlines()) <= 1


def test_a_kept_detector_serves_the_other_commands(isthmus, tmp_path):
    """`info` says what it promises; `encode` and `reconstruct` take its autoencoder."""
    data, model = table(tmp_path / "plain.csv"), tmp_path / "d.safetensors"
    quick = Autoencoder(epochs=2, latent_dim=3)
    detector = Detector(quick, false_alarms=0.05, calibration=70, random_state=0).fit(data)
    detector.save(model)
    told = json.loads(isthmus("info", model, "--json").out)["detector"]
    assert told["promise"] == "of normal rows no more than 0.05 are flagged"
    assert told["threshold"] == detector.threshold_
    assert told["rows"] == {"scored": 220, "held out": 70, "kept": 0}
    shown = " ".join(isthmus("info", model).out.split())
    assert "detector 220 rows, 70 held out; 0 kept in this file" in shown
    assert "promise of normal rows no more than 0.05 are flagged" in shown
    assert f"threshold {detector.threshold_:.6g}" in shown
    detector.partial_fit(data).save(model)
    assert json.loads(isthmus("info", model, "--json").out)["detector"]["rows"]["kept"] == 440
    done = isthmus("encode", model, data, "-o", tmp_path / "codes.csv")
    assert done.code == 0, done.err
    codes = np.loadtxt(tmp_path / "codes.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(codes, detector.autoencoder_.transform(data), rtol=1e-5)
    alone = Autoencoder.load(model)
    np.testing.assert_array_equal(alone.transform(data), detector.autoencoder_.transform(data))
    assert isthmus("reconstruct", model, data, "-o", tmp_path / "rebuilt.csv").code == 0


@pytest.mark.parametrize(("asked", "held"), [("50", 50), ("0.5", 110)])
def test_so_many_rows_are_held_out_as_are_asked_for(isthmus, tmp_path, asked, held):
    data, model = table(tmp_path / "plain.csv"), tmp_path / "d.safetensors"
    done = isthmus("detect", data, "--fdr", "0.1", "--calibration", asked, "--save", model, "-q")
    assert done.code == 0, done.err
    assert len(Detector.load(model).calibration_scores_) == held


def test_options_that_mean_nothing_beside_a_model(isthmus, tmp_path, cancer):
    model = tmp_path / "d.safetensors"
    Detector(fdr=0.1, random_state=0).fit(table(tmp_path / "plain.csv")).save(model)
    for words, said in (
        ((tmp_path / "plain.csv", "--false-alarms", "0.1"), "--false-alarms has no use here"),
        (("-", "--json"), "--json has no use here"),
        (("-",), "a stream has no end"),
    ):
        done = isthmus("detect", model, *words)
        assert done.code == 2
        assert said in done.err


def test_a_stream_that_drifts_is_reported(tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "x.csv", rng.normal(size=(600, 3)), delimiter=",", header="a,b,c", comments="")
    model = tmp_path / "d.safetensors"
    Detector(false_alarms=0.1, random_state=0).fit(tmp_path / "x.csv").save(model)
    said = {}
    for shift in (0, 3):
        rows = "\n".join(",".join(map(str, row)) for row in rng.normal(shift, 1, (300, 3)))
        command = [sys.executable, "-m", "isthmus", "detect", str(model), "-"]
        said[shift] = subprocess.run(command, input="a,b,c\n" + rows, capture_output=True, text=True, timeout=120)
    assert "drift" not in said[0].stderr
    assert "these rows drift" in said[3].stderr


def test_a_series_in_windows(isthmus, tmp_path):
    long = np.sin(np.arange(3000) / 8) + 0.05 * np.random.default_rng(0).normal(size=3000)
    long[2000:2012] = 0
    np.save(tmp_path / "long.npy", long)
    words = ("--kind", "series", "--window", "60", "--stride", "10", "--top", "1", "--json")
    said = isthmus("detect", tmp_path / "long.npy", *words)
    assert said.code == 0, said.err
    first = 10 * int(json.loads(said.out)["strangest"][0]["row"])
    assert first <= 2000 < 2012 <= first + 60
    short = isthmus("detect", tmp_path / "long.npy", "--kind", "series", "--window", "4000")
    assert short.code == 2
    assert "shorter than window=4000" in short.err


def times(count):
    return np.datetime_as_string(np.datetime64("2024-05-01T00:00:00") + 300 * np.arange(count)).tolist()


def test_a_long_series_is_scored_step_by_step(isthmus, tmp_path):
    rng = np.random.default_rng(0)
    values = np.sin(np.arange(3000) / 4) + 0.05 * rng.normal(size=3000)
    values[2000:2008] += 2
    when = [time.replace("T", " ") for time in times(3000)]
    when[1500] = when[1499]
    lines = [f"{time},{value:.4f}" for time, value in zip(when, values, strict=True)]
    (tmp_path / "long.csv").write_text("\n".join(["timestamp,load", *lines]) + "\n")
    files = {name: tmp_path / name for name in ("scores.csv", "page.html", "d.safetensors")}
    words = ("-o", files["scores.csv"], "--report", files["page.html"], "--save", files["d.safetensors"], "--json")
    said = isthmus("detect", tmp_path / "long.csv", "--kind", "series", "--false-alarms", "0.01", *words)
    assert said.code == 0, said.err
    assert "each judged in the 50 that end there" in said.err
    assert "1 repeated" in said.err
    found = json.loads(said.out)
    worst = found["strangest"][0]
    assert worst["first"] <= 2008
    assert 2000 <= worst["last"] <= 2050
    assert worst["row"].startswith(when[worst["first"]])
    assert worst["row"].endswith(when[worst["last"]])
    assert worst["why"].startswith("load is ")
    out = files["scores.csv"].read_text().splitlines()
    assert out[0] == '"row","score","anomaly","p_value"'
    assert len(out) == 3001
    assert [line.split(",")[0].strip('"') for line in out[1:]] == when
    assert sum(line.split(",")[2] == "1" for line in out[1:]) == found["flagged"]
    page = files["page.html"].read_text()
    assert "The strangest stretches" in page
    assert page.count("fill-opacity") >= len(found["strangest"])
    again = isthmus("detect", files["d.safetensors"], tmp_path / "long.csv", "--json")
    assert json.loads(again.out)["strangest"] == found["strangest"]
    short = isthmus("detect", files["d.safetensors"], table(tmp_path / "other.csv"))
    assert short.code == 2


def test_windows_of_one_series_need_no_kind(isthmus, tmp_path):
    np.save(tmp_path / "long.npy", np.sin(np.arange(600) / 4))
    said = isthmus("detect", tmp_path / "long.npy", "--window", "40", "-o", tmp_path / "s.npy", "--top", "1")
    assert said.code == 0, said.err
    assert np.load(tmp_path / "s.npy").shape == (600, 2)
    assert "of 600 steps flagged" in said.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.csv",), "no such file"),
        (("cancer.csv", "other.csv"), "must be a detector's"),
        (("d.safetensors",), "name the data to score"),
        (("cancer.csv", "--false-alarms", "0.001"), "takes 999 held-out rows"),
        (("cancer.csv", "--false-alarms", "2"), "false_alarms=2.0"),
        (("cancer.csv", "--contamination", "0.9"), "contamination=0.9"),
        (("cancer.csv", "--label", "nothing"), "no column 'nothing'"),
        (("cancer.csv", "-o", "scores.txt"), "unknown ending"),
        (("cancer.csv", "--report", "page.csv"), "unknown ending"),
        (("one.csv",), "1 row"),
        (("alike.csv", "--label", "bad"), "every row is labelled normal"),
        (("words.csv", "--label", "bad"), "--normal"),
    ],
)
def test_mistakes_are_one_line(isthmus, cancer, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "one.csv", ROWS[:1])
    table(tmp_path / "alike.csv", ROWS[:30], [0] * 30)
    table(tmp_path / "words.csv", ROWS[:30], ["fine", "awful"] * 15)
    before = sorted(tmp_path.iterdir())
    done = isthmus("detect", *words)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_an_unseen_category_and_a_gap_are_named(isthmus, tmp_path):
    rng = np.random.default_rng(0)
    body = "\n".join(f"{rng.choice(['a', 'b'])},{rng.normal():.3f}" for _ in range(60))
    (tmp_path / "x.csv").write_text(f"kind,size\n{body}\n")
    assert isthmus("detect", tmp_path / "x.csv", "--save", tmp_path / "d.safetensors", "-q").code == 0
    for row, said in (("c,1.0", "'c'"), ("a,", "missing")):
        (tmp_path / "new.csv").write_text(f"kind,size\n{row}\n")
        done = isthmus("detect", tmp_path / "d.safetensors", tmp_path / "new.csv")
        assert done.code == 2
        assert said in done.err


def test_one_number_too_far_off_does_not_end_a_stream(tmp_path):
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "x.csv", rng.normal(size=(60, 3)), delimiter=",", header="a,b,c", comments="")
    model = tmp_path / "d.safetensors"
    Detector(random_state=0).fit(tmp_path / "x.csv").save(model)
    command = [sys.executable, "-m", "isthmus", "detect", str(model), "-"]
    done = subprocess.run(command, input=b"a,b,c\n1,2,3\n1e20,2,3\n0,0,0\n", capture_output=True, timeout=120)
    assert done.returncode == 0
    assert [line.split(b",")[:3] for line in done.stdout.splitlines()[1:]] == [[b"1", b"2", b"3"], [b"0", b"0", b"0"]]
    assert b"line 3: the number 1e+20" in done.stderr


def test_a_promise_by_rows_that_may_hold_anomalies_is_warned_of(isthmus, tmp_path):
    data = table(tmp_path / "plain.csv")
    told = isthmus("detect", data, "--fdr", "0.1", "--json")
    assert "--normal-only" in told.err
    assert "threshold" not in json.loads(told.out)
    assert isthmus("detect", data, "--fdr", "0.1", "--normal-only", "--json").err == ""


def test_large_labelled_data_are_judged_at_the_rate_of_anomalies_that_there_is():
    truth = np.arange(60_000) < 600
    rows = compared_rows(truth, open_data(np.random.default_rng(0).normal(size=(60_000, 2))))
    assert len(rows) == 20_000
    assert truth[rows].sum() == 200
