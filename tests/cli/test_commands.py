"""Whole commands, end to end."""

import csv
import json
import shlex

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from isthmus import Autoencoder, recipes


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def same_weights(a, b):
    first, second = load_file(a), load_file(b)
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def history_of(model):
    return [json.loads(line) for line in model.with_suffix(".jsonl").read_text().splitlines()]


def test_fit_writes_model_page_and_metrics_and_overwrites_nothing(process, tmp_path):
    done = process("-m", "isthmus", "fit", "digits", "--epochs", 3)
    assert (done.returncode, done.stderr) == (0, "")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(files) == {"digits.safetensors", "digits.html", "digits.jsonl"}
    assert files["digits.html"].lower().startswith(b"<!doctype html>")
    assert [entry["epoch"] for entry in history_of(tmp_path / "digits.safetensors")] == [1, 2, 3]
    assert "digits.safetensors" in done.stdout
    assert "PCA (8)" in done.stdout
    again = process("-m", "isthmus", "fit", "digits", "--epochs", 3)
    assert (again.returncode, again.stdout) == (2, "")
    assert again.stderr.startswith("isthmus: digits.safetensors: exists already")
    assert files == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "digits.safetensors").unlink()
    assert process("-m", "isthmus", "fit", "digits").returncode == 2  # the page and the metrics are somebody's too
    forced = process("-m", "isthmus", "fit", "digits", "--epochs", 3, "--seed", 1, "--force")
    assert forced.returncode == 0
    assert (tmp_path / "digits.jsonl").read_bytes() != files["digits.jsonl"]


def test_encode_decode_and_reconstruct_agree_with_python(isthmus, table, table_model, tmp_path):
    model = Autoencoder.load(table_model)
    both = model.encode(str(table))
    assert isthmus("encode", table_model, table, "-o", tmp_path / "codes.csv", "--std").code == 0
    head, *cells = rows_of(tmp_path / "codes.csv")
    names = [str(name) for name in model.get_feature_names_out()]
    assert head == names + [f"{name}_std" for name in names]
    assert np.array_equal(np.array(cells, float), np.hstack(both))
    assert both.std.min() > 0

    assert isthmus("encode", table_model, table, "-o", tmp_path / "codes.npy").code == 0
    assert np.array_equal(np.load(tmp_path / "codes.npy"), model.transform(str(table)))

    assert isthmus("encode", table_model, table, "-o", tmp_path / "means.csv").code == 0
    for codes in ("codes.npy", "means.csv"):
        assert isthmus("decode", table_model, tmp_path / codes, "-o", tmp_path / "a.csv", "--force").code == 0
        assert isthmus("reconstruct", table_model, table, "-o", tmp_path / "b.csv", "--force").code == 0
        assert rows_of(tmp_path / "a.csv") == rows_of(tmp_path / "b.csv")


def test_a_table_comes_back_with_its_names_order_and_types(isthmus, table, table_model, tmp_path):
    out = tmp_path / "out.csv"
    assert isthmus("reconstruct", table_model, table, "-o", out).out == f"{out}: 60 rows\n"
    (head, *cells), (given, *_) = rows_of(out), rows_of(table)
    assert head == given
    assert len(cells) == 60
    columns = dict(zip(head, zip(*cells, strict=True), strict=True))
    assert set(columns["colour"]) <= {"red", "green", "blue"}
    assert set(columns["flag"]) <= {"true", "false"}
    assert all(cell.lstrip("-").isdigit() for cell in columns["n"])
    assert all("." in cell for cell in columns["b"])
    model = Autoencoder.load(table_model)
    raw = model.preparation_.undo(model.reconstruct_prepared(str(table)))
    assert np.array_equal(np.array(columns["b"], float), raw[:, 0])


def test_pictures_come_back_under_their_names_and_in_their_size(isthmus, pictures, picture_model, tmp_path):
    out = tmp_path / "rebuilt"
    assert isthmus("reconstruct", picture_model, pictures, "-o", out).code == 0
    names = sorted(path.relative_to(pictures) for path in pictures.rglob("*.png"))
    assert sorted(path.relative_to(out) for path in out.rglob("*.png")) == names
    pixels = np.stack([np.asarray(Image.open(out / name)) for name in names])
    assert pixels.shape == (24, 10, 12)
    assert np.array_equal(pixels, Autoencoder.load(picture_model).reconstruct(str(pictures))[..., 0])
    assert isthmus("encode", picture_model, pictures, "-o", tmp_path / "codes.csv").code == 0
    assert [row[0] for row in rows_of(tmp_path / "codes.csv")] == ["row", *map(str, names)]
    assert isthmus("decode", picture_model, tmp_path / "codes.csv", "-o", tmp_path / "again.npy").code == 0
    assert np.abs(np.load(tmp_path / "again.npy")[..., 0].astype(int) - pixels).max() <= 1  # codes pass through text


@pytest.mark.parametrize("dtype", ["float32", "int16", "float64"])
def test_an_array_comes_back_in_its_type(isthmus, dtype, tmp_path):
    x = (np.random.default_rng(0).normal(size=(50, 5)) * 100).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    model = tmp_path / "m.safetensors"
    assert isthmus("fit", tmp_path / "x.npy", "--epochs", 1, "--no-report", "-o", model).code == 0
    assert isthmus("reconstruct", model, tmp_path / "x.npy", "-o", tmp_path / "y.npy").code == 0
    y = np.load(tmp_path / "y.npy")
    assert (y.dtype, y.shape) == (x.dtype, x.shape)
    assert np.array_equal(y, Autoencoder.load(model).reconstruct(x))


def test_json_is_one_document(isthmus, tmp_path):
    model, codes, page = tmp_path / "m.safetensors", tmp_path / "c.csv", tmp_path / "p.html"
    fit = isthmus("fit", "wine", "--epochs", 2, "--json", "-o", model)
    encode = isthmus("encode", model, "wine", "-o", codes, "--json")
    report = isthmus("report", model, "wine", "-o", page, "--json")
    info, known = isthmus("info", model, "--json"), isthmus("recipes", "--json")
    assert {said.code for said in (fit, encode, report, info, known)} == {0}
    assert {said.err for said in (fit, encode, report, info, known)} == {""}
    said = json.loads(fit.out)
    assert said["model"] == str(model)
    assert said["record"] == json.loads(info.out)["record"]
    assert json.loads(encode.out) == {"output": str(codes), "rows": 178, "skipped": []}
    assert json.loads(report.out)["honest"] == said["honest"]
    assert page.read_text() == model.with_suffix(".html").read_text()
    assert [entry["name"] for entry in json.loads(known.out)] == list(recipes.names())


def test_info_and_recipes_for_people(isthmus, wine_model):
    info = isthmus("info", wine_model)
    assert info.code == 0
    assert all(word in info.out for word in ("Dense", "178 rows", "fingerprint", "malic_acid"))
    table = isthmus("recipes").out
    assert all(name in table for name in recipes.names())


ODD = ("--learning-rate", "0.0123456789", "--weight-decay", "0.03", "--validation", "0.25", "--batch-size", "8")


@pytest.mark.parametrize(
    "words",
    [
        ("digits",),
        ("wine", *ODD, "--latent-dim", "3", "--seed", "5"),
        ("wine", "--recipe", "vae", "--set", "beta=0.123456789", "--drop", "hue", "--label", "ash"),
        ("wine", "--corruption", "gaussian:0.5", "--penalty", "l1=0.3", "--validation", "0"),
        ("digits", "--size", "8x8", "--shift", "1", "--validation", "100", "--hidden", "16,8", "--activation", "relu"),
    ],
)
def test_the_command_printed_in_full_repeats_the_fit_to_the_bit(isthmus, words, tmp_path):
    if "--size" in words:
        words = tuple(word for word in words if word not in ("--size", "8x8"))
    first = tmp_path / "a.safetensors"
    said = isthmus("fit", *words, "--epochs", 2, "--no-report", "-o", first)
    assert said.code == 0
    (line,) = [line for line in said.out.splitlines() if line.startswith("the same in full: isthmus ")]
    again = shlex.split(line.removeprefix("the same in full: isthmus "))
    assert isthmus(*again, "--no-report", "-o", tmp_path / "b.safetensors").code == 0
    assert same_weights(first, tmp_path / "b.safetensors")


def test_a_file_of_held_out_rows(isthmus, table, tmp_path):
    lines = table.read_text().splitlines(keepends=True)
    (tmp_path / "learn.csv").write_text("".join(lines[:41]))
    (tmp_path / "held.csv").write_text("".join(lines[:1] + lines[41:]))
    words = ("fit", tmp_path / "learn.csv", "--validation", tmp_path / "held.csv", "--epochs", 2, "--json")
    said = json.loads(isthmus(*words, "-o", tmp_path / "m.safetensors").out)
    assert (said["record"]["training_rows"], said["honest"]["rows"]) == (40, 20)
    assert "held_loss" in history_of(tmp_path / "m.safetensors")[0]


def test_a_label_is_shown_and_not_learned_and_a_dropped_column_is_gone(isthmus, table, tmp_path):
    model = tmp_path / "m.safetensors"
    fit = isthmus("fit", table, "--label", "colour", "--drop", "n", "--epochs", 1, "-o", model)
    assert fit.code == 0
    assert Autoencoder.load(model).schema_.feature_names == ["b", "x", "flag"]
    assert "green" in model.with_suffix(".html").read_text()
    codes = tmp_path / "c.csv"
    assert isthmus("encode", model, table, "--label", "colour", "--drop", "n", "-o", codes).code == 0
    assert len(rows_of(codes)) == 61


def test_an_option_of_the_recipe(isthmus, tmp_path):
    for beta in (1, 2):
        words = ("fit", "wine", "--recipe", "vae", "--set", f"beta={beta}", "--epochs", 1, "--no-report")
        assert isthmus(*words, "-o", tmp_path / f"{beta}.safetensors").code == 0
    info = json.loads(isthmus("info", tmp_path / "2.safetensors", "--json").out)
    assert info["model"]["terms"][0]["beta"] == 2
    assert not same_weights(tmp_path / "1.safetensors", tmp_path / "2.safetensors")


def test_a_time_budget_is_kept_and_the_learning_rate_falls_to_its_end(isthmus, tmp_path):
    model = tmp_path / "m.safetensors"
    words = ("--learning-rate", 0.02, "--validation", 0, "--json", "--no-report", "-o", model)
    record = json.loads(isthmus("fit", "wine", "--minutes", 0.05, *words).out)["record"]
    assert 2.95 <= record["seconds"] <= 4
    assert record["stopped"] == "finished"
    changes = np.abs(np.diff([entry["loss"] for entry in history_of(model)]))
    middle, end = np.array_split(changes, 5)[2], changes[-len(changes) // 20 : -1]
    assert np.median(end) < 0.1 * np.median(middle)  # at a constant rate they are about equal


def test_data_beyond_the_memory_bound_are_streamed(isthmus, tmp_path):
    x = np.random.default_rng(0).normal(size=(20_000, 5)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)  # 400 kB
    model, codes = tmp_path / "m.safetensors", tmp_path / "c.npy"
    words = ("--memory", "200k")
    assert isthmus("fit", tmp_path / "x.npy", *words, "--epochs", 1, "--no-report", "-o", model).code == 0
    assert isthmus("encode", model, tmp_path / "x.npy", *words, "-o", codes).code == 0
    assert np.array_equal(np.load(codes), Autoencoder.load(model).transform(x))


def test_help_is_instant(process):
    heavy = "{'torch', 'sklearn', 'numpy'}"
    code = f"import isthmus.cli, sys; isthmus.cli.main(['--help']); sys.exit(bool({heavy} & set(sys.modules)))"
    done = process("-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Exit codes: 0 done" in done.stdout


def test_a_doctor_of_few_rows_says_that_it_cannot_tell(isthmus, tmp_path):
    rows = np.random.default_rng(0).normal(size=(400, 3))
    np.save(tmp_path / "many.npy", rows)
    np.save(tmp_path / "few.npy", rows[:5])
    assert isthmus("fit", tmp_path / "many.npy", "--epochs", 40, "-o", tmp_path / "m.safetensors").code == 0
    assert "rows are too few" in isthmus("doctor", tmp_path / "m.safetensors", tmp_path / "few.npy").out
    assert "rows are too few" not in isthmus("doctor", tmp_path / "m.safetensors", tmp_path / "many.npy").out
