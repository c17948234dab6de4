"""Denoising by mathematics and on real pictures: tiles without seams, levels that are told and found, colour, types."""

import tracemalloc

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from isthmus import Autoencoder, InputError
from isthmus.data.source import ArraySource
from isthmus.errors import DataError
from isthmus.jobs.denoise import Figures, classical, judge, mean_figures, psnr, with_noise
from isthmus.parts import RestoringEncoder, ToldNoise
from isthmus.recipes.restoring import noise_of
from isthmus.restoration import Denoiser, estimate_level, shipped
from isthmus.restoration.denoising import OPPONENT
from isthmus.restoration.tiling import tiles
from isthmus.training import Batches


def grey(name: str) -> np.ndarray:
    return load_sample_image(name).mean(2).round().astype(np.uint8)


def patches(picture: np.ndarray, side: int = 32, step: int = 24) -> np.ndarray:
    height, width = picture.shape[:2]
    corners = [(top, left) for top in range(0, height - side, step) for left in range(0, width - side, step)]
    return np.stack([picture[top : top + side, left : left + side] for top, left in corners])


def small(picture: np.ndarray, **more) -> Autoencoder:
    options = {"hidden": (24,) * 5, "epochs": 10, "batch_size": 8, "learning_rate": 4e-3, "validation": 0} | more
    return Autoencoder("restoring", **options, random_state=0).fit(patches(picture))


@pytest.fixture(scope="module")
def denoiser() -> Denoiser:
    """A small network, a few seconds old."""
    return Denoiser(small(grey("china.jpg")))


@pytest.fixture(scope="module")
def flower() -> np.ndarray:
    return (grey("flower.jpg")[150:310, 200:401, None] / 255).astype(np.float32)


@pytest.mark.parametrize(("level", "gain"), [(15, 2.2), (25, 4), (50, 6.5)])
def test_another_picture_is_far_cleaner_after(denoiser, flower, level, gain):
    found = judge(denoiser, with_noise(flower, level, 0), flower, level)
    assert found.before == pytest.approx(20 * np.log10(255 / level), abs=0.1)
    assert found.after > found.before + gain


def test_what_it_is_told_of_the_noise_matters(denoiser, flower):
    """The same pictures, told the wrong level: noise stays in, or detail goes."""
    for level, wrong in ((50, 10), (5, 50)):
        noisy = with_noise(flower, level, 0)
        right, misled = (psnr(denoiser.denoise(noisy, told), flower) for told in (level, wrong))
        assert right > misled + 2


def test_the_noise_of_training_is_of_the_level_that_it_tells():
    x = torch.zeros(4000, 1, 16, 16)
    torch.manual_seed(0)
    seen = ToldNoise(0.1, 0.3)(x)
    assert seen.shape == (4000, 2, 16, 16)
    told = seen[:, 1].flatten(1)
    assert (told == told[:, :1]).all()
    torch.testing.assert_close(seen[:, 0].flatten(1).std(1) / told[:, 0], torch.ones(4000), atol=0.2, rtol=0)
    assert told.mean() == pytest.approx(0.2, abs=0.003)  # evenly drawn: mean, and standard deviation of a uniform
    assert told[:, 0].std() == pytest.approx(0.2 / 12**0.5, abs=0.002)


def test_tiles_cover_every_pixel_once_with_what_reaches_it():
    height, width, side, reach = 70, 45, 32, 8
    times = np.zeros((height, width), int)
    for tile in tiles(height, width, side, reach):
        times[tile.inner] += 1
        place = np.arange(height * width).reshape(height, width)
        np.testing.assert_array_equal(place[tile.outer][tile.within], place[tile.inner])
        for part, whole, length in zip(tile.inner, tile.outer, (height, width), strict=True):
            assert (whole.start, whole.stop) == (max(0, part.start - reach), min(length, part.stop + reach))
    assert (times == 1).all()


@pytest.mark.parametrize("side", [32, 62])
@pytest.mark.parametrize("size", [(150, 201), (97, 64)])
def test_no_seam_is_seen(denoiser, flower, side, size):
    noisy = with_noise(flower, 50, 0)[: size[0], : size[1]]
    whole, tiled = (Denoiser(denoiser.autoencoder, tile=tile).denoise(noisy, 50) for tile in (512, side))
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_a_pixel_matters_as_far_as_the_network_says():
    """The gradient of one pixel of the output is 0 beyond `reach`, and not far within it."""
    torch.manual_seed(0)
    encoder = RestoringEncoder(1, (8,) * 5).double()
    torch.nn.init.normal_(encoder.last.weight)
    x = torch.rand(1, 1, 101, 101, dtype=torch.float64, requires_grad=True)
    encoder(x)[0, 1, 50, 50].backward()
    rows, columns = np.nonzero(x.grad[0, 0].abs().numpy())
    distance = max(abs(rows - 50).max(), abs(columns - 50).max())
    assert encoder.reach - 3 <= distance <= encoder.reach


@pytest.mark.parametrize("level", [15, 25, 50])
def test_the_level_of_noise_is_found(flower, level):
    assert 255 * estimate_level(with_noise(flower, level, 1)) == pytest.approx(level, abs=2)


def test_the_level_found_is_scikit_images(flower):
    restoration = pytest.importorskip("skimage.restoration", reason="scikit-image is an extra")
    for level in (10, 40):
        noisy = with_noise(flower, level, 1)
        assert estimate_level(noisy) == pytest.approx(restoration.estimate_sigma(noisy[..., 0]), rel=0.02)


def test_a_black_border_is_no_quiet_picture(flower):
    """Half of the picture and more is border, so a median over all would be 0."""
    noisy = with_noise(flower, 20, 0)
    framed = np.pad(noisy, ((80, 80), (80, 80), (0, 0)))
    assert estimate_level(framed) == pytest.approx(estimate_level(noisy), rel=0.05)


def test_a_flat_picture_has_no_noise():
    assert estimate_level(np.full((40, 40, 3), 0.5, np.float32)) == pytest.approx(0, abs=1e-6)
    with pytest.raises(DataError, match="too small"):
        estimate_level(np.zeros((7, 3, 1), np.float32))


def test_a_grey_model_uses_that_channels_are_alike(flower):
    """Each channel sees the same picture under other noise: together they know more than each alone."""
    denoiser = Denoiser(shipped())
    clean = np.repeat(flower, 3, 2)
    noisy = with_noise(clean, 50, 0)
    apart = np.concatenate([denoiser.denoise(noisy[..., [i]], 50) for i in range(3)], 2)
    assert psnr(denoiser.denoise(noisy, 50), clean) > psnr(apart, clean) + 1
    assert psnr(denoiser.denoise(noisy, 50), clean) > psnr(noisy.mean(2, keepdims=True), flower) + 1


def test_brightness_and_differences_of_colour_have_noise_of_their_own():
    np.testing.assert_allclose(OPPONENT @ OPPONENT.T, np.eye(3) / 3, atol=1e-7)
    np.testing.assert_allclose(OPPONENT @ [1, 1, 1], [1, 0, 0], atol=1e-7)  # grey has no colour


def test_types_and_shapes_stay_as_they_are(denoiser, flower):
    noisy = np.clip(with_noise(flower, 25, 0), 0, 1)
    of_floats = denoiser.denoise(noisy, 25)
    for dtype, full in (("uint8", 255), ("uint16", 65535)):
        found = denoiser.denoise((noisy * full).round().astype(dtype), 25)
        assert (found.dtype, found.shape) == (dtype, noisy.shape)
        np.testing.assert_allclose(found / full, np.clip(of_floats, 0, 1), atol=1.5 / 255)
    assert denoiser.denoise(noisy[..., 0], 25).shape == noisy.shape[:2]
    before = noisy.copy()
    np.testing.assert_array_equal(denoiser.denoise(noisy, 0), noisy)
    np.testing.assert_array_equal(noisy, before)


def test_levels_beyond_those_learned_are_brought_within(flower):
    model = Denoiser(small(grey("china.jpg"), options={"noise": "gaussian:25"}))
    for level, gain in ((100, 0.8), (12, 0.2)):
        noisy = with_noise(flower, level, 0)
        assert psnr(model.denoise(noisy, level), flower) > psnr(model.denoise(noisy, 25), flower) + gain
        assert psnr(model.denoise(noisy, level), flower) > psnr(noisy, flower) + 0.5


def test_pairs_of_the_users_own(flower):
    """What is seen is given, not made: a blind denoiser, which refuses to be told a level."""
    clean = patches(grey("china.jpg"))
    dirty = np.clip(clean + np.random.default_rng(0).normal(0, 25, clean.shape), 0, 255).round().astype(np.uint8)
    options = {"options": {"noise": "none"}, "hidden": (24,) * 5, "epochs": 8, "batch_size": 8, "learning_rate": 4e-3}
    model = Denoiser(Autoencoder("restoring", **options, validation=0, random_state=0).fit(clean, seen=dirty))
    noisy = with_noise(flower, 25, 0)
    assert psnr(model.denoise(noisy), flower) > psnr(noisy, flower) + 4
    with pytest.raises(InputError, match="is told no level"):
        model.denoise(noisy, 25)
    with pytest.raises(DataError, match="rows for"):
        Autoencoder("restoring", **options).fit(clean, seen=dirty[:-1])


def test_pairs_streamed_are_the_pairs_in_memory():
    clean = np.arange(40, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    seen = []
    for memory in (10**9, 2000):
        model = Autoencoder(
            "restoring", epochs=1, hidden=(4,) * 3, options={"noise": "none"}, validation=0, memory=memory
        )
        model.fit(clean, seen=clean + 100)
        data, partner = model._open(clean), model._open(clean + 100)
        batches = model._batches(data, np.arange(40), 16, 0, seen=partner)
        assert batches.streamed == (memory == 2000)
        for batch in batches.epoch(0):
            torch.testing.assert_close(batch.seen_B___, batch.x_B___ + 100 / 255)
        seen.append(torch.cat([batch.x_B___ for batch in batches.epoch(0)]).flatten().sort().values)
    assert torch.equal(*seen)


def test_only_a_restoring_model_serves(flower):
    with pytest.raises(InputError, match="makes no restorer"):
        Denoiser(Autoencoder("ae", epochs=1, hidden=(8,)).fit(patches(grey("china.jpg"))[:20]))


@pytest.mark.parametrize(
    ("noise", "said"),
    [("gaussian", "write gaussian"), ("gaussian:0", "write"), ("gaussian:50-10", "write"), ("poisson:3", "choose one"),
     ("gaussian:300", "write"), ("gaussian:-3", "write")],
)  # fmt: skip
def test_noise_that_is_none(noise, said):
    with pytest.raises(InputError, match=said):
        noise_of(noise)


def test_bad_pictures_and_levels(denoiser, flower):
    for level in (-1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="level="):
            denoiser.denoise(flower, level)
    with pytest.raises(DataError, match="4 channels"):
        denoiser.denoise(np.zeros((32, 32, 4), np.uint8), 5)
    with pytest.raises(DataError, match="int64"):
        denoiser.denoise(np.zeros((32, 32), np.int64), 5)
    with pytest.raises(InputError, match="even"):
        Denoiser(denoiser.autoencoder, tile=31)


def test_a_body_at_home_in_every_size_has_no_code_of_few_values():
    with pytest.raises(InputError, match="recipe 'restoring'"):
        Autoencoder("ae", network="residual", epochs=1).fit(np.zeros((20, 8, 8), np.uint8))


def test_the_classical_methods_help_too(flower):
    pytest.importorskip("skimage.restoration", reason="scikit-image is an extra")
    noisy = with_noise(flower, 25, 0)
    for name, found in classical(noisy, 25).items():
        assert found.shape == flower.shape
        assert psnr(found, flower) > psnr(noisy, flower) + 4, name


def test_a_flat_picture_stays_as_it_is(denoiser):
    """In floats its estimated level is a trace above 0; nothing of the picture is noise."""
    colours = np.broadcast_to(np.float32([0.1, 0.7, 0.3]), (40, 50, 3))
    for flat in (colours, (colours * 255).astype(np.uint8)):
        np.testing.assert_array_equal(denoiser.denoise(flat), flat)


def test_numbers_that_are_not_finite_are_refused(denoiser, flower):
    holed = flower.copy()
    holed[3, 4], holed[5, 6] = np.nan, np.inf
    with pytest.raises(DataError, match="2 numbers of the picture are not finite"):
        denoiser.denoise(holed, 25)


def test_the_level_of_a_plane_is_that_of_one_channel(denoiser, flower):
    noisy = with_noise(flower, 25, 0)
    assert denoiser.level_of(noisy[..., 0]) == denoiser.level_of(noisy)


def test_a_model_of_colour_serves_grey(flower):
    """As three channels that are alike: the mean of what it makes of them."""
    colour = load_sample_image("china.jpg")
    model = Denoiser(small(colour, epochs=1))
    noisy = with_noise(flower, 25, 0)
    expected = model.denoise(np.repeat(noisy, 3, 2), 25).mean(2, keepdims=True)
    np.testing.assert_allclose(model.denoise(noisy, 25), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"network": "dense", "hidden": (8,)}, "takes residual alone"),
     ({"likelihood": "bernoulli"}, "takes gaussian or laplace"),
     ({"corruption": "masking:0.5"}, "corruption='masking:0.5' has no use"), ({"penalties": {"l1": 1}}, "penalties")],
)  # fmt: skip
def test_options_that_would_ruin_pictures(options, said):
    with pytest.raises(InputError, match=said):
        small(grey("china.jpg"), epochs=1, **options)


def test_means_are_of_what_all_pictures_have():
    one, other = Figures(20, 30, {"wavelet": 25.0}), Figures(22, 34, {})
    for found in ([one, other], [other, one]):
        assert mean_figures(found) == Figures(21, 32, {})
    assert mean_figures([one, one]).peers == {"wavelet": 25}


def test_pairs_are_prepared_in_the_memory_that_is_counted():
    """Two pictures a row are held, and little besides."""

    class Plain:
        shape = (1, 64, 64)

        def apply(self, raw):
            return raw.astype(np.float32)

    source = ArraySource(np.zeros((2000, 1, 64, 64), np.uint8))
    batches = Batches(source, Plain(), np.arange(2000), batch_size=16, memory=None, seed=0, seen=source)
    held = 2000 * batches.row_bytes
    tracemalloc.start()
    next(iter(batches.in_order()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < held / 20  # of NumPy's own; the tensor that is kept is torch's


def test_checkpoints_of_before_turning_still_serve():
    """A run that turns nothing is known by what it was known by before pictures could be turned."""
    known = []

    def keep(identity):
        known.append(identity["settings"])

    Autoencoder("ae", epochs=1, hidden=(4,)).fit(np.zeros((40, 3)) + np.arange(3.0), checkpoint=keep)
    Autoencoder("restoring", epochs=1, hidden=(4,) * 3).fit(patches(grey("china.jpg"))[:9], checkpoint=keep)
    assert ["turn" in settings for settings in known] == [False, True]
