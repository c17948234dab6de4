"""`isthmus denoise` of sounds, and `isthmus fit --noise`, `--target` on folders of them: whole commands on files."""

import json
import sys

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from isthmus import Autoencoder
from isthmus.data import soundpatches
from isthmus.jobs.denoise_sound import si_sdr

RATE = 8000
SMALL = ("--hidden", "12,12,12", "--learning-rate", 5e-3, "--batch-size", 4, "-q")
MORE = ("--hidden", "4,4,4", "--epochs", 1, "--validation", 0)


def voice(seconds: float, pitch: float, rate: int = RATE) -> np.ndarray:
    """A gliding tone with overtones and a rhythm."""
    t = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * pitch * (t + 0.3 * t**2)
    return 0.15 * np.sin(2 * np.pi * 3 * t) ** 2 * sum(np.sin(k * phase) / k for k in range(1, 8))


def noisy(sound: np.ndarray, level: float = 0.03) -> np.ndarray:
    return sound + level * np.random.default_rng(0).standard_normal(sound.shape)


def write(path, sound: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    soundfile.write(path, sound, rate, subtype)


def picture(path) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(np.full((70, 70), 99, np.uint8)).save(path)


@pytest.fixture(scope="module", autouse=True)
def _few():
    """Few pictures are enough for tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(soundpatches, "PICTURES", 96)
        yield


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Ten voices, and the same under noise."""
    folder = tmp_path_factory.mktemp("voices")
    for i in range(10):
        clean = voice(0.6 + 0.05 * i, 120 + 25 * i)
        write(folder / "clean" / f"{i}.wav", clean)
        write(folder / "dirty" / f"{i}.flac", noisy(clean))
    return folder


@pytest.fixture(scope="module")
def fitted(voices, _few):
    from isthmus.cli import main

    model = voices / "model.safetensors"
    words = ("fit", voices / "clean", "--recipe", "denoising", "--noise", "any:0-10", *SMALL, "--epochs", 8)
    assert main([str(word) for word in (*words, "-o", model)]) == 0
    return model


@pytest.fixture(scope="module")
def idle(fitted):
    """A model whose network finds no damage, so that its gain is 1 everywhere."""
    model = Autoencoder.load(fitted)
    for weights in model.model_.encoder.last.parameters():
        torch.nn.init.zeros_(weights)
    model.save(fitted.with_name("idle.safetensors"))
    return fitted.with_name("idle.safetensors")


def test_a_model_of_ones_own_cleans_a_sound_and_says_how_well(isthmus, fitted, tmp_path):
    clean = voice(1.0, 210)
    write(tmp_path / "in.wav", noisy(clean))
    write(tmp_path / "truth.wav", clean)
    words = ("denoise", fitted, tmp_path / "in.wav", "--clean", tmp_path / "truth.wav")
    done = isthmus(*words, "-o", tmp_path / "out.wav")
    assert done.code == 0, done.err
    before, after = (si_sdr(soundfile.read(tmp_path / name)[0], clean) for name in ("in.wav", "out.wav"))
    assert after > before + 2
    for shown in ("SI-SDR in dB", f"{before:.2f}", f"{after:.2f}", "adaptive gating"):
        assert shown in done.out
    found = json.loads(isthmus(*words, "-o", tmp_path / "new" / "out.wav", "--json").out)["sounds"][0]["figures"]
    assert found["after"] == pytest.approx(after, abs=1e-3)
    assert set(found["peers"]) == {"spectral gating", "adaptive gating"}


def test_without_the_library_of_spectral_gating_the_rest_is_told(isthmus, fitted, tmp_path, monkeypatch):
    write(tmp_path / "in.wav", noisy(voice(0.5, 210)))
    write(tmp_path / "truth.wav", voice(0.5, 210))
    monkeypatch.setitem(sys.modules, "noisereduce", None)
    words = ("denoise", fitted, tmp_path / "in.wav", "-o", tmp_path / "out.wav", "--clean", tmp_path / "truth.wav")
    done = isthmus(*words)
    assert done.code == 0, done.err
    assert "the classical methods are not installed" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("name", "subtype", "channels"),
    [
        ("a.wav", "PCM_16", 2),
        ("a.flac", "PCM_24", 1),
        ("a.wav", "FLOAT", 1),
        ("a.wav", "PCM_U8", 3),
        ("a.wav", "DOUBLE", 2),
    ],
)
def test_a_sound_stays_what_it_is(isthmus, fitted, idle, tmp_path, name, subtype, channels):
    """Rate, channels, depth, container and length; and with a gain of 1 every whole sample."""
    sound = np.stack([noisy(voice(0.9, 150 + 40 * i)) for i in range(channels)], 1)
    write(tmp_path / name, sound, subtype=subtype)
    for model, out in ((fitted, "o"), (idle, "same")):
        done = isthmus("denoise", model, tmp_path / name, "-o", tmp_path / out / name)
        assert done.code == 0, done.err
        one, other = soundfile.info(tmp_path / name), soundfile.info(tmp_path / out / name)
        for field in ("samplerate", "channels", "frames", "format", "subtype"):
            assert getattr(one, field) == getattr(other, field), field
    was, same, cleaned = (soundfile.read(tmp_path / where / name)[0] for where in ("", "same", "o"))
    np.testing.assert_allclose(same, was, atol=0 if subtype == "PCM_16" else 2e-6)
    assert np.abs(cleaned - was).max() > 0.01


def test_stereo_of_44100_hz(isthmus, tmp_path, monkeypatch):
    """Half of the frequencies' bands are learned at a time there."""
    monkeypatch.setattr(soundpatches, "PICTURES", 8)
    stereo = np.stack([voice(0.6, 200, 44100), voice(0.6, 300, 44100)], 1)
    for i in range(2):
        write(tmp_path / "in" / f"{i}.wav", noisy(stereo), 44100)
    done = isthmus("fit", tmp_path / "in", "--noise", "white:5", *MORE, "-q", "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    assert isthmus("denoise", tmp_path / "m.safetensors", tmp_path / "in", "-o", tmp_path / "out").code == 0
    found = soundfile.info(tmp_path / "out" / "1.wav")
    assert (found.samplerate, found.channels, found.subtype, found.frames) == (44100, 2, "PCM_16", len(stereo))


def test_another_ending_is_another_container(isthmus, idle, tmp_path):
    write(tmp_path / "a.wav", noisy(voice(0.5, 150)))
    assert isthmus("denoise", idle, tmp_path / "a.wav", "-o", tmp_path / "o.flac").code == 0
    found = soundfile.info(tmp_path / "o.flac")
    assert (found.format, found.subtype) == ("FLAC", "PCM_16")
    assert (soundfile.read(tmp_path / "o.flac")[0] == soundfile.read(tmp_path / "a.wav")[0]).all()


def test_a_folder_in_a_folder_out_and_silence_stays_silence(isthmus, fitted, tmp_path):
    write(tmp_path / "in" / "a" / "one.wav", noisy(voice(0.5, 150)))
    write(tmp_path / "in" / "two.flac", np.zeros(4000))
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert found == ["a/one.wav", "two.flac"]
    assert not soundfile.read(tmp_path / "out" / "two.flac")[0].any()


def test_pairs_are_learned_and_judged(isthmus, voices, tmp_path):
    words = ("fit", voices / "dirty", "--target", voices / "clean", *SMALL[:-1], "--epochs", 8, "--validation", 2)
    done = isthmus(*words, "-o", tmp_path / "m.safetensors", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)["figures"]["pairs"]
    assert found["after"] > found["before"] + 2
    schema = Autoencoder.load(tmp_path / "m.safetensors").schema_
    assert (schema.sound.rate, schema.sound.noise) == (RATE, "")


def test_a_fit_says_how_it_compares_under_each_noise(isthmus, voices, tmp_path):
    words = ("fit", voices / "clean", "--noise", "any:0-5", "--hidden", "4,4,4", "--epochs", 1, "--validation", 2)
    done = isthmus(*words, "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    for shown in ("Means over 2 sounds held out", "white 0 dB", "white 5 dB", "babble 0 dB", "babble 5 dB"):
        assert shown in done.out
    assert "white 10" not in done.out
    told = " ".join(isthmus("info", tmp_path / "m.safetensors").out.split())
    assert "of sounds of 8000 Hz, windows of 256 samples every 64, under any:0-5" in told


def cut(path, bytes_left: int) -> None:
    path.write_bytes(path.read_bytes()[:bytes_left])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("denoise", "M", "empty.wav", "-o", "o.wav"), "empty.wav: is empty"),
        (("denoise", "M", "none.wav", "-o", "o.wav"), "none.wav: no such file"),
        (("denoise", "M", "text.wav", "-o", "o.wav"), "text.wav: not a whole sound file: format not recognised"),
        (("denoise", "M", "hollow.wav", "-o", "o.wav"), "hollow.wav: holds no samples"),
        (("denoise", "M", "cut.wav", "-o", "o.wav"), "cut.wav: cut short: 2000 bytes of"),
        (("denoise", "M", "cut.flac", "-o", "o.flac"), "cut.flac: not a whole sound file"),
        (("denoise", "M", "nan.wav", "-o", "o.wav"), "nan.wav: 3 samples are not finite"),
        (("denoise", "M", "short.wav", "-o", "o.wav"), "short.wav: 200 samples are too short: 256"),
        (("denoise", "M", "fast.wav", "-o", "o.wav"), "fast.wav: 16000 Hz; the model learned sounds of 8000 Hz"),
        (("denoise", "M", "in.wav", "-o", "o.mp3"), "o.mp3: unknown ending '.mp3' of a sound"),
        (("denoise", "M", "nan.wav", "-o", "o.flac"), "o.flac: FLAC doesn't hold samples of kind FLOAT"),
        (("denoise", "M", "in.wav", "-o", "o.wav", "--level", "3"), "--level 3.0: is of pictures"),
        (
            ("denoise", "M", "in.wav", "-o", "o.wav", "--clean", "silent.wav"),
            "silent.wav: is silent, so there is no SI",
        ),
        (("denoise", "M", "in.wav", "-o", "o.wav", "--clean", "long.wav"), "long.wav and in.wav differ"),
        (("denoise", "M", "in.wav", "-o", "o.wav", "--clean", "cut.wav"), "cut.wav: cut short"),
        (("denoise", "M", "in.wav", "-o", "full.wav", "--force"), "full.wav: can't be written"),
        (("denoise", "M", "mixed", "-o", "o"), "mixed: holds sounds (a.wav) and pictures (b.png)"),
        (("denoise", "M", "bad", "-o", "o"), "bad: 1 of 2 won't do: bad/short.wav"),
        (("denoise", "in.wav", "-o", "o.wav"), "in.wav: no model of sounds comes along"),
        (("denoise", "M", "mixed/b.png", "-o", "o.png"), "this model learned sounds, and takes no pictures"),
        (("fit", "good", "--noise", "gaussian:25"), "of sounds it is white, babble or any"),
        (("fit", "good", "--noise", "white:10-0"), "noise='white:10-0': write white:SNR or white:FROM-TO"),
        (("fit", "good", "--recipe", "restoring"), "good: say what the sounds suffer"),
        (("fit", "good"), "good: say what the sounds suffer, as --noise any:0-10, or give --target"),
        (("fit", "good", "--noise", "white:5", "--target", "bad"), "leave out --noise"),
        (("fit", "good", "--target", "self"), "--target self is for pictures and clips, and good holds sounds"),
        (("fit", "good", "--recipe", "vae", "--noise", "any:5"), "--recipe vae: good holds sounds"),
        (("fit", "good", "--recipe", "inpainting"), "--recipe inpainting: good holds sounds, which are learned from"),
        (("fit", "in.wav", "--noise", "white:5"), "take a folder of pictures or sounds"),
        (("fit", "good/one", "--noise", "babble:5", *MORE), "good/one: babble is the sum of other sounds"),
        (("fit", "silence", "--noise", "white:5", *MORE), "silent.wav: silent: nothing to learn"),
        (("fit", "half", "--noise", "white:5", *MORE), "half.wav: one channel is silent"),
        (("fit", "bad", "--noise", "white:5", *MORE), "short.wav: 200 samples are too short"),
        (("fit", "rates", "--noise", "white:5", *MORE), "a model learns sounds of one rate"),
        (("fit", "slow", "--noise", "white:5", *MORE), "a rate of 500 Hz is too low"),
        (("fit", "mixed", "--noise", "white:5", *MORE), "mixed: holds sounds (a.wav) and pictures"),
        (("fit", "good", "--target", "bad", *MORE), "3 sounds without a partner of the same name: good/b.wav"),
        (("fit", "good/one", "--target", "long", *MORE), "pairs must be alike"),
        (("fit", "pictures", "--noise", "white:5"), "noise='white:5'"),
    ],
)
def test_bad_input_is_one_line(refused, fitted, tmp_path, words, said):
    for name in ("in.wav", "good/one/a.wav", "good/b.wav", "good/in.wav", "mixed/a.wav", "bad/in.wav", "rates/a.wav"):
        write(tmp_path / name, noisy(voice(0.5, 150)))
    for name in ("cut.wav", "cut.flac"):
        write(tmp_path / name, noisy(voice(0.5, 150)))
        cut(tmp_path / name, 2000)
    for name in ("short.wav", "bad/short.wav"):
        write(tmp_path / name, noisy(voice(0.025, 150)))
    for name in ("fast.wav", "rates/b.wav"):
        write(tmp_path / name, noisy(voice(0.5, 150)), 16000)
    for name in ("long.wav", "long/a.wav"):
        write(tmp_path / name, noisy(voice(0.7, 150)))
    for name in ("silent.wav", "silence/silent.wav"):
        write(tmp_path / name, np.zeros(4000))
    write(tmp_path / "half" / "half.wav", np.stack([voice(0.5, 150), np.zeros(4000)], 1))
    write(tmp_path / "slow" / "a.wav", voice(0.5, 150), 500)
    spoilt = noisy(voice(0.5, 150))
    spoilt[7:10] = np.nan, np.inf, -np.inf
    write(tmp_path / "nan.wav", spoilt, subtype="FLOAT")
    write(tmp_path / "hollow.wav", np.zeros((0, 1)))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "full.wav").symlink_to("/dev/full")
    (tmp_path / "text.wav").write_text("text")
    for name in ("mixed/b.png", "pictures/a.png"):
        picture(tmp_path / name)
    assert said in refused(*(fitted if word == "M" else word for word in words))


def test_a_model_of_pictures_takes_no_sound(isthmus, refused, tmp_path):
    picture(tmp_path / "in" / "a.png")
    done = isthmus("fit", tmp_path / "in", "--noise", "gaussian:25", *MORE, "-q", "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    write(tmp_path / "a.wav", voice(0.5, 150))
    assert "learned no sounds: fit one with" in refused("denoise", "m.safetensors", "a.wav", "-o", "o.wav")


def test_without_the_extra_it_is_one_line(refused, fitted, voices, tmp_path, monkeypatch):
    write(tmp_path / "a.wav", voice(0.5, 150))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    for words in (("denoise", fitted, "a.wav", "-o", "o.wav"), ("fit", voices / "clean", "--noise", "white:5", *MORE)):
        assert "sounds take soundfile: pip install 'isthmus[audio]'" in refused(*words)


def test_bad_sounds_may_be_passed_over(isthmus, fitted, tmp_path):
    for i in range(3):
        write(tmp_path / "in" / f"{i}.wav", noisy(voice(0.5, 150 + 50 * i)))
    write(tmp_path / "in" / "silent.wav", np.zeros(200))
    (tmp_path / "in" / "text.wav").write_text("text")
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--skip-bad")
    assert done.code == 0, done.err
    assert "skipped 2" in done.err
    assert len(list((tmp_path / "out").iterdir())) == 3
    words = ("fit", tmp_path / "in", "--noise", "any:5", *MORE, "--skip-bad", "-o", tmp_path / "m.safetensors")
    done = isthmus(*words)
    assert done.code == 0, done.err
    assert "skipped 2" in done.err


def test_a_clip_shorter_than_a_picture_and_one_much_longer_are_learned(isthmus, tmp_path):
    write(tmp_path / "in" / "a.wav", voice(0.04, 150))
    write(tmp_path / "in" / "b.wav", voice(5, 150))
    assert isthmus("fit", tmp_path / "in", "--noise", "any:5", *MORE, "-o", tmp_path / "m.safetensors").code == 0
    assert Autoencoder.load(tmp_path / "m.safetensors").record_["data"]["rows"] == pytest.approx(96, abs=12)
