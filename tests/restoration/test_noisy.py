"""Learning from noisy pictures alone, by mathematics and on real pictures whose clean ones are never shown."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder, InputError
from isthmus.jobs.denoise import psnr, with_noise
from isthmus.parts import BlindSpot, Masked, Normal, Recorrupted
from isthmus.recipes.restoring import noise_of
from isthmus.restoration import Denoiser
from isthmus.restoration.denoising import with_own_word


def numbered(*shape: int) -> torch.Tensor:
    """Every pixel of its own value."""
    return torch.arange(float(np.prod(shape))).view(shape)


@pytest.mark.parametrize(("height", "width", "side"), [(16, 24, 4), (9, 14, 4), (8, 8, 2), (10, 9, 3)])
def test_a_blind_spot_asks_for_one_pixel_of_each_cell(height, width, side):
    x = numbered(3, 2, height, width)
    asked, seen = BlindSpot(side).pair(x)
    hidden = ~asked.isnan()
    assert (hidden == hidden[:, :1]).all()  # all channels of a pixel
    torch.testing.assert_close(asked[hidden], x[hidden], rtol=0, atol=0)
    torch.testing.assert_close(seen[~hidden], x[~hidden], rtol=0, atol=0)
    for top in range(0, height - side + 1, side):
        for left in range(0, width - side + 1, side):
            assert (hidden[:, 0, top : top + side, left : left + side].flatten(1).sum(1) == 1).all()


def test_what_is_seen_of_a_hidden_pixel_is_another_nearby_of_the_same_channel():
    torch.manual_seed(0)
    x, height, width = numbered(2, 2, 9, 14), 9, 14
    found = set()
    for _ in range(300):
        asked, seen = BlindSpot(4).pair(x)
        hidden = ~asked.isnan()
        one, other = x[hidden].long(), seen[hidden].long()
        assert (one // (height * width) == other // (height * width)).all()
        down = one // width % height - other // width % height
        right = one % width - other % width
        assert ((down != 0) | (right != 0)).all()
        found |= {*zip(down.tolist(), right.tolist(), strict=True)}
    assert found == {(d, r) for d in range(-2, 3) for r in range(-2, 3)} - {(0, 0)}


def test_every_pixel_is_asked_for_equally_often():
    torch.manual_seed(0)
    asked, _ = BlindSpot(4).pair(torch.zeros(8000, 1, 8, 8))
    share = (~asked.isnan()).float().mean((0, 1))
    torch.testing.assert_close(share, torch.full((8, 8), 1 / 16), atol=5 * (1 / 16 / 8000) ** 0.5, rtol=0)


def test_pixels_that_are_not_asked_for_cost_and_teach_nothing():
    torch.manual_seed(0)
    asked, _ = BlindSpot(4).pair(torch.rand(3, 1, 8, 8))
    raw = torch.rand(3, 1, 8, 8, requires_grad=True)
    likelihood = Masked(Normal(0.3))
    nll = likelihood.nll(raw, asked)
    cells = Normal(0.3).cells(raw, asked.nan_to_num())
    torch.testing.assert_close(nll, (cells * ~asked.isnan()).flatten(1).sum(1))
    nll.sum().backward()
    assert raw.grad is not None
    assert ((raw.grad != 0) == ~asked.isnan()).all()


def test_the_blind_model_is_judged_by_hidden_pixels_alone():
    """In training the trip's target is NaN but where a pixel is hidden, and the encoder sees another there."""
    torch.manual_seed(0)
    model = small("self", epochs=1).model_.train()
    x = torch.rand(4, 1, 16, 16)
    trip = model(x)
    hidden = ~trip.x_B___.isnan()
    assert hidden.float().mean() == 1 / 16
    assert (trip.seen_B___[hidden] != x[hidden]).all()
    assert torch.isfinite(trip.nll_B).all()


def test_noise_put_on_and_noise_taken_away_tell_nothing_of_each_other():
    torch.manual_seed(0)
    clean, level = torch.rand(4000, 1, 8, 8), 0.1
    part = Recorrupted(level, 0.5)
    asked, seen = part.pair(clean + level * torch.randn_like(clean))
    noises = [(found - clean).flatten() / level for found in (seen[:, :1], asked)]
    covariance = torch.cov(torch.stack(noises))
    expected = torch.tensor([[1 + 0.5**2, 0], [0, 1 + 0.5**-2]])
    torch.testing.assert_close(covariance, expected, atol=0.03, rtol=0)
    assert (seen[:, 1] == part.low).all()
    assert part.low == part.high == pytest.approx(level * 1.25**0.5)


def test_the_best_guess_of_what_is_asked_is_the_clean_one():
    """Of gaussian pictures it is linear, Wiener's: by the noisy pictures alone the same slope is found."""
    torch.manual_seed(0)
    clean, level = 0.2 * torch.randn(6000, 1, 8, 8), 0.1
    noisy = clean + level * torch.randn_like(clean)
    asked, seen = Recorrupted(level, 0.5).pair(noisy)

    def slope(target: torch.Tensor) -> float:
        return ((target * seen[:, :1]).mean() / seen[:, :1].square().mean()).item()

    wiener = 0.2**2 / (0.2**2 + 1.25 * level**2)
    assert slope(clean) == pytest.approx(wiener, abs=0.003)
    assert slope(asked) == pytest.approx(wiener, abs=0.006)
    assert slope(noisy) > wiener + 0.1  # which asking for the picture itself would teach


def grey(name: str) -> np.ndarray:
    return load_sample_image(name).mean(2)


def headroom(picture: np.ndarray) -> np.ndarray:
    """Half the contrast, so that no noise is cut off at black and white."""
    return picture / 2 + 64


def noisy_patches(level: float) -> np.ndarray:
    """Of a picture with noise that is added once."""
    picture = headroom(grey("china.jpg"))
    noisy = picture + level * np.random.default_rng(0).standard_normal(picture.shape)
    corners = [(top, left) for top in range(0, 395, 24) for left in range(0, 608, 24)]
    patches = np.stack([noisy[top : top + 32, left : left + 32] for top, left in corners])
    return np.clip(np.rint(patches * 257), 0, 65535).astype(np.uint16)


def small(noise: str, **more) -> Autoencoder:
    options = {"hidden": (24,) * 5, "epochs": 12, "batch_size": 8, "learning_rate": 4e-3, "validation": 0} | more
    return Autoencoder("restoring", options={"noise": noise}, **options, random_state=0).fit(noisy_patches(12.5))


@pytest.mark.parametrize(("noise", "gain"), [("self", 2.8), ("self:12.5", 4)])
def test_another_picture_is_far_cleaner_though_no_clean_one_was_ever_seen(noise, gain, tmp_path):
    model = small(noise)
    model.save(tmp_path / "m.safetensors")
    denoiser = Denoiser(Autoencoder.load(tmp_path / "m.safetensors"))
    clean = (headroom(grey("flower.jpg")[150:310, 200:401]) / 255).astype(np.float32)[..., None]
    noisy = with_noise(clean, 12.5, 7)
    told = psnr(denoiser.denoise(noisy, 12.5), clean)
    untold = psnr(denoiser.denoise(noisy), clean)
    assert untold > psnr(noisy, clean) + gain
    if noise == "self":
        assert denoiser.levels is None
        assert told > untold + 0.5  # the pixel itself has its say
    else:
        assert denoiser.levels == pytest.approx((12.5 * 1.25**0.5,) * 2)
        assert told == pytest.approx(untold, abs=0.1)  # the level is estimated


def test_a_guess_and_the_pixel_itself_are_weighed_by_their_errors():
    """Two independent unbiased words of variances t^2 and s^2: the best mixture's is t^2 s^2 / (t^2 + s^2)."""
    rng = np.random.default_rng(0)
    clean, t, s = rng.random((400, 500, 1)), 0.05, 0.1
    guess = (clean + t * rng.standard_normal(clean.shape)).astype(np.float32)
    seen = (clean + s * rng.standard_normal(clean.shape)).astype(np.float32)
    error = ((with_own_word(seen, guess, s) - clean) ** 2).mean()
    best = t**2 * s**2 / (t**2 + s**2)
    assert best < error < 1.1 * best  # v is known from 121 pixels only
    np.testing.assert_allclose(with_own_word(seen, guess, 0), seen, atol=1e-6)
    np.testing.assert_array_equal(with_own_word(seen, guess, 1), guess)


def test_no_seam_where_the_pixel_has_its_say():
    model = small("self", epochs=1)
    noisy = with_noise((grey("flower.jpg")[150:310, 200:401, None] / 255).astype(np.float32), 25, 0)
    whole, tiled = (Denoiser(model, tile=side).denoise(noisy, 25) for side in (512, 32))
    np.testing.assert_allclose(whole, tiled, atol=1e-3)


@pytest.mark.parametrize("noise", ["self:0", "self:x", "self:10-20", "self:-3", "self:300"])
def test_what_self_may_say(noise):
    with pytest.raises(InputError, match="write self or self:LEVEL"):
        noise_of(noise)


def test_parts_refuse_what_makes_no_sense():
    for make in (lambda: BlindSpot(1), lambda: Recorrupted(0.0), lambda: Recorrupted(0.1, 0.0)):
        with pytest.raises(InputError, match="give a"):
            make()
