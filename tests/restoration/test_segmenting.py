"""Masks by mathematics and on composed pictures: the edge penalty, overlap, tiles, and what learns nothing."""

import numpy as np
import pytest
import torch

from isthmus import Autoencoder, InputError
from isthmus.errors import DataError
from isthmus.jobs.inpaint import Figures
from isthmus.jobs.segment import Overlaps, classical, figures, mean_overlaps, overlap, spectral_residual
from isthmus.parts import Bernoulli, Code, EdgeContrast, OneMask, Trip
from isthmus.restoration import Denoiser, Segmenter, Upscaler


def discs(count: int, seed: int, side: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Textured discs, lighter or darker than an uneven ground: no one threshold finds them all."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    pictures, masks = [], []
    for _ in range(count):
        row, column, radius = (*draw.uniform(12, side - 12, 2), draw.uniform(5, 9))
        mask = (y - row) ** 2 + (x - column) ** 2 < radius**2
        ground = 128 + 40 * np.sin((x + draw.uniform(0, side)) / side * 3) + 8 * draw.standard_normal((side, side))
        stripes = 50 * np.sign(np.sin(1.6 * (x + y)))
        pictures.append(np.clip(ground + mask * stripes, 0, 255))
        masks.append(255 * mask)
    return np.rint(pictures).astype(np.uint8), np.array(masks, np.uint8)


@pytest.fixture(scope="module")
def model() -> Autoencoder:
    """A small network, a few seconds old."""
    pictures, masks = discs(160, 0)
    options = {"hidden": (16,) * 5, "epochs": 10, "batch_size": 8, "learning_rate": 4e-3}
    return Autoencoder("segmenting", **options, validation=0, random_state=0).fit(masks, seen=pictures)


def penalty(mask: np.ndarray, picture: np.ndarray, contrast: float = 0.1) -> np.ndarray:
    """The term of masks and pictures (n, channels, height, width)."""

    class Fixed:
        likelihood = Bernoulli()

    raw = torch.logit(torch.from_numpy(mask), eps=1e-12)
    code = Code(raw.flatten(1), raw.flatten(1))
    trip = Trip(torch.zeros_like(raw), torch.from_numpy(picture), code, raw, raw[:, 0, 0, 0])
    return EdgeContrast(1.0, contrast)(Fixed(), trip).numpy()


def test_the_penalty_is_the_sum_over_neighbours():
    """Against the double sum of the formula, pixel by pixel."""
    draw = np.random.default_rng(0)
    mask, picture = draw.random((2, 3, 5, 4)), draw.random((2, 4, 5, 4))  # a told channel more, which is no contrast
    expected = np.zeros(2)
    for n in range(2):
        for i, j in np.ndindex(5, 4):
            for k, m in ((i + 1, j), (i, j + 1)):
                if k < 5 and m < 4:
                    far = ((picture[n, :3, i, j] - picture[n, :3, k, m]) ** 2).mean()
                    expected[n] += np.abs(mask[n, :, i, j] - mask[n, :, k, m]).sum() * np.exp(-far / 0.3**2)
    np.testing.assert_allclose(penalty(mask, picture, 0.3), expected, rtol=1e-9)


def test_an_edge_is_free_where_the_picture_has_one_and_costs_its_length_elsewhere():
    step = np.zeros((1, 1, 6, 8))
    step[..., 4:] = 1
    there, elsewhere, none = (
        penalty(step, step)[0],
        penalty(step, step[..., ::2].repeat(2, -1) * 0)[0],
        penalty(step * 0, step)[0],
    )
    assert there == pytest.approx(0, abs=1e-9)
    assert elsewhere == pytest.approx(6, rel=1e-9)  # rows that the edge runs through
    assert none == pytest.approx(0, abs=1e-9)


def test_the_penalty_smooths_masks_where_the_picture_is_even():
    """Under a heavy weight faint grain, by which the masks go, is no longer worth their edges."""
    grain = np.random.default_rng(0).integers(0, 2, (32, 16, 16), dtype=np.uint8)
    pictures, masks = 120 + 15 * grain, 255 * grain
    rough = []
    for edges in (0.0, 20.0):
        options = {"hidden": (8,), "epochs": 25, "batch_size": 8, "learning_rate": 2e-2, "options": {"edges": edges}}
        fitted = Autoencoder("segmenting", **options, validation=0, random_state=0).fit(masks, seen=pictures)
        likely = Segmenter(fitted).probabilities(pictures[0])
        rough.append(np.abs(np.diff(likely, axis=0)).mean())
    assert rough[0] > 0.1  # else there is nothing to smooth
    assert rough[1] < 0.2 * rough[0]


def test_a_mask_is_one_channel_however_many_are_seen():
    raw = OneMask()(torch.rand(2, 6, 4, 4))
    assert raw.shape == (2, 3, 4, 4)
    assert (raw == raw[:, :1]).all()


def test_discs_that_no_threshold_finds_are_found(model):
    pictures, masks = discs(20, 1)
    found = mean_overlaps(
        [
            figures(Segmenter(model).segment(picture), picture[..., None], mask > 0)
            for picture, mask in zip(pictures, masks, strict=True)
        ]
    )
    assert found.iou.ours > 0.6
    assert found.iou.ours > max(found.iou.peers.values()) + 0.2
    assert "better than" in found.iou.verdict


@pytest.mark.parametrize("size", [(150, 101), (7, 40), (1, 1)])
def test_no_seam_is_seen(model, size):
    picture = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    whole, tiled = (Segmenter(model, tile=tile).probabilities(picture) for tile in (512, 32))
    assert whole.shape == size
    np.testing.assert_allclose(tiled, whole, atol=2e-3)


def test_colour_is_looked_at_as_its_luminance(model):
    grey = discs(1, 2)[0][0]
    np.testing.assert_allclose(
        Segmenter(model).probabilities(np.repeat(grey[..., None], 3, 2)),
        Segmenter(model).probabilities(grey),
        atol=1e-2,
    )


def test_a_model_of_colour_tells_one_mask():
    pictures, masks = discs(8, 0)
    both = (np.repeat(x[..., None], 3, 3) for x in (masks, pictures))
    target, seen = both
    fitted = Autoencoder("segmenting", hidden=(4,), epochs=1, validation=0).fit(target, seen=seen)
    assert Segmenter(fitted).probabilities(pictures[0]).shape == (40, 40)


def test_overlap_of_masks():
    one, other = np.zeros((2, 4, 4), bool)
    one[:2], other[1:3] = True, True
    assert overlap(one, other) == (4 / 12, 8 / 16)
    assert overlap(one, one) == (1, 1)
    assert overlap(one, ~one) == (0, 0)
    assert overlap(one & False, one & False) == (1, 1)


def test_means_are_of_the_methods_that_all_pictures_have():
    both, one = (Figures(0.5, peers, "IoU", True) for peers in ({"Otsu": 0.2, "other": 0.4}, {"Otsu": 0.6}))
    mean = mean_overlaps([Overlaps(both, both), Overlaps(one, one)])
    assert mean.iou.ours == 0.5
    assert mean.iou.peers == pytest.approx({"Otsu": 0.4})


def test_the_spectral_residual_sees_what_stands_out():
    """One odd patch in a grainy texture; moved, what is conspicuous moves with it."""
    texture = np.float32(0.5 + 0.2 * np.random.default_rng(0).standard_normal((128, 128)))
    for top, left in ((24, 80), (80, 24)):
        picture = texture.copy()
        picture[top : top + 16, left : left + 16] = 0.95
        found = spectral_residual(picture)
        assert found.shape == picture.shape
        row, column = np.unravel_index(found.argmax(), found.shape)
        assert top - 6 <= row <= top + 22
        assert left - 6 <= column <= left + 22


def test_otsu_takes_the_smaller_part():
    pytest.importorskip("skimage.filters", reason="scikit-image is an extra")
    picture = np.full((20, 20, 1), 200, np.uint8)
    picture[:5] = 30
    np.testing.assert_array_equal(classical(picture)["Otsu"], picture[..., 0] == 30)
    np.testing.assert_array_equal(classical(255 - picture)["Otsu"], picture[..., 0] == 30)


def test_each_model_does_its_own_task(model):
    with pytest.raises(InputError, match="use it with `isthmus segment`"):
        Denoiser(model)
    with pytest.raises(InputError, match="use it with `isthmus segment`"):
        Upscaler(model)
    other = Autoencoder("restoring", epochs=1, hidden=(4,), validation=0).fit(np.zeros((8, 16, 16), np.uint8))
    with pytest.raises(InputError, match="tells no masks"):
        Segmenter(other)
    with pytest.raises(DataError, match="4 channels"):
        Segmenter(model).probabilities(np.zeros((8, 8, 4), np.uint8))


@pytest.mark.parametrize(
    ("options", "said"),
    [({"likelihood": "gaussian"}, "takes bernoulli"), ({"options": {"edges": -1}}, "edges=-1"),
     ({"network": "conv"}, "residual alone"), ({"corruption": "masking:0.5"}, "has no use")],
)  # fmt: skip
def test_options_that_say_nothing_of_masks(options, said):
    with pytest.raises(InputError, match=said):
        Autoencoder("segmenting", epochs=1, **options).fit(np.zeros((8, 16, 16), np.uint8))
