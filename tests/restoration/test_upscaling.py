"""Upscaling by mathematics and on real pictures: the same arithmetic in training and at use, colour, tiles, types."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder, InputError
from isthmus.errors import DataError
from isthmus.jobs.denoise import psnr
from isthmus.jobs.upscale import classical
from isthmus.parts import Code, Downscaling, Normal, PictureAdversary, Trip
from isthmus.parts.scaling import enlarged, reduced
from isthmus.recipes.restoring import multiple_of, noise_of
from isthmus.restoration import Denoiser, Upscaler
from isthmus.restoration.tiling import in_units_of
from isthmus.restoration.upscaling import LUMINANCE, bicubic

FACTORS = (2, 3, 4)


def planes(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.astype(np.float32).transpose(2, 0, 1).copy())[None]


def picture_of(planes: torch.Tensor) -> np.ndarray:
    return planes[0].permute(1, 2, 0).numpy()


def smaller(picture: np.ndarray, factor: int) -> np.ndarray:
    """By Pillow, of 8 bits, as a user would make it."""
    height, width, channels = picture.shape
    plain = Image.fromarray(picture[..., 0] if channels == 1 else picture)
    found = np.asarray(plain.resize((width // factor, height // factor), Image.Resampling.BICUBIC))
    return found.reshape(height // factor, width // factor, channels)


@pytest.fixture(scope="module")
def flower() -> np.ndarray:
    return load_sample_image("flower.jpg")[120:336, 150:390]


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    """A small network, a few seconds old."""
    china = load_sample_image("china.jpg").mean(2).round().astype(np.uint8)
    rows = np.stack([china[y : y + 36, x : x + 36] for y in range(0, 391, 27) for x in range(0, 604, 27)])
    options = {"options": {"noise": "downscale:2-4"}, "hidden": (24,) * 5, "epochs": 8, "batch_size": 8}
    return Autoencoder("restoring", **options, learning_rate=3e-3, validation=0, random_state=0).fit(rows)


@pytest.mark.parametrize("factor", FACTORS)
def test_both_ways_are_pillows(factor):
    """Pillow's is a second implementation of bicubic interpolation with a = -1/2, borders included."""
    x = np.random.default_rng(0).random((48, 36, 1)).astype(np.float32)
    plain = Image.fromarray(x[..., 0])
    small = np.asarray(plain.resize((36 // factor, 48 // factor), Image.Resampling.BICUBIC)).clip(0, 1)
    np.testing.assert_allclose(reduced(planes(x), factor)[0, 0], small, atol=1e-6)
    large = np.asarray(plain.resize((36 * factor, 48 * factor), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(enlarged(planes(x), factor)[0, 0], large, atol=1e-5)


@pytest.mark.parametrize("factor", FACTORS)
def test_pixels_stay_where_they_are(factor):
    """A ramp is made smaller and larger without moving: only its ends, where weights are cut off, may change."""
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, 72)[:, None, None], (72, 24, 1))
    found = picture_of(enlarged(reduced(planes(ramp), factor), factor))
    inside = slice(4 * factor, -4 * factor)
    np.testing.assert_allclose(found[inside], ramp[inside], atol=1e-5)


@pytest.mark.parametrize("factor", FACTORS)
def test_what_is_seen_in_training_is_what_is_seen_at_use(model, factor):
    """Borders, phase and told factor: the network's input at use is the corruption's output."""
    x = np.random.default_rng(1).random((60, 84, 1)).astype(np.float32)
    learned, seen = Downscaling((factor,))(planes(x)), []
    hook = model.model_.encoder.register_forward_pre_hook(lambda part, given: seen.append(given[0].clone()))
    Upscaler(model).upscale(picture_of(reduced(planes(x), factor)), factor)
    hook.remove()
    torch.testing.assert_close(seen[0].contiguous(), learned, atol=2e-6, rtol=0)


def test_the_factor_is_drawn_for_each_picture_and_told():
    torch.manual_seed(0)
    x = torch.rand(600, 1, 12, 12)
    seen = Downscaling(FACTORS)(x)
    told = seen[:, 1].flatten(1)
    assert (told == told[:, :1]).all()
    for factor in FACTORS:
        here = torch.isclose(told[:, 0], torch.tensor(1 - 1 / factor))
        assert here.sum() == pytest.approx(200, abs=45)  # four standard deviations
        torch.testing.assert_close(seen[here, :1], enlarged(reduced(x[here], factor), factor))


def test_a_flat_picture_stays_as_it_is():
    """Weights sum to one, at the borders too."""
    for factor in FACTORS:
        flat = torch.full((1, 1, 24, 24), 0.7)
        torch.testing.assert_close(enlarged(reduced(flat, factor), factor), flat)


@pytest.mark.parametrize("factor", FACTORS)
def test_another_picture_is_sharper_than_by_interpolation(model, flower, factor):
    clean = flower.mean(2, keepdims=True).round().astype(np.uint8)
    small = smaller(clean, factor)
    ours = psnr(Upscaler(model).upscale(small, factor) / 255, clean / 255)
    others = {name: psnr(found / 255, clean / 255) for name, found in classical(small, factor).items()}
    assert ours > others["bicubic"] + {2: 0.7, 3: 0.4, 4: 0.3}[factor]


def test_of_colour_a_grey_model_changes_the_luminance_alone(model, flower):
    small = smaller(flower, 2).astype(np.float32) / 255
    found, plain = Upscaler(model).upscale(small, 2), bicubic(small, 2)
    added = found - plain
    np.testing.assert_allclose(added, np.broadcast_to(added[..., :1], added.shape), atol=1e-6)
    grey = (small @ LUMINANCE)[..., None]
    np.testing.assert_allclose((found @ LUMINANCE)[..., None], Upscaler(model).upscale(grey, 2), atol=1e-3)  # bfloat16


def test_a_model_of_colour_serves_colour_and_grey(flower):
    rows = np.stack([flower[y : y + 24, x : x + 24] for y in range(0, 192, 24) for x in range(0, 216, 24)])
    options = {"options": {"noise": "downscale:2"}, "hidden": (8,) * 3, "epochs": 1, "validation": 0}
    upscaler = Upscaler(Autoencoder("restoring", **options).fit(rows))
    small = smaller(flower, 2).astype(np.float32) / 255
    assert upscaler.upscale(small).shape == flower.shape
    expected = upscaler.upscale(np.repeat(small[..., :1], 3, 2)).mean(2)
    np.testing.assert_allclose(upscaler.upscale(small[..., 0]), expected, atol=1e-3)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("size", [(41, 30), (5, 17), (1, 1)])
def test_no_seam_is_seen(model, flower, factor, size):
    small = flower[: size[0], : size[1]].astype(np.float32) / 255
    whole, tiled = (Upscaler(model, tile=tile).upscale(small, factor) for tile in (512, 22))
    assert whole.shape == (size[0] * factor, size[1] * factor, 3)
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_types_stay_as_they_are(model, flower):
    small = smaller(flower, 2)
    of_floats = Upscaler(model).upscale(small / 255, 2)
    for dtype, full in (("uint8", 255), ("uint16", 65535)):
        found = Upscaler(model).upscale((small / 255 * full).round().astype(dtype), 2)
        assert found.dtype == dtype
        np.testing.assert_allclose(found / full, of_floats.clip(0, 1), atol=0.6 / 255)
    assert Upscaler(model).upscale(small[..., 0]).shape == flower.shape[:2]


def test_bicubic_alone_is_pillows(flower):
    deep = flower.astype(np.uint16) * 257
    for picture in (flower, deep):
        found, expected = (x.astype(int) for x in (bicubic(picture, 3), classical(picture, 3)["bicubic"]))
        assert abs(found - expected).max() <= 1  # rounded either way
    assert in_units_of(np.float32([-0.1, 1.1]), np.dtype("uint8")).tolist() == [0, 255]


@pytest.mark.parametrize("text", ["", "1", "7", "2-9", "4-2", "two", "2.5", "2-", "0"])
def test_factors_that_are_none(text):
    with pytest.raises(InputError, match="write downscale:FACTOR"):
        noise_of(f"downscale:{text}")


def test_patches_can_be_made_smaller_by_every_factor():
    assert [multiple_of(f"downscale:{text}") for text in ("2", "3", "4", "2-4")] == [2, 6, 4, 12]
    assert multiple_of("gaussian:25") == 2
    rows = np.zeros((20, 32, 32), np.uint8)
    with pytest.raises(InputError, match="32x32 can't be made 3 times smaller"):
        Autoencoder("restoring", options={"noise": "downscale:2-4"}, epochs=1, hidden=(4,), batch_size=20).fit(rows)


def test_what_is_asked_must_have_been_learned(model, flower):
    with pytest.raises(InputError, match="this model learned 2, 3, 4"):
        Upscaler(model).upscale(flower, 5)
    with pytest.raises(InputError, match="undo downscaling, not noise"):
        Denoiser(model)
    rows = np.zeros((8, 16, 16), np.uint8)
    denoiser = Autoencoder("restoring", epochs=1, hidden=(4,), validation=0).fit(rows)
    with pytest.raises(InputError, match="didn't learn to upscale"):
        Upscaler(denoiser)
    with pytest.raises(DataError, match="4 channels"):
        Upscaler(model).upscale(np.zeros((8, 8, 4), np.uint8))


def test_the_adversary_tells_true_pictures_from_restored_ones_and_is_deceived():
    """Sharp ones from blurred ones; its term is minus the log of its belief times the cells, and teaches it nothing."""
    torch.manual_seed(0)

    class Fixed:
        likelihood = Normal(1.0)

    sharp = torch.rand(32, 1, 12, 12)
    blurred = enlarged(reduced(sharp, 2), 2).requires_grad_()
    trip = Trip(sharp, blurred, Code(blurred.flatten(1), blurred.flatten(1)), blurred, sharp[:, 0, 0, 0])
    critic = PictureAdversary(1, 0.01, (8, 16))
    optimizer = torch.optim.Adam(critic.parameters(), 3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        critic.own_loss(Fixed(), trip).backward()
        optimizer.step()
    assert blurred.grad is None
    with torch.no_grad():
        true, made = (critic.net(pictures)[0].sigmoid() for pictures in (sharp, blurred))
    assert true.mean() > made.mean() + 0.2
    term = critic(Fixed(), trip)
    torch.testing.assert_close(term, -144 * made.log())
    (slope,) = torch.autograd.grad(term.sum(), blurred)
    with torch.no_grad():
        deceiving = critic.net(blurred - 1e-2 * slope / slope.abs().max())[0].sigmoid()
    assert (deceiving > made).all()
