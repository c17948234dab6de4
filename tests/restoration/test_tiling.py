"""What black and white are to a model at work on pictures of floats."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from isthmus import Autoencoder
from isthmus.data import open_data
from isthmus.errors import DataError
from isthmus.restoration import Denoiser, Segmenter, Upscaler

QUICK = {"hidden": (4,) * 3, "epochs": 1, "random_state": 0, "device": "cpu", "validation": 0}
RANGES = [(0.0, 1.0), (0.0, 255.0), (-1.0, 1.0)]


@pytest.fixture(scope="module")
def pictures():
    return (load_digits().images[:100] / 16).repeat(4, 1).repeat(4, 2)


def learned(noise, pictures):
    model = Autoencoder("restoring", options={"noise": noise}, learning_rate=1e-2, **QUICK)
    return model.fit(open_data(pictures, kind="images"))


@pytest.mark.parametrize("level", [None, 30])
def test_a_denoiser_of_floats_of_any_range(pictures, level):
    noisy = pictures[0] + 0.1 * np.random.default_rng(0).standard_normal(pictures[0].shape)
    found = []
    for low, high in RANGES:
        denoiser = Denoiser(learned("gaussian:0-55", low + pictures * (high - low)), "cpu")
        found.append((denoiser.denoise(low + noisy * (high - low), level) - low) / (high - low))
    for each in found[1:]:
        np.testing.assert_allclose(each, found[0], atol=2e-3)
    assert np.abs(found[0] - noisy).mean() > 0.01


def test_an_upscaler_of_floats_of_any_range(pictures):
    found = []
    for low, high in RANGES:
        upscaler = Upscaler(learned("downscale:2", low + pictures * (high - low)), "cpu")
        found.append((upscaler.upscale(low + pictures[0] * (high - low)) - low) / (high - low))
    for each in found[1:]:
        np.testing.assert_allclose(each, found[0], atol=2e-3)


def test_a_segmenter_of_floats_of_any_range(pictures):
    found = []
    for low, high in RANGES:
        seen = low + pictures * (high - low)
        masks = np.where(pictures > 0.4, high, low)
        model = Autoencoder("segmenting", **QUICK)
        model.fit(open_data(masks, kind="images"), seen=open_data(seen, kind="images"))
        found.append(Segmenter(model, "cpu").probabilities(seen[0]))
    for each in found[1:]:
        np.testing.assert_allclose(each, found[0], atol=2e-3)


def test_floats_far_from_those_learned_are_refused(pictures):
    """Noise may reach beyond black and white, other units don't pass for it."""
    whole = np.rint(255 * pictures).astype(np.uint8)
    denoiser = Denoiser(learned("gaussian:0-55", whole), "cpu")
    assert denoiser.denoise(pictures[0] * 3 - 1, 20).shape == pictures[0].shape
    with pytest.raises(DataError, match="floats from 0 to 255, where 0 is black and 1 white"):
        denoiser.denoise(pictures[0] / pictures[0].max() * 255, 20)
