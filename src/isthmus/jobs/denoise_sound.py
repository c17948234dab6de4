"""Denoise sounds. Judged in SI-SDR beside spectral gating of the same noisy sounds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.mixing import Noise, mixed, of_level_one
from isthmus.data.sounds import SoundFile, check_sound_output, look_at_sound, writing_sound
from isthmus.errors import DataError, InputError, naming
from isthmus.jobs.denoise import Figures, mean_figures
from isthmus.restoration.sounding import SoundDenoiser

Floats = NDArray[np.float64]
BOUND = 200.0
"""SI-SDR in dB beyond which nothing is to be told: of a sound that is its own reference it would be endless."""
PEERS = {"spectral gating": True, "adaptive gating": False}
"""Names of noisereduce's two modes, and whether the noise is taken to be stationary."""


def si_sdr(sound: NDArray[Any], clean: NDArray[Any]) -> float:
    """Scale-invariant signal to distortion ratio, in dB; of several channels over all their samples together.

    10 log10 of |a s|^2 / |x - a s|^2 with a = <x, s> / <s, s>, x the sound and s the clean one (Le Roux, Wisdom,
    Erdogan & Hershey, "SDR: half-baked or well done?", ICASSP 2019); within 200 dB either way.

    Raises
    ------
    DataError
        If one of them is silent, or their shapes differ: there is no such ratio then.
    """
    if sound.shape != clean.shape:
        raise DataError(f"sounds of {sound.shape} and {clean.shape} samples: SI-SDR takes two that are alike")
    x, s = (np.asarray(each, np.float64).ravel() for each in (sound, clean))
    for name, each in (("clean sound", s), ("sound", x)):
        if not each.any():
            raise DataError(f"the {name} is silent, so there is no SI-SDR")
    meant = (x @ s) / (s @ s) * s
    signal, error = float(meant @ meant), float(np.square(x - meant).sum())
    with np.errstate(divide="ignore"):
        return float(np.clip(10 * (np.log10(signal) - np.log10(error)), -BOUND, BOUND))


def gated(noisy: Floats, rate: int, window: int) -> dict[str, Floats]:
    """What spectral gating makes of a noisy sound (n, channels), by both modes of noisereduce.

    A threshold is set for each frequency from the sound itself, or from its neighbourhood in time, and what is below
    is taken away (Sainburg, Thielk & Gentner, PLOS Computational Biology 2020). Windows are those of the model.

    Raises
    ------
    InputError
        If noisereduce is not installed.
    """
    try:
        import noisereduce
    except ImportError:
        raise InputError("spectral gating takes noisereduce: pip install noisereduce") from None
    with np.errstate(all="ignore"):
        return {
            name: np.asarray(
                noisereduce.reduce_noise(y=noisy.T, sr=rate, stationary=stationary, n_fft=window), np.float64
            ).T.reshape(noisy.shape)
            for name, stationary in PEERS.items()
        }


def sound_figures(restored: Floats, noisy: Floats, clean: Floats, rate: int, window: int) -> Figures:
    """Judge what was made of a noisy sound, all (n, channels).

    Raises
    ------
    DataError
        If one of them is silent.
    """
    try:
        peers = {name: si_sdr(found, clean) for name, found in gated(noisy, rate, window).items() if found.any()}
    except InputError:  # noisereduce is no part of any extra
        peers = {}
    return Figures(si_sdr(noisy, clean), si_sdr(restored, clean), peers)


def babble_of(voices: Sequence[Floats], length: int, rng: np.random.Generator) -> Floats:
    """The sum of sounds (n,) of level 1, each repeated from a random place on, of level 1 itself."""
    turned = [np.roll(voice, int(rng.integers(len(voice)))) for voice in voices]
    return of_level_one(np.sum([np.resize(of_level_one(each), length) for each in turned], 0))
