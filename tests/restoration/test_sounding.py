"""Sounds as spectra, noise at a ratio, SI-SDR, and a denoiser of sounds of any length."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from isthmus import Autoencoder
from isthmus.data import schema_from_json, soundpatches
from isthmus.data.mixing import Noise, mixed, of_level_one
from isthmus.data.spectra import backward, forward, frames_in, picture_of, samples_of, spectra_of, wanted_gain
from isthmus.errors import DataError, InputError
from isthmus.jobs.denoise_sound import babble_of, si_sdr
from isthmus.restoration import Denoiser, SoundDenoiser

RATE = 8000


def voice(seconds: float, pitch: float, rate: int = RATE) -> np.ndarray:
    """A gliding tone with overtones and a rhythm."""
    t = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * pitch * (t + 0.3 * t**2)
    return 0.2 * np.sin(2 * np.pi * 3 * t) ** 2 * sum(np.sin(k * phase) / k for k in range(1, 8))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Fitted to gliding tones under white noise: well enough to gain something."""
    folder = tmp_path_factory.mktemp("voices")
    for i in range(6):
        soundfile.write(folder / f"{i}.wav", voice(0.8, 120 + 40 * i), RATE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(soundpatches, "PICTURES", 96)
        target, seen = soundpatches.cut_sounds(folder, noise="white:0-10")
    options = {"hidden": (12,) * 3, "epochs": 10, "learning_rate": 5e-3, "batch_size": 4, "validation": 0}
    fitted = Autoencoder("restoring", options={"noise": "none"}, random_state=0, **options)
    return fitted.fit(target, seen=seen)


@settings(max_examples=40, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.booleans(), st.integers(0, 2**31))
def test_si_sdr_minds_no_scale(a, b, flipped, seed):
    x, s = np.random.default_rng(seed).standard_normal((2, 100))
    assert si_sdr(a * x, (-b if flipped else b) * s) == pytest.approx(si_sdr(x, s), abs=1e-6)


@pytest.mark.parametrize("ratio", [-20.0, 0.0, 7.5, 60.0])
def test_si_sdr_is_the_ratio_of_clean_sound_to_noise_that_is_orthogonal_to_it(ratio):
    t = np.arange(800) / 800
    clean, noise = np.sin(2 * np.pi * 5 * t), np.sin(2 * np.pi * 9 * t)
    assert si_sdr(3 * (clean + 10 ** (-ratio / 20) * noise), clean) == pytest.approx(ratio, abs=1e-6)


def test_si_sdr_has_bounds_and_is_of_no_silent_reference():
    clean = voice(0.2, 100)
    assert si_sdr(clean, clean) == 200
    assert si_sdr(0 * clean, clean) == -200
    with pytest.raises(DataError, match="the clean sound is silent"):
        si_sdr(clean, 0 * clean)
    with pytest.raises(DataError, match="two that are alike"):
        si_sdr(clean, clean[1:])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([1000, 8000, 11025, 44100]), st.integers(1, 9000), st.integers(0, 2**31))
def test_there_and_back_again_gives_the_sound(rate, length, seed):
    spectra, sound = spectra_of(rate), np.random.default_rng(seed).standard_normal(length)
    start, stop = samples_of(spectra, 0, frames_in(spectra, length))
    assert stop >= length + spectra.window - spectra.hop - spectra.hop + 1  # each sample lies in as many frames
    padded = np.pad(sound, (-start, stop - length))
    found = backward(spectra, forward(spectra, padded))[-start : length - start]
    np.testing.assert_allclose(found, sound, atol=1e-12)


def test_spectra_are_those_of_scipy():
    spectra = spectra_of(16000)
    window = np.sqrt(hann(spectra.window, sym=False))
    theirs = ShortTimeFFT(window / np.linalg.norm(window), spectra.hop, spectra.rate)
    sound = np.random.default_rng(0).standard_normal(spectra.window + 20 * spectra.hop)
    ours, first = forward(spectra, sound), spectra.window // 2 // spectra.hop
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs.stft(sound, first, first + 21)), atol=1e-10)
    assert spectra.window == pytest.approx(0.032 * 16000, rel=0.05)


def test_white_noise_of_level_one_has_magnitudes_of_mean_square_one():
    spectra = spectra_of(RATE)
    found = np.abs(forward(spectra, np.random.default_rng(0).standard_normal(80_000)))[1:-1]
    assert np.mean(found**2) == pytest.approx(1, abs=0.02)


def test_the_wanted_gain_is_the_best_of_all():
    rng = np.random.default_rng(0)
    clean, noisy = rng.standard_normal((2, 50, 2)) @ [1, 1j]
    gains = np.linspace(0, 1, 1001)
    best = gains[np.abs(clean - gains[:, None] * noisy).argmin(0)]
    np.testing.assert_allclose(wanted_gain(clean, noisy), best, atol=1e-3)


@pytest.mark.parametrize(
    ("text", "kinds", "low", "high"),
    [
        ("white:0-10", ("white",), 0, 10),
        ("babble:-5-5.5", ("babble",), -5, 5.5),
        ("any:-3", ("white", "babble"), -3, -3),
    ],
)
def test_noise_in_words(text, kinds, low, high):
    assert Noise.of(text) == Noise(kinds, low, high)


@pytest.mark.parametrize("text", ["white", "white:", "white:10-0", "pink:3", "babble:0-99", "gaussian:25", "any:x"])
def test_noise_that_is_none(text):
    with pytest.raises(InputError, match="noise="):
        Noise.of(text)


@given(st.floats(-30, 30), st.integers(0, 2**31))
def test_noise_is_mixed_at_the_ratio_asked_for(ratio, seed):
    rng = np.random.default_rng(seed)
    clean, noise = 7 * rng.standard_normal(300), of_level_one(rng.standard_normal(300))
    left = mixed(clean, noise, ratio) - clean
    assert 10 * np.log10(np.sum(clean**2) / np.sum(left**2)) == pytest.approx(ratio, abs=1e-8)


def test_babble_is_of_level_one_and_holds_every_voice_alike():
    rng = np.random.default_rng(0)
    voices = [scale * np.sin(2 * np.pi * k * np.arange(400) / 400) for k, scale in ((3, 1.0), (8, 9.0))]
    found = babble_of(voices, 1200, rng)
    assert np.mean(found**2) == pytest.approx(1)
    strengths = np.abs(np.fft.rfft(found))[[9, 24]]
    assert strengths[0] == pytest.approx(strengths[1])


def test_what_is_to_become_is_never_louder_than_what_is_seen(model, tmp_path, monkeypatch):
    """And of a sound all but clean it is what is seen; a seed makes the same pictures again."""
    monkeypatch.setattr(soundpatches, "PICTURES", 8)
    for i in range(3):
        soundfile.write(tmp_path / f"{i}.wav", voice(0.3 * (i + 1), 100 + 50 * i), RATE)
    target, seen = (
        data.source.read(0, data.n).astype(int) for data in soundpatches.cut_sounds(tmp_path, noise="any:0")
    )
    assert (target <= seen).all()
    assert (seen - target)[..., 0].mean() > 500
    assert (target[..., 1] == seen[..., 1]).all()
    again = soundpatches.cut_sounds(tmp_path, noise="any:0")[1]
    assert (again.source.read(0, again.n) == seen).all()
    target, seen = (
        data.source.read(0, data.n).astype(int) for data in soundpatches.cut_sounds(tmp_path, noise="white:60")
    )
    loud = seen[..., 0] > 3000
    assert loud.mean() > 0.02
    assert np.abs(seen - target)[..., 0][loud].max() < 600


def test_a_model_gains_on_a_sound_it_never_heard(model):
    clean = voice(1.1, 210)
    noisy = mixed(clean, np.random.default_rng(5).standard_normal(len(clean)), 5)
    found = SoundDenoiser(model).denoise(noisy, RATE)
    assert si_sdr(found, clean) > si_sdr(noisy, clean) + 3


def test_a_gain_of_one_gives_the_sound_back(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    idle = Autoencoder.load(tmp_path / "m.safetensors")
    torch.nn.init.zeros_(idle.model_.encoder.last.weight)
    torch.nn.init.zeros_(idle.model_.encoder.last.bias)
    sound = np.random.default_rng(0).standard_normal((5001, 2))
    np.testing.assert_allclose(SoundDenoiser(idle).denoise(sound, RATE), sound, atol=1e-5)


@pytest.mark.parametrize("chunk", [2, 30, 64])
def test_in_chunks_it_is_as_whole(model, chunk):
    sound = voice(1.3, 150) + 0.05 * np.random.default_rng(0).standard_normal(int(1.3 * RATE))
    whole = SoundDenoiser(model).denoise(sound, RATE)
    assert np.abs(whole - sound).max() > 0.01
    np.testing.assert_allclose(SoundDenoiser(model, chunk=chunk).denoise(sound, RATE), whole, atol=1e-5)


def test_channels_go_one_by_one_and_a_louder_sound_is_the_same_sound(model):
    rng = np.random.default_rng(0)
    left, right = voice(0.7, 140) + 0.05 * rng.standard_normal(5600), voice(0.7, 260) + 0.02 * rng.standard_normal(5600)
    denoiser = SoundDenoiser(model)
    both = denoiser.denoise(np.stack([left, right, 0 * left], 1), RATE)
    np.testing.assert_allclose(both[:, 0], denoiser.denoise(left, RATE), atol=1e-6)
    np.testing.assert_allclose(both[:, 1], denoiser.denoise(right, RATE), atol=1e-6)
    assert not both[:, 2].any()
    loud = denoiser.denoise((100 * left).astype(np.float32), RATE)
    assert loud.dtype == np.float32
    np.testing.assert_allclose(loud / 100, both[:, 0], atol=1e-5)


def test_the_file_says_that_it_is_of_sound(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    loaded = Autoencoder.load(tmp_path / "m.safetensors")
    assert SoundDenoiser(loaded).spectra == spectra_of(RATE, "white:0-10")
    assert model.record_["settings"]["turn"] is False
    description = model.schema_.to_json()
    assert schema_from_json(description) == model.schema_
    plain = {name: value for name, value in description.items() if name != "sound"}
    assert schema_from_json(plain) == replace(model.schema_, sound=None)
    for bad in ({"hop": 0}, {"window": 250}, {"rate": -1}, {"rate": "8000"}, {"window": 2**40}):
        with pytest.raises(DataError, match="schema"):
            schema_from_json(description | {"sound": description["sound"] | bad})


def test_what_a_denoiser_of_sounds_refuses(model):
    denoiser, sound = SoundDenoiser(model), voice(0.5, 100)
    bad = sound.copy()
    bad[7] = np.nan
    for given_, rate, said in (
        (sound, 16000, "learned sounds of 8000 Hz"),
        (sound[:255], RATE, "255 samples are too short: 256"),
        (bad, RATE, "1 samples are not finite"),
        ((1000 * sound).astype(np.int16), RATE, "give floats"),
    ):
        with pytest.raises(DataError, match=said):
            denoiser.denoise(given_, rate)
    with pytest.raises(InputError, match="even number of frames"):
        SoundDenoiser(model, chunk=3)
    with pytest.raises(InputError, match="learned sounds"):
        Denoiser(model)


def test_a_picture_of_a_sound_tells_how_high_each_row_is():
    spectra = spectra_of(RATE)
    found = picture_of(spectra, forward(spectra, voice(0.5, 100)))
    assert found.shape[0] == spectra.bins
    np.testing.assert_allclose(found[:, 3, 1], np.arange(spectra.bins) / spectra.bins, atol=1e-6)
