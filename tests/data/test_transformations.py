"""Known changes of pictures, against what they must be."""

import numpy as np
import pytest

from isthmus.data.transformations import brighten, shift, turn, zoom

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 9, 9, 2), np.uint8)


def test_quarter_turns_are_numpys():
    for quarters in (-1, 1, 2):
        np.testing.assert_allclose(turn(PICTURES, 90 * quarters), np.rot90(PICTURES, quarters, (1, 2)), atol=1)
    wide = np.zeros((1, 3, 9, 1), np.float32)
    wide[0, 1, 7] = 1  # right of the middle: a small turn against the clock lifts it
    rows = turn(wide, 15)[0, :, :, 0].sum(1)
    assert rows[0] > rows[2]


def test_a_shift_moves_right_and_down_and_continues_edges():
    moved = shift(PICTURES, right=2, down=1)
    np.testing.assert_array_equal(moved[:, 1:, 2:], PICTURES[:, :-1, :-2])
    np.testing.assert_array_equal(moved[:, 1:, 0], PICTURES[:, :-1, 0])


def test_a_zoom_doubles_about_the_middle():
    x = np.arange(9, dtype=np.float64)[None, None, :, None].repeat(9, 1) / 8
    np.testing.assert_allclose(zoom(x, 2)[0, 4, :, 0], 0.5 + (x[0, 4, :, 0] - 0.5) / 2)


def test_lighter_pictures_stay_within_their_type():
    np.testing.assert_array_equal(brighten(PICTURES, 0.2), np.minimum(PICTURES.astype(int) + 51, 255))
    assert brighten(PICTURES / np.float32(255), -2.0).max() == 0


@pytest.mark.parametrize("change", [turn, zoom, brighten])
def test_nothing_asked_is_nothing_changed(change):
    np.testing.assert_array_equal(change(PICTURES, 1.0 if change is zoom else 0.0), PICTURES)


def test_floats_beyond_0_and_1_keep_their_range():
    pictures = np.random.default_rng(0).normal(0, 50, size=(2, 6, 6, 1)).astype(np.float32)
    np.testing.assert_allclose(turn(pictures, 0.0), pictures, atol=1e-4)
    lighter = brighten(pictures, 0.1)
    assert lighter.max() == pictures.max()
    np.testing.assert_allclose(lighter.min() - pictures.min(), 0.1 * np.ptp(pictures), rtol=1e-5)
