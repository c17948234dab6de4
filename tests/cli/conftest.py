"""A command in this process, and small models to use."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from isthmus.cli import main

ENVIRONMENT = os.environ | {"GOMP_SPINCOUNT": "1000", "PYTHONWARNINGS": "error"}


class Said(NamedTuple):
    code: int
    out: str
    err: str
    seconds: float


@pytest.fixture
def isthmus(capfd):
    """Runs one command here; gives its exit code and what it printed, by whatever way."""

    def run(*words: object) -> Said:
        capfd.readouterr()
        began = time.monotonic()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Said(code, out, err, time.monotonic() - began)

    return run


@pytest.fixture
def process(tmp_path):
    """Runs one Python of its own in ``tmp_path``, any warning being an error."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *map(str, words)]
        return subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)

    return run


def entries(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.fixture
def refused(isthmus, tmp_path, monkeypatch):
    """Runs a command that must be refused, in a folder that must stay as it is; gives the message."""
    monkeypatch.chdir(tmp_path)

    def run(*words, left=()):
        before = entries(tmp_path)
        said = isthmus(*words)
        assert said.code == 2, said
        assert said.out == ""
        assert said.err.startswith("isthmus: ")
        assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
        assert said.seconds < 5
        assert [name for name in entries(tmp_path) if not name.endswith(left or "?")] == before
        return said.err

    return run


def write_table(path: Path, rows: int = 60) -> Path:
    """A table with numbers, whole numbers, text and true/false, some cells missing."""
    rng = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["b", "colour", "x", "n", "flag"])
        for i in range(rows):
            x = "" if i % 7 == 0 else f"{rng.normal():.4f}"
            writer.writerow([f"{rng.normal():.4f}", ("red", "green", "blue")[i % 3], x, i % 9, str(i % 2 == 0).lower()])
    return path


def write_pictures(folder: Path, count: int = 24, size: tuple[int, int] = (10, 12)) -> Path:
    """Grey pictures, half of them in a folder of their own."""
    rng = np.random.default_rng(1)
    for i in range(count):
        place = folder / ("left" if i % 2 else "right")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)).save(place / f"{i:03d}.png")
    return folder


def fitted(folder: Path, data: object, *words: str) -> Path:
    path = folder / "model.safetensors"
    tiny = ("--epochs", "1", "--hidden", "8", "--network", "dense", "--no-report", "-q")
    assert main(["fit", str(data), "-o", str(path), *tiny, *words]) == 0
    return path


@pytest.fixture(scope="session")
def wine_model(tmp_path_factory) -> Path:
    return fitted(tmp_path_factory.mktemp("wine"), "wine")


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    return write_table(tmp_path_factory.mktemp("table") / "table.csv")


@pytest.fixture(scope="session")
def table_model(table) -> Path:
    return fitted(table.parent, table, "--recipe", "vae")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures") / "data")


@pytest.fixture(scope="session")
def picture_model(pictures) -> Path:
    return fitted(pictures.parent, pictures)
