"""Sounds through the command line: a folder of .wav in, .wav out."""

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from isthmus.cli import main


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """Thirty tones of 300 Hz and thirty of 1500 Hz, each in a folder of its own."""
    folder, rng = tmp_path_factory.mktemp("tones"), np.random.default_rng(0)
    for name, pitch in (("low", 300), ("high", 1500)):
        (folder / name).mkdir()
        for i in range(30):
            angle = 2 * np.pi * pitch * rng.uniform(0.95, 1.05) * np.arange(1600) / 8000
            soundfile.write(folder / name / f"{i:02d}.wav", 0.4 * np.hanning(1600) * np.sin(angle), 8000)
    return folder


@pytest.fixture(scope="module")
def model(tones, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    words = ("--kind", "series", "--recipe", "vae", "--latent-dim", "2", "--hidden", "32", "--epochs", "120")
    assert main(["fit", str(tones), "-o", str(path), *words, "--patience", "none", "-q"]) == 0
    return path


@pytest.mark.parametrize(("label", "pitch"), [("low", 300), ("high", 1500)])
def test_a_tone_that_is_asked_for_has_its_pitch(isthmus, model, tones, tmp_path, label, pitch):
    asked = ("--where", f"label={label}", "--density", "mixture", "--fitted-to", tones)
    words = (*asked, "-n", 3, "--temperature", 0.3, "-o", tmp_path / "x.wav")
    said = isthmus("generate", model, *words)
    assert said.code == 0, said.err
    rate, samples = wavfile.read(tmp_path / "x.wav")
    assert (rate, samples.shape, samples.dtype) == (8000, (4800,), np.int16)
    found = np.abs(np.fft.rfft(samples[:1600] / 32767)).argmax() * 5
    assert abs(found - pitch) < 0.15 * pitch
    again = tmp_path / "y.wav"
    assert isthmus("generate", model, *words[:-1], again).code == 0
    assert again.read_bytes() == (tmp_path / "x.wav").read_bytes()


def test_sounds_come_back_and_go_from_one_to_another(isthmus, model, tones, tmp_path):
    assert isthmus("reconstruct", model, tones / "low", "-o", tmp_path / "back", "-q").code == 0
    assert len(list((tmp_path / "back").iterdir())) == 30
    words = ("--rows", "0,40", "--steps", 4, "-o", tmp_path / "way.wav", "-q")
    assert isthmus("interpolate", model, tones, *words).code == 0
    assert len(wavfile.read(tmp_path / "way.wav")[1]) == 5 * 1600
    assert isthmus("encode", model, tones, "-o", tmp_path / "c.csv", "-q").code == 0
    assert "sounds of 1600 samples, 8000 Hz" in isthmus("info", model).out


def test_what_cant_be_is_refused(refused, model, wine_model):
    assert "rows are sounds, not music" in refused("generate", model, "-o", "x.mid")
    assert "those of a table, not sounds" in refused("generate", wine_model, "-o", "x.wav")
