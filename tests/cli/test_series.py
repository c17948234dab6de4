"""Series through the command line: a long table in, the same out."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def long_csv(tmp_path):
    numbers = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"who": f"s{i:02d}", "time": np.arange(n), "u": np.sin(np.arange(n) + i), "v": float(i)})
        for i, n in enumerate(numbers.integers(4, 9, 30))
    ]
    pd.concat(parts).to_csv(tmp_path / "long.csv", index=False)
    return tmp_path / "long.csv"


def test_a_long_table_comes_back_row_by_row(isthmus, long_csv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read = ("long.csv", "--drop", "time")
    said = isthmus(
        "fit", *read, "--kind", "series", "--series-id", "who", "--recipe", "lstm", "--epochs", 2, "--hidden", 8
    )
    assert said.code == 0, said.err
    assert "--kind series" in said.out
    assert "--series-id who" in said.out
    page = (tmp_path / "long.html").read_text()
    assert "Series and their reconstructions" in page
    assert "s0" in page
    assert isthmus("reconstruct", "long.safetensors", *read, "-o", "back.csv").code == 0
    given, back = pd.read_csv(long_csv), pd.read_csv("back.csv")
    assert list(back.columns) == ["who", "u", "v"]
    assert back["who"].equals(given["who"])
    assert isthmus("encode", "long.safetensors", *read, "-o", "codes.csv").code == 0
    assert pd.read_csv("codes.csv")["row"].tolist() == given["who"].unique().tolist()
    assert isthmus("decode", "long.safetensors", "codes.csv", "-o", "decoded.npy").code == 0
    assert np.load("decoded.npy").shape == (30, 8, 2)
    assert "series of up to 8 steps, 2 channels" in isthmus("info", "long.safetensors").out.replace("\n", " ")
    assert isthmus("report", "long.safetensors", *read, "-o", "page.html").code == 0


def test_windows_over_one_long_series(isthmus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.sin(np.arange(400) / 5))
    read = ("x.npy", "--window", 16, "--stride", 4)
    said = isthmus("fit", *read, "--kind", "series", "--epochs", 2, "--latent-dim", 2)
    assert said.code == 0, said.err
    assert "--window 16 --stride 4" in said.out
    assert isthmus("encode", "x.safetensors", *read, "-o", "z.npy").code == 0
    assert np.load("z.npy").shape == ((400 - 16) // 4 + 1, 2)
    said = isthmus("encode", "x.safetensors", "x.npy", "-o", "w.npy")
    assert said.code == 2
    assert "--window" in said.err


def test_a_table_is_not_taken_for_series(isthmus, long_csv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = isthmus("fit", long_csv, "--kind", "series")
    assert said.code == 2
    assert "--series-id" in said.err
    assert len(said.err.strip().splitlines()) == 1
