"""Holes filled in one pass by a network that learned them."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from isthmus import Autoencoder
from isthmus.data import open_data
from isthmus.errors import DataError, InputError
from isthmus.jobs.inpaint import classical_pictures, mean_psnr
from isthmus.parts import Holes, RestoringEncoder
from isthmus.parts.holes import SHARES, SIDES
from isthmus.parts.spec import build
from isthmus.restoration import Inpainter, inpaint

QUICK = {"random_state": 0, "device": "cpu", "validation": 0}


@pytest.fixture(scope="module")
def digits():
    """Handwritten digits enlarged to an odd size."""
    small = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
    return small.repeat(2, 1).repeat(2, 2)[:, :15, :13]


@pytest.fixture(scope="module")
def model(digits):
    return Autoencoder("inpainting", hidden=(16,) * 3, epochs=4, learning_rate=4e-3, **QUICK).fit(digits[:1500])


@pytest.fixture(scope="module")
def colour():
    pictures = np.random.default_rng(0).integers(0, 256, (40, 9, 11, 3), np.uint8)
    return Autoencoder("inpainting", hidden=(4,) * 3, epochs=1, **QUICK).fit(pictures)


def hidden_of(kind, n, height, width, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Holes((kind,)).draw(n, height, width).numpy()


def test_what_is_hidden_is_grey_and_told_and_nothing_else_changes():
    x = torch.rand(60, 3, 11, 14)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        seen = Holes()(x)
    picture, mask = seen[:, :3], seen[:, 3:]
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    everywhere = mask.expand_as(x) > 0
    assert (picture[everywhere] == 0.5).all()
    assert torch.equal(picture[~everywhere], x[~everywhere])


def test_each_kind_of_hole_is_what_it_says():
    patch, pixels, scribbles = (hidden_of(kind, 400, 40, 60) for kind in ("patch", "pixels", "scribbles"))
    down, across = patch.any(2), patch.any(1)
    assert (patch == down[:, :, None] & across[:, None, :]).all()
    for sides in (down, across):
        edges = np.diff(np.pad(sides, ((0, 0), (1, 1))).astype(int), axis=1)
        assert (np.abs(edges).sum(1) == 2).all()  # one run
        share = sides.mean(1)
        assert SIDES[0] - 0.02 < share.min() < 0.2
        assert 0.45 < share.max() < SIDES[1] + 0.02
    share = pixels.mean((1, 2))
    assert SHARES[0] - 0.02 < share.min() < 0.2
    assert 0.7 < share.max() < SHARES[1] + 0.02
    neighbours = (pixels[:, 1:] & pixels[:, :-1]).mean((1, 2))
    np.testing.assert_allclose(neighbours, share**2, atol=0.06)  # each by a coin of its own
    assert (scribbles.sum((1, 2)) > 0).all()
    assert scribbles.mean() < 0.5
    for mask in scribbles[:50]:  # a stroke has no lonely pixels
        padded = np.pad(mask, 1)
        beside = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
        assert beside[mask].all()


def test_untold_holes_serve_a_net_of_any_kind(digits):
    """Half of the pictures have one; the net is told nothing, and codes are searched as of any other."""
    x = torch.rand(400, 1, 9, 9)
    seen = Holes(told=False, share=0.5)(x)
    assert seen.shape == x.shape
    assert 0.4 < (seen != x).any(3).any(2).float().mean() < 0.6
    model = Autoencoder("ae", 4, corruption="holes:1", epochs=1, **QUICK).fit(digits[:100])
    found = inpaint(model, digits[100:104], np.eye(15, 13), like=digits[:100], steps=2)
    assert found.codes.shape == (4, 4)
    with pytest.raises(InputError, match="corruption 'holes' covers"):
        Autoencoder("ae", 2, corruption="holes:1", epochs=1).fit(np.random.default_rng(0).random((40, 5)))
    with pytest.raises(InputError, match="share from 0 to 1"):
        Autoencoder("ae", 2, corruption="holes:2", epochs=1).fit(digits[:100])


def test_unknown_kinds_are_refused():
    with pytest.raises(InputError, match="kind 'scribble'"):
        Holes(("scribble",))
    with pytest.raises(InputError, match="no kind"):
        Holes(())
    with pytest.raises(InputError, match="write holes"):
        Autoencoder("inpainting", options={"noise": "gaussian:25"}, epochs=1).fit(np.zeros((9, 8, 8), np.uint8))


def test_the_mask_is_told_at_full_size_and_nothing_else_is_damaged():
    """Masks that differ in one pixel of four are told apart, and where nothing is hidden nothing changes."""
    encoder = RestoringEncoder(1, (4,) * 3, masked=True)
    torch.nn.init.normal_(encoder.last.weight)
    x, masks, damage = torch.rand(1, 1, 7, 9), [], []
    for row, column in ((2, 2), (2, 3), (3, 2), (3, 3)):  # of four that become one; the first is always hidden
        masks.append(torch.zeros_like(x))
        masks[-1][..., 2, 2] = masks[-1][..., row, column] = 1
        damage.append(encoder(torch.cat([x, masks[-1]], 1)).detach()[:, 1:])
    for told, found in zip(masks, damage, strict=True):
        assert torch.equal(found != 0, told != 0)
    assert len({float(found[..., 2, 2]) for found in damage}) == 4
    assert not encoder(x)[:, 1:].any()


def test_model_files_of_before_are_built_as_they_were():
    spec = {"part": "RestoringEncoder", "channels": 2, "widths": [4, 4, 4], "activation": "relu"}
    assert build(spec).first.weight.shape[1] == 4 * 2 + 1


def test_digits_are_filled_better_than_by_opencv(model, digits):
    clean = digits[1500:1600, ..., None]
    for kind, ahead in (("patch", 1.0), ("pixels", 2.0), ("scribbles", 1.0)):
        hidden = hidden_of(kind, 100, 15, 13)[..., None]
        seen = np.where(hidden, 99, clean).astype(np.uint8)
        found = inpaint(model, seen[..., 0], hidden)
        assert (found.raw[~hidden] == clean[~hidden]).all()
        best = max(mean_psnr(filled, clean) for filled in classical_pictures(seen, hidden).values())
        assert mean_psnr(found.raw, clean) > best + ahead, kind
        assert found.filled.shape == seen[..., 0].shape
        assert found.codes.shape == (len(found.rows), 0)


def test_what_stands_under_the_mask_is_not_looked_at(model, digits):
    hidden = hidden_of("patch", 1, 15, 13)[0]
    inpainter = Inpainter(model)
    of_floats = [np.where(hidden, under, digits[1500] / 255.0).astype(np.float32) for under in (0, 1, np.nan)]
    for picture in of_floats[1:]:
        np.testing.assert_array_equal(inpainter.fill(picture, hidden), inpainter.fill(of_floats[0], hidden))


def test_tiles_leave_no_seam_and_types_stay(model, digits):
    rows = [np.concatenate([*digits[i : i + 9]], 1) for i in range(0, 54, 9)]
    picture = np.concatenate(rows)
    hidden = hidden_of("pixels", 1, *picture.shape)[0]
    whole = Inpainter(model, tile=512).fill((picture / 255).astype(np.float32), hidden)
    tiled = Inpainter(model, tile=24).fill((picture / 255).astype(np.float32), hidden)
    np.testing.assert_allclose(tiled, whole, atol=1e-3)
    for dtype, full in (("uint8", 255), ("uint16", 65535)):
        given = (picture / 255 * full).astype(dtype)
        found = Inpainter(model).fill(given, hidden)
        assert (found.dtype, found.shape) == (dtype, given.shape)
        assert (found[~hidden] == given[~hidden]).all()
        np.testing.assert_allclose(found / full, np.clip(whole, 0, 1), atol=2 / 255)


def test_grey_and_colour_models_serve_each_other(model, colour, digits):
    hidden = hidden_of("patch", 1, 15, 13)[0]
    three = np.stack([*digits[1500:1503]], -1)
    found = Inpainter(model).fill(three, hidden)
    for i in range(3):
        one_by_one = Inpainter(model).fill(digits[1500 + i], hidden).astype(int)
        assert np.abs(found[..., i] - one_by_one).max() <= 1
    grey = Inpainter(colour).fill(digits[1500], hidden)
    assert grey.shape == digits[1500].shape
    assert (grey[~hidden] == digits[1500][~hidden]).all()


def test_pictures_of_another_size_and_an_empty_mask(model, digits):
    wide = np.concatenate([*digits[1500:1503]], 1)[None]
    mask = np.zeros(wide.shape, bool)
    found = inpaint(model, wide, mask)
    np.testing.assert_array_equal(found.filled, wide)
    assert found.filled is not wide
    assert not len(found.rows)


@pytest.mark.parametrize(("black", "white"), [(0.0, 255.0), (-1.0, 1.0)])
def test_floats_of_any_range_are_filled_alike(digits, black, white):
    """A model of floats learns what black and white are, and fills, in this range, as of pictures from 0 to 1."""
    usual = digits[:200].astype(np.float64) / 255
    mask = hidden_of("patch", 200, 15, 13)
    options = {"hidden": (4,) * 3, "epochs": 1} | QUICK
    found = []
    for low, high in ((0.0, 1.0), (black, white)):
        pictures = low + usual * (high - low)
        filled = inpaint(
            Autoencoder("inpainting", **options).fit(open_data(pictures, kind="images")), pictures, mask
        ).filled
        assert (filled[~mask] == pictures[~mask]).all()
        found.append((filled - low) / (high - low))
    np.testing.assert_allclose(found[1], found[0], atol=2e-3)
    assert np.abs(found[0] - usual)[mask].mean() > 0.02  # there was something to fill


def test_floats_in_other_units_than_those_learned_are_refused(model, digits):
    with pytest.raises(DataError, match="floats from 0 to 239, where 0 is black and 1 white"):
        Inpainter(model).fill(digits[0].astype(np.float32), np.eye(15, 13, dtype=bool))


def test_known_cells_stay_under_masks_of_every_shape(colour):
    """By search and in one pass: what a mask doesn't hide is the same to the bit, in every channel."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (12, 9, 11, 3), np.uint8)
    searched = Autoencoder("vae", 3, hidden=(8,), network="dense", epochs=1, **QUICK).fit(pictures)
    for shape in ((9, 11), (9, 11, 3), (12, 9, 11), (12, 9, 11, 3)):
        mask = rng.random(shape) < 0.2
        axes = mask[..., None] if shape[-1] != 3 else mask
        hidden = np.broadcast_to(axes, pictures.shape)
        for model in (searched, colour):
            found = inpaint(model, pictures, mask, **({} if model is colour else {"steps": 2}))
            assert (found.filled[~hidden] == pictures[~hidden]).all()
            assert (found.hidden == hidden).all()
            assert (found.filled[hidden] != pictures[hidden]).mean() > 0.5


def test_mistakes(model, digits):
    inpainter, some = Inpainter(model), digits[:3]
    everything = np.ones((15, 13), bool)
    with pytest.raises(InputError, match="size 13x15, the picture is 15x13"):
        inpainter.fill(digits[0], everything.T)
    with pytest.raises(InputError, match="nothing is known"):
        inpainter.fill(digits[0], everything)
    with pytest.raises(InputError, match="nothing is known of picture 0"):
        inpaint(model, some, everything)
    with pytest.raises(InputError, match="size 13x15"):
        inpaint(model, some, everything.T)
    with pytest.raises(InputError, match="need a mask"):
        inpaint(model, some)
    with pytest.raises(InputError, match="like has no use"):
        inpaint(model, some, np.eye(15, 13), like=some)
    with pytest.raises(InputError, match="a table"):
        inpaint(model, np.random.default_rng(0).random((4, 3)), np.eye(4, 3))
    with pytest.raises(DataError, match="of 2 channels"):
        inpainter.fill(np.zeros((15, 13, 2), np.uint8), np.eye(15, 13, dtype=bool))
    other = Autoencoder("restoring", hidden=(4,) * 3, epochs=1, **QUICK).fit(np.zeros((9, 8, 8), np.uint8))
    with pytest.raises(InputError, match="'restoring' didn't learn to fill holes"):
        Inpainter(other)
