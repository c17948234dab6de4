"""Clips without their noise: frame by frame, by windows, in bounded memory."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder, DataError, InputError
from isthmus.jobs.denoise import psnr
from isthmus.restoration import Denoiser, clip_levels, denoise_frames, shipped
from isthmus.restoration.moving import LISTENED, windows

FLOWER = load_sample_image("flower.jpg")[150:230, 200:301]


def noisy(picture: np.ndarray, count: int, level: float = 25) -> np.ndarray:
    rng = np.random.default_rng(0)
    frames = picture + level * rng.standard_normal((count, *picture.shape))
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


def model_of_windows(frames: int = 3, **more) -> Autoencoder:
    """Of windows that stand still, whose three frames tell thrice of each pixel; or of single frames."""
    china = load_sample_image("china.jpg").mean(2).round().astype(np.uint8)
    corners = [(top, left) for top in range(0, 395, 24) for left in range(0, 608, 24)]
    patches = np.stack([china[top : top + 32, left : left + 32] for top, left in corners])
    options = {"hidden": (16,) * 3, "epochs": 6, "batch_size": 8, "learning_rate": 4e-3, "validation": 0} | more
    model = Autoencoder("restoring", options={"noise": "gaussian:10-40", "frames": frames}, **options, random_state=0)
    return model.fit(np.repeat(patches[..., None], frames, 3))


@pytest.fixture(scope="module")
def still(tmp_path_factory) -> Denoiser:
    path = tmp_path_factory.mktemp("still") / "m.safetensors"
    model_of_windows().save(path)
    return Denoiser(Autoencoder.load(path))


@pytest.fixture(scope="module")
def alone() -> Denoiser:
    return Denoiser(model_of_windows(1))


@pytest.fixture(scope="module")
def changing_nothing() -> Denoiser:
    """It finds no damage, so each frame must come out as it went in, wherever it stood in its window."""
    model = model_of_windows(epochs=1)
    with torch.no_grad():
        model.model_.encoder.last.weight.zero_()
        model.model_.encoder.last.bias.zero_()
    return Denoiser(model)


def test_windows_are_the_nearest_around_each_frame():
    def told(count: int) -> list[tuple[list[int], int]]:
        frames = ((np.full((1, 1), i, np.uint8),) for i in range(count))
        return [(np.ravel(window).tolist(), place) for window, place in windows(frames, 3)]

    assert told(5) == [([0, 1, 2], 0), ([0, 1, 2], 1), ([1, 2, 3], 1), ([2, 3, 4], 1), ([2, 3, 4], 2)]
    assert told(3) == [([0, 1, 2], 0), ([0, 1, 2], 1), ([0, 1, 2], 2)]
    assert told(2) == [([0, 1, 1], 0), ([0, 1, 1], 1)]
    assert told(1) == [([0, 0, 0], 0)]
    assert told(0) == []


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_frame_comes_out_once_and_in_its_place(changing_nothing, count):
    """Every plane of it, be they of other sizes."""
    frames = [(frame, frame[::2, ::2], frame[1::2, 1::2]) for frame in noisy(FLOWER[..., 0], count)]
    found = list(denoise_frames(changing_nothing, iter(frames), (25, 25, 25)))
    assert len(found) == count
    for before, after in zip(frames, found, strict=True):
        for one, other in zip(before, after, strict=True):
            np.testing.assert_allclose(one.astype(int), other, atol=1)


def test_a_window_takes_more_noise_than_a_frame_can(still, alone):
    """The same network, as long trained, sees one frame or three."""
    clean = FLOWER[..., 0]
    frames = noisy(clean, 5)
    found = [np.stack([planes[0] for planes in denoise_frames(each, zip(frames))]) for each in (alone, still)]
    before, single, windowed = (psnr(each / 255, clean[None] / 255) for each in (frames, *found))
    assert single > before + 3
    assert windowed > single + 1.5


def test_frames_one_by_one_are_the_pictures_themselves():
    denoiser, frames = Denoiser(shipped()), noisy(FLOWER[..., 0], 3)
    found = list(denoise_frames(denoiser, zip(frames), (20,)))
    for frame, (clean,) in zip(frames, found, strict=True):
        np.testing.assert_array_equal(clean, denoiser.denoise(frame, 20))


def test_every_plane_has_its_level_and_it_is_one_for_the_whole_clip():
    denoiser, first, last = Denoiser(shipped()), LISTENED, 2
    bright = np.concatenate([noisy(FLOWER[..., 0], first, 25), noisy(FLOWER[..., 0], last, 5)])
    dull = np.concatenate([noisy(FLOWER[..., 1], first, 10), noisy(FLOWER[..., 1], last, 5)])
    frames = list(zip(bright, dull, strict=True))
    levels = clip_levels(denoiser, frames)
    assert levels == pytest.approx([25, 10], abs=3)
    assert clip_levels(denoiser, frames, 40) == [40, levels[1]]
    both = [list(denoise_frames(denoiser, iter(frames), told))[-1] for told in (None, levels)]
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_level_is_of_brightness_whatever_the_model_was_told():
    """One that learned by blind spots is told no level in training, and takes one when it is used."""
    model = Autoencoder("restoring", options={"noise": "self"}, hidden=(4,), epochs=1, validation=0)
    blind = Denoiser(model.fit(np.stack([FLOWER[:64, :64, :1]] * 2)))
    assert blind.levels is None
    frames = [(noisy(FLOWER[..., 0], 1, 25)[0], noisy(FLOWER[..., 1], 1, 8)[0])] * 2
    assert clip_levels(blind, frames, 25) == pytest.approx([25, 8], abs=3)
    assert clip_levels(blind, frames) == [None, None]


def test_no_more_frames_are_held_than_a_window_and_those_listened_to(changing_nothing):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield (noisy(FLOWER[..., 0], 1)[0],)

    for ahead, levels in ((LISTENED, None), (3, (25.0,))):
        taken = 0
        for given, _ in enumerate(denoise_frames(changing_nothing, endless(), levels), start=1):
            assert taken <= max(ahead, given + 1)
            if given == 12:
                break


def test_windows_and_pictures_are_not_mistaken_for_each_other(still):
    for picture in (FLOWER, FLOWER[..., 0]):
        with pytest.raises(DataError, match="windows of 3 frames: give it a clip"):
            still.denoise(picture, 10)
    with pytest.raises(DataError, match="takes 1 grey frames"):
        Denoiser(shipped()).denoise_window(noisy(FLOWER[..., 0], 3), 10)
    with pytest.raises(InputError, match="as many frames"):
        Autoencoder("restoring", options={"frames": 3}, epochs=1, validation=0).fit(np.zeros((9, 16, 16), np.uint8))
    colours = Autoencoder("restoring", hidden=(4,), epochs=1, validation=0).fit(np.zeros((9, 16, 16, 3), np.uint8))
    assert Denoiser(colours).frames == 1
