"""Sounds as pictures of frequency x time, and back again.

Frame k of a sound covers the samples from k hop - (window - hop) to (k + 1) hop; before and after the sound are zeros.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.signal.windows import hann

from isthmus.data.schema import Spectra
from isthmus.errors import DataError

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
SECONDS = 0.032
"""Of a window: within it speech hardly changes."""
SLOWEST = 1000
POWER = 0.5
"""Of magnitudes as the network sees them: as ears do, it then heeds what is soft too."""
LOUDEST = 100.0
"""The magnitude that is white; that of noise of level 1 is about 1."""


def spectra_of(rate: int, noise: str = "") -> Spectra:
    """Windows of about 32 ms, four over each sample, for sounds of this rate.

    Raises
    ------
    DataError
        If the rate is below 1000 Hz.
    """
    if rate < SLOWEST:
        raise DataError(f"a rate of {rate} Hz is too low for sound: {SLOWEST} Hz or more")
    hop = int(next_fast_len(int(np.ceil(SECONDS * rate / 4)), real=True))
    return Spectra(rate, 4 * hop, hop, noise)


def frames_in(spectra: Spectra, length: int) -> int:
    """How many frames cover a sound of so many samples, each sample as often as any other."""
    return -(-(length + spectra.window - spectra.hop) // spectra.hop)


def samples_of(spectra: Spectra, first: int, last: int) -> tuple[int, int]:
    """The samples from which frames `first` to `last` (exclusive) are worked out."""
    start = first * spectra.hop - (spectra.window - spectra.hop)
    return start, start + (last - first - 1) * spectra.hop + spectra.window


@lru_cache(maxsize=8)
def _window(spectra: Spectra) -> Floats:
    """The root of Hann's window, of energy 1: white noise of level 1 has magnitudes whose mean square is 1."""
    window = np.sqrt(hann(spectra.window, sym=False))
    return np.asarray(window / np.sqrt(np.square(window).sum()))


def forward(spectra: Spectra, samples: Floats) -> Complex:
    """Short-time spectra, (bins + 1, frames), of the samples that `samples_of` says."""
    frames = sliding_window_view(samples, spectra.window)[:: spectra.hop]
    return np.asarray(rfft(frames * _window(spectra), axis=1).T)


def backward(spectra: Spectra, spectrum: Complex) -> Floats:
    """The frames' share in the samples that `samples_of` says: the sound itself where all frames over it are added."""
    frames = irfft(spectrum.T, spectra.window, axis=1) * (spectra.hop * _window(spectra))
    out = np.zeros((len(frames) + spectra.window // spectra.hop - 1, spectra.hop))
    for i, part in enumerate(np.split(frames, spectra.window // spectra.hop, 1)):
        out[i : i + len(part)] += part
    return out.ravel()


def compress(magnitudes: Floats) -> Floats:
    """Magnitudes as the network sees them, from 0 to 1."""
    return np.minimum(magnitudes / LOUDEST, 1.0) ** POWER


def wanted_gain(clean: Complex, noisy: Complex) -> Floats:
    """The gain from 0 to 1 that brings a noisy spectrum nearest to the clean one, phase being kept.

    Re(S X*) / |X|^2 (Erdogan, Hershey, Watanabe & Le Roux, "Phase-sensitive and recognition-boosted speech
    separation", ICASSP 2015).
    """
    power = np.maximum(np.square(np.abs(noisy)), 1e-20)
    return np.clip((clean * noisy.conj()).real / power, 0.0, 1.0)


def picture_of(spectra: Spectra, spectrum: Complex) -> NDArray[np.float32]:
    """What the network sees of a spectrum, (bins, frames, 2): how loud, and how high from 0 to 1."""
    loud = compress(np.abs(spectrum[: spectra.bins]))
    high = np.broadcast_to(np.arange(spectra.bins)[:, None] / spectra.bins, loud.shape)
    return np.stack([loud, high], 2).astype(np.float32)
