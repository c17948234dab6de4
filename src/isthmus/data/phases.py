"""Sounds as bands of loudness, and sounds that have such bands.

Legend: n samples, F frames, K bands, B frequencies.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from isthmus.data.schema import Spectra
from isthmus.data.spectra import LOUDEST, POWER, backward, compress, forward, frames_in

Floats = NDArray[np.float64]
BANDS = 64
ROUNDS = 32
MOMENTUM = 0.99


def bands_in(spectra: Spectra) -> int:
    """K: how many bands there are."""
    return min(BANDS, spectra.bins)


@lru_cache(maxsize=8)
def bands_of(spectra: Spectra) -> Floats:
    """Triangles of weights (K, B), evenly spread by ears' measure of pitch, each of sum 1.

    The mel of Stevens & Volkmann as O'Shaughnessy (Speech Communication, 1987) writes it: 2595 log10(1 + f / 700).
    """
    count = bands_in(spectra)
    edges = np.linspace(0, 2595 * np.log10(1 + spectra.rate / 2 / 700), count + 2)
    corners = 700 * (10 ** (edges / 2595) - 1) / spectra.rate * spectra.window
    low, middle, high = (corners[i : count + i, None] for i in range(3))
    at = np.arange(spectra.bins + 1)
    # a triangle narrower than a frequency's width still gets the nearest
    rise, fall = (at - low) / np.maximum(middle - low, 1), (high - at) / np.maximum(high - middle, 1)
    weights = np.maximum(np.minimum(rise, fall), 1e-3 * (np.abs(at - middle) <= 0.5))
    found: Floats = weights / weights.sum(1, keepdims=True)
    return found


@lru_cache(maxsize=8)
def _back(spectra: Spectra) -> Floats:
    return np.asarray(np.linalg.pinv(bands_of(spectra)), np.float64)


def frames_of(spectra: Spectra, samples: NDArray[np.floating]) -> Floats:
    """The root of the magnitude of each band (F, K) of a sound (n,), 1 being the loudest."""
    frames = frames_in(spectra, len(samples))
    before = spectra.window - spectra.hop
    padded = np.zeros((frames - 1) * spectra.hop + spectra.window)
    padded[before : before + len(samples)] = samples
    return compress(bands_of(spectra) @ np.abs(forward(spectra, padded))).T


def heard(spectra: Spectra, loud: Floats, length: int) -> Floats:
    """A sound (n,) whose bands are about as loud as these, (F, K); always the same one.

    The frequencies' magnitudes are the smallest that give the bands; then sound and spectrum are worked out from each
    other in turn, the magnitudes being kept (Griffin & Lim, "Signal estimation from modified short-time Fourier
    transform", IEEE Trans. ASSP 1984, with the momentum of Perraudin, Balazs & Sondergaard, WASPAA 2013).
    """
    magnitudes = np.maximum(_back(spectra) @ (LOUDEST * loud ** (1 / POWER)).T, 0.0)
    before = spectra.window - spectra.hop
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, magnitudes.shape)
    guess, last = np.exp(1j * phases), np.zeros(magnitudes.shape, complex)
    for _ in range(ROUNDS):
        found = forward(spectra, _silent_outside(backward(spectra, magnitudes * guess), before, length))
        moved = found + MOMENTUM * (found - last)
        guess, last = moved / np.maximum(np.abs(moved), 1e-12), found
    return _silent_outside(backward(spectra, magnitudes * guess), before, length)[before : before + length]


def _silent_outside(samples: Floats, before: int, length: int) -> Floats:
    samples[:before] = 0
    samples[before + length :] = 0
    return samples
