"""`isthmus denoise` of clips, `isthmus fit` on them, and `isthmus fit --target self`: whole commands on files."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder
from isthmus.data.clips import look_at_clip
from isthmus.data.photos import Photo, read_photo, write_photo
from isthmus.jobs.denoise import psnr

SMALL = ("--hidden", "16,16,16", "--learning-rate", 4e-3, "--batch-size", 8)


def helper(name: str):
    """Another test file's helpers."""
    place = Path(__file__).parents[1] / "data" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


write_clip = helper("test_clips").write_clip


def panned(name: str, count: int, size: tuple[int, int] = (80, 96), start: int = 100) -> np.ndarray:
    """A window that moves over a photo by a pixel a frame."""
    picture = load_sample_image(name)
    return np.stack([picture[start + i : start + i + size[0], start : start + size[1]] for i in range(count)])


def noisy(frames: np.ndarray, level: float = 25) -> np.ndarray:
    noise = level * np.random.default_rng(0).standard_normal(frames.shape)
    return np.clip(np.rint(frames + noise), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for i in range(10):
        write_clip(folder / "clean" / f"{i}.mp4", panned("china.jpg", 6, start=20 + 30 * i))
    write_clip(folder / "noisy.mp4", noisy(panned("flower.jpg", 8)), sound=True)
    return folder


@pytest.fixture(scope="module")
def fitted(clips):
    from isthmus.cli import main

    model = clips / "m.safetensors"
    words = ("fit", clips / "clean", "--recipe", "denoising", "--noise", "gaussian:10-40", *SMALL, "--epochs", 12, "-q")
    assert main([str(word) for word in (*words, "-o", model)]) == 0
    return model


def gained(source: Path, target: Path) -> float:
    """PSNR gained, in dB."""
    clean = panned("flower.jpg", 8) / 255
    before, after = (np.stack(colours(path)) / 255 for path in (source, target))
    return psnr(after, clean) - psnr(before, clean)


def colours(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as source:
        return [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]


def test_the_model_that_ships_cleans_a_clip_at_once(isthmus, clips, tmp_path):
    done = isthmus("denoise", clips / "noisy.mp4", "-o", tmp_path / "clean.mp4")
    assert done.code == 0, done.err
    assert "clean.mp4: 8 frames, noise of level 1" in done.out
    before, after = look_at_clip(clips / "noisy.mp4"), look_at_clip(tmp_path / "clean.mp4")
    assert (after.frames, after.height, after.width, after.sound) == (8, 80, 96, True)
    assert after.rate == before.rate
    assert gained(clips / "noisy.mp4", tmp_path / "clean.mp4") > 3
    assert isthmus("denoise", clips / "noisy.mp4", "-o", tmp_path / "clean.mp4").code == 2  # it is there now


def test_a_model_of_windows_is_fitted_to_clips_and_used(isthmus, fitted, clips, tmp_path):
    assert Autoencoder.load(fitted).options["frames"] == 3
    write_clip(tmp_path / "in" / "a" / "x.mkv", noisy(panned("flower.jpg", 8)))
    done = isthmus("denoise", fitted, tmp_path / "in", "-o", tmp_path / "out", "--level", 25, "--json")
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)["clips"]
    assert found["clip"] == str(tmp_path / "in" / "a" / "x.mkv")
    assert "name" not in found
    assert found["output"] == str(tmp_path / "out" / "a" / "x.mkv")
    assert (found["frames"], found["level"], found["silenced"]) == (8, 25, False)
    assert gained(tmp_path / "in" / "a" / "x.mkv", tmp_path / "out" / "a" / "x.mkv") > 2


def test_what_a_fit_to_clips_says_is_of_clips_held_out(isthmus, clips, tmp_path):
    words = ("fit", clips / "clean", "--noise", "gaussian:25", *SMALL, "--epochs", 1, "--validation", 2)
    done = isthmus(*words, "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    assert "Means over 2 clips held out" in done.out
    assert "noise 25" in done.out
    assert "isthmus denoise" in done.out


@pytest.mark.parametrize("noise", [(), ("--noise", "gaussian:12.5")])
def test_noisy_pictures_alone_teach_enough(isthmus, tmp_path, noise):
    """The clean ones are nowhere on the disk, and no PSNR is claimed."""
    whole = load_sample_image("china.jpg").mean(2) / 2 + 64
    for i in range(12):
        top, left = 130 * (i // 4), 150 * (i % 4)
        write(tmp_path / "in" / f"{i:02}.png", noisy(whole[top : top + 130, left : left + 150], 12.5))
    words = ("fit", tmp_path / "in", "--target", "self", *noise, "--hidden", "24,24,24,24,24", *SMALL[2:])
    done = isthmus(*words, "--epochs", 10, "-o", tmp_path / "m.safetensors")
    assert done.code == 0, done.err
    assert "no clean ones are known" in done.out
    assert "dB" not in done.out
    clean = load_sample_image("flower.jpg")[150:310, 200:401].mean(2) / 2 + 64
    write(tmp_path / "new.png", noisy(clean, 12.5))
    assert isthmus("denoise", tmp_path / "m.safetensors", tmp_path / "new.png", "-o", tmp_path / "out.png").code == 0
    before, after = (read_photo(tmp_path / name).pixels[..., 0] / 255 for name in ("new.png", "out.png"))
    assert psnr(after, clean / 255) > psnr(before, clean / 255) + 2


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    write_photo(path, Photo(pixels[..., None]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("denoise", "empty.mp4", "-o", "o.mp4"), "empty.mp4: can't be read"),
        (("denoise", "none.mp4", "-o", "o.mp4"), "none.mp4: holds no frames"),
        (("denoise", "cut.mp4", "-o", "o.mp4"), "cut.mp4: "),
        (("denoise", "front.mp4", "-o", "o.mp4"), "is cut off"),
        (("denoise", "sound.mp4", "-o", "o.mp4"), "sound.mp4: holds sound alone"),
        (("denoise", "text.mp4", "-o", "o.mp4"), "text.mp4: can't be read"),
        (("denoise", "a.mp4", "-o", "o.xyz"), "unknown ending '.xyz'"),
        (("denoise", "a.mp4", "-o", "o.avi"), "known are .mp4"),
        (("denoise", "a.mp4", "-o", "a.mp4", "--force"), "written over the data"),
        (("denoise", "a.mp4", "-o", "o.mp4", "--clean", "p/x.png"), "--clean p/x.png says nothing of clips"),
        (("denoise", "a.mp4", "-o", "o.mp4", "--report", "o.html"), "--report o.html says nothing of clips"),
        (("denoise", "a.mp4", "-o", "text.mp4/o.mp4"), "can't make the folder text.mp4"),
        (("denoise", "two", "-o", "out"), "two: 2 of 3 won't do: two/b.mp4: "),
        (("denoise", "two", "-o", "out"), "pass over them with --skip-bad"),
        (("denoise", "heard", "-o", "out"), "heard: holds sounds (b.wav) and clips (a.mp4): keep them in folders"),
        (("fit", "heard"), "heard: holds sounds (b.wav) and clips (a.mp4)"),
        (("fit", "heard", "--noise", "gaussian:25"), "heard: holds sounds (b.wav) and clips (a.mp4)"),
        (("fit", "p", "--target", "heard"), "heard: holds sounds (b.wav) and clips (a.mp4)"),
        (("fit", "c", "--recipe", "inpainting"), "c: holds clips, and --recipe inpainting learns from pictures"),
        (("fit", "c", "--recipe", "upscaling"), "c: holds clips, and --recipe upscaling learns from pictures"),
        (("fit", "c", "--recipe", "segmenting", "--target", "p"), "c: holds clips, and --recipe segmenting learns"),
        (("fit", "c", "--noise", "downscale:2"), "c: holds clips, which don't learn by --noise downscale:2: give"),
        (("fit", "c", "--noise", "holes"), "--noise holes: give --noise gaussian:0-55 or --target self"),
        (("fit", "c", "--noise", "gaussian:25", "--set", "frames=5"), "--set frames=5: of clips there are 3"),
        (("fit", "p", "--noise", "gaussian:25", "--set", "frames=3"), "--set frames=3: of clips there are 3"),
        (("denoise", "tiny.mp4", "-o", "o.mp4"), "too small to tell its noise"),
        (("denoise", "both", "-o", "out"), "holds clips (a.mp4) and pictures (x.png)"),
        (("denoise", "m.safetensors", "p/x.png", "-o", "o.png"), "windows of 3 frames: give it a clip"),
        (("denoise", "folder", "-o", "out"), "none.mp4: holds no frames"),
        (("fit", "both", "--noise", "gaussian:25"), "keep them in folders apart"),
        (("fit", "folder", "--noise", "gaussian:25"), "none.mp4: holds no frames"),
        (("fit", "folder", "--target", "p"), "--target takes pairs of pictures"),
        (("fit", "nothing", "--target", "self"), "nothing: no pictures"),
        (("fit", "p/x.png", "--target", "self"), "take a folder of pictures"),
        (("fit", "p", "--target", "self", "--noise", "gaussian:0-55"), "the one level of all"),
        (("fit", "p", "--target", "self", "--noise", "gaussian:x"), "write self or self:LEVEL"),
        (("fit", "p", "--target", "self", "--noise", "poisson:3"), "write gaussian:LEVEL"),
        (("fit", "p", "--target", "self", "--validation", "clean"), "knows nothing clean to judge by"),
        (("fit", "p", "--target", "self", "--recipe", "vae"), "recipe denoising"),
        (("fit", "p", "--target", "./self"), "self: no such folder"),
    ],
)
def test_bad_input_is_one_line(refused, clips, fitted, tmp_path, words, said):
    write(tmp_path / "p" / "x.png", np.full((40, 50), 99, np.uint8))
    write(tmp_path / "both" / "x.png", np.full((40, 50), 99, np.uint8))
    frames = noisy(panned("china.jpg", 6, (32, 48)))
    for name in ("a.mp4", "both/a.mp4", "heard/a.mp4", "c/a.mp4", "two/a.mp4"):
        write_clip(tmp_path / name, frames)
    write_clip(tmp_path / "tiny.mp4", frames[:, :6, :6])
    write_clip(tmp_path / "front.mp4", frames, options={"movflags": "faststart"})
    for name in ("cut.mp4", "front.mp4"):
        whole = (tmp_path / name.replace("cut", "a")).read_bytes()
        (tmp_path / name).write_bytes(whole[: 3 * len(whole) // 4])
    (tmp_path / "heard" / "b.wav").write_bytes(b"")
    for name in ("b.mp4", "c.mp4"):
        (tmp_path / "two" / name).write_text("text")
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("text")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "m.safetensors").write_bytes(fitted.read_bytes())
    write_without_frames(tmp_path / "none.mp4", "libx264")
    write_without_frames(tmp_path / "sound.mp4", "aac")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "none.mp4").write_bytes((tmp_path / "none.mp4").read_bytes())
    assert said in refused(*words)


def write_without_frames(path: Path, codec: str) -> None:
    with av.open(str(path), "w") as target:
        stream = target.add_stream(codec, rate=44100 if codec == "aac" else 25)
        if codec == "aac":
            for i in range(4):
                heard = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                heard.rate, heard.pts = 44100, 1024 * i
                target.mux(stream.encode(heard))
        else:
            stream.width = stream.height = 32
        target.start_encoding()
        target.mux(stream.encode(None))


def test_bad_clips_may_be_passed_over(isthmus, clips, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes((clips / "noisy.mp4").read_bytes())
    (tmp_path / "in" / "b.mp4").write_text("text")
    done = isthmus("denoise", tmp_path / "in", "-o", tmp_path / "out", "--skip-bad")
    assert done.code == 0
    assert "skipped 1" in done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mp4"]
    done = isthmus("denoise", tmp_path / "in", "-o", tmp_path / "o", "--skip-bad", "--json")
    assert [len(json.loads(done.out)[name]) for name in ("clips", "skipped")] == [1, 1]
    assert done.err == ""


def test_finer_values_than_8_bits_are_not_lost_without_a_word(isthmus, tmp_path):
    with av.open(str(tmp_path / "deep.mp4"), "w") as target:
        stream = target.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p10le"
        for pixels in noisy(panned("china.jpg", 3, (48, 64))):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            target.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        target.mux(stream.encode(None))
    done = isthmus("denoise", tmp_path / "deep.mp4", "-o", tmp_path / "o.mp4", "--level", 25)
    assert done.code == 0, done.err
    assert done.err.count("\n") == 1
    assert "o.mp4: has 8 bits a value; " in done.err
    assert "deep.mp4 has 10" in done.err
    done = isthmus("denoise", tmp_path / "o.mp4", "-o", tmp_path / "again.mp4", "--level", 25)
    assert (done.code, done.err) == (0, "")


def test_without_the_extra_it_says_what_to_install(refused, clips, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "a.mp4").write_bytes((clips / "noisy.mp4").read_bytes())
    assert "pip install 'isthmus[video]'" in refused("denoise", "a.mp4", "-o", "o.mp4")


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_no_half_written_clip_is_left(clips, tmp_path, how, code):
    write_clip(tmp_path / "long.mp4", np.repeat(noisy(panned("flower.jpg", 2, (200, 300))), 30, 0))
    command = [sys.executable, "-m", "isthmus", "denoise", "long.mp4", "-o", "out.mp4", "--level", "25"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, env=os.environ)
    while process.poll() is None and not list(tmp_path.glob(".out.mp4.*.part")):
        time.sleep(0.01)
    assert not (tmp_path / "out.mp4").exists()
    time.sleep(0.2)
    process.send_signal(how)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == code, said
    assert not (tmp_path / "out.mp4").exists()
    if how == signal.SIGINT:
        assert [path.name for path in tmp_path.iterdir()] == ["long.mp4"]
        assert said.strip() == b"isthmus: stopped"
