"""Killed, stopped, and going on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from isthmus import Autoencoder, modelfile
from isthmus.cli import main

FIT = ["fit", "digits", "--recipe", "vae", "--hidden", "64", "--epochs", "60", "--patience", "none"]
FIT += ["--no-report", "--seed", "3"]


def start(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """A fit in a process of its own; what it says goes to ``said`` beside the folder."""
    command = [sys.executable, "-m", "isthmus", *FIT, "--checkpoint-every", "0.02", *more]
    environment = os.environ | {"GOMP_SPINCOUNT": "1000"}
    with folder.with_name(f"{folder.name}.said").open("wb") as said:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=said)


def said_by(folder: Path) -> str:
    return folder.with_name(f"{folder.name}.said").read_text()


def wait_for(path: Path, process: subprocess.Popen[bytes], newer_than: float = 0.0) -> bool:
    """Whether the file was (re)written while the process lived."""
    while process.poll() is None:
        if path.exists() and path.stat().st_mtime > newer_than:
            return True
        time.sleep(0.005)
    return False


def same_weights(a: Path, b: Path) -> bool:
    one, two = load_file(a), load_file(b)
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


def test_ten_kills_and_the_same_weights_to_the_bit(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    assert start(whole).wait(120) == 0
    checkpoint = killed / "digits.checkpoint.safetensors"
    moments = random.Random(0)
    for _ in range(10):
        process = start(killed, "--resume")
        assert wait_for(checkpoint, process, newer_than=time.time()), "it ended before it could be killed"
        time.sleep(moments.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        assert not (killed / "digits.safetensors").exists()
    last = start(killed, "--resume")
    assert last.wait(120) == 0, said_by(killed)
    assert same_weights(whole / "digits.safetensors", killed / "digits.safetensors")
    assert not checkpoint.exists()
    assert not [p for p in killed.iterdir() if p.suffix not in {".safetensors", ".jsonl", ".part"}]


def test_ctrl_c_keeps_the_best_model_and_the_checkpoint(tmp_path):
    process = start(tmp_path, "--epochs", "2000")
    assert wait_for(tmp_path / "digits.checkpoint.safetensors", process)
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(60) == 0, said_by(tmp_path)
    assert "Ctrl-C" in said_by(tmp_path)
    model = Autoencoder.load(tmp_path / "digits.safetensors")
    assert model.record_["stopped"] == "interrupted"
    assert model.record_["best_epoch"] >= 1
    checkpoint = tmp_path / "digits.checkpoint.safetensors"
    step = modelfile.read(checkpoint)[0]["state"]["step"]
    assert step > 0
    again = start(tmp_path, "--epochs", "2000", "--resume")
    assert wait_for(checkpoint, again, newer_than=time.time())
    again.kill()
    again.wait()
    assert modelfile.read(checkpoint)[0]["state"]["step"] > step


def test_a_checkpoint_of_other_options_or_garbled_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    process = start(tmp_path, "--epochs", "2000")
    checkpoint = tmp_path / "digits.checkpoint.safetensors"
    assert wait_for(checkpoint, process)
    process.kill()
    process.wait()
    assert main([*FIT, "--epochs", "2000", "--resume", "--latent-dim", "3"]) == 2
    assert "latent_dim" in capsys.readouterr().err
    data = bytearray(checkpoint.read_bytes())
    data[len(data) // 2] ^= 1
    checkpoint.write_bytes(data)
    assert main([*FIT, "--epochs", "2000", "--resume"]) == 2
    err = capsys.readouterr().err
    assert "SHA-256" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("moment", [0.0, 0.3])
def test_a_kill_before_any_checkpoint_leaves_nothing_that_hurts(tmp_path, moment):
    process = start(tmp_path)
    time.sleep(moment)
    process.kill()
    process.wait()
    assert start(tmp_path, "--resume", "--epochs", "2").wait(60) == 0
