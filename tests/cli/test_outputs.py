"""Places that can't be written, and disks that are full: one line, and nothing half-written."""

import contextlib
import json
import os
import subprocess

import numpy as np
import pytest

KEPT = (".jsonl", ".checkpoint.safetensors")  # what a fit that fails midway may leave: nothing learned is lost


@pytest.mark.parametrize("place", ["nowhere/m", "taken.safetensors", "file/m", "/proc/m", "/sys/m", "m.pt", "m"])
def test_a_place_that_cannot_be_written(refused, place, tmp_path):
    (tmp_path / "taken.safetensors").mkdir()
    (tmp_path / "file").write_text("")
    output = place if "." in place or place == "m" else f"{place}.safetensors"
    assert output in refused("fit", "wine", "--epochs", "100000", "-o", output, "--force")


def test_the_same_for_the_other_commands(refused, wine_model, tmp_path):
    (tmp_path / "file").write_text("")
    np.save(tmp_path / "codes.npy", np.zeros((3, 4)))
    for output in ("nowhere/c.csv", "file/c.csv", "/proc/c.csv", "c.xls", "folder"):
        for words in (("encode", "wine"), ("reconstruct", "wine"), ("decode", "codes.npy")):
            assert output in refused(words[0], wine_model, words[1], "-o", output, "--force")
    assert "codes have 3" in refused("decode", wine_model, narrow(tmp_path), "-o", "r.csv")


def narrow(tmp_path):
    np.save(tmp_path / "narrow.npy", np.zeros((3, 3)))
    return "narrow.npy"


ENDINGS = ("csv", "parquet", "feather", "npy", "npz")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_device_that_is_full(refused, wine_model, ending, tmp_path):
    np.save(tmp_path / "codes.npy", np.zeros((500, 4)))
    output = tmp_path / f"full.{ending}"
    output.symlink_to("/dev/full")
    for words in (("encode", "wine"), ("reconstruct", "wine"), ("decode", "codes.npy")):
        message = refused(words[0], wine_model, words[1], "-o", output.name, "--force")
        assert "No space left" in message
        assert output.name in message


def test_a_model_on_a_device_that_is_full(refused, tmp_path):
    (tmp_path / "m.safetensors").symlink_to("/dev/full")
    message = refused("fit", "wine", "--epochs", 1, "-o", "m.safetensors", "--force", left=KEPT)
    assert "No space left" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_is_full(refused, wine_model, table, table_model, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True).returncode:
        pytest.skip("no right to mount")
    try:
        message = refused("fit", "wine", "--epochs", "1", "--hidden", "512", "-o", "disk/m.safetensors", left=KEPT)
        assert "No space left" in message
        np.save(tmp_path / "codes.npy", np.random.default_rng(0).normal(size=(3000, 4)))
        for ending in ("csv", "parquet", "npy"):
            assert "No space left" in refused("decode", wine_model, "codes.npy", "-o", f"disk/r.{ending}")
        assert "No space left" in refused("report", wine_model, "wine", "-o", fill(disk) / "page.html")
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(disk):
    with (disk / "rest").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return disk


def write_texts(path, count=40):
    lines = [json.dumps({"text": f"a word of {'red' if i % 2 else 'blue'} ink and more"}) for i in range(count)]
    path.write_text("\n".join(lines))
    return path.read_bytes()


def test_metrics_never_take_the_place_of_texts(isthmus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = write_texts(tmp_path / "notes.jsonl")
    short = ("--epochs", 1, "--hidden", 8, "--no-report", "-q")
    for more in ((), ("--force",), ("--resume", "--force")):
        assert isthmus("fit", "notes.jsonl", *short, *more).code == 0
        assert (tmp_path / "notes.jsonl").read_bytes() == kept
    assert json.loads((tmp_path / "notes.metrics.jsonl").read_text())["epoch"] == 1


def test_no_output_is_written_over_what_is_read(refused, tmp_path):
    kept = write_texts(tmp_path / "notes.metrics.jsonl")
    (tmp_path / "link.jsonl").symlink_to("notes.metrics.jsonl")
    os.link(tmp_path / "notes.metrics.jsonl", tmp_path / "hard.jsonl")
    for name in ("notes.metrics.jsonl", "link.jsonl", "hard.jsonl"):
        said = refused("fit", name, "-o", "notes.safetensors", "--force")
        assert "notes.metrics.jsonl: the metrics would be written over the data" in said
    np.save(tmp_path / "x.npy", np.zeros((20, 4)))
    held = ("--validation", "notes.metrics.jsonl", "-o", "notes.metrics.safetensors", "--resume")
    assert "the metrics would be written over" in refused("fit", "x.npy", *held)
    assert (tmp_path / "notes.metrics.jsonl").read_bytes() == kept
