"""Denoise sounds. Judged in SI-SDR beside spectral gating of the same noisy sounds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.mixing import Noise, mixed, of_level_one
from isthmus.data.sounds import SoundFile, check_sound_output, look_at_sound, writing_sound
from isthmus.errors import DataError, InputError, naming
from isthmus.jobs.denoise import Cleaned, Figures, make_folder, mean_figures
from isthmus.restoration.sounding import SoundDenoiser

Floats = NDArray[np.float64]
BOUND = 200.0
"""SI-SDR in dB beyond which nothing is to be told: of a sound that is its own reference it would be endless."""
RATIOS = (0.0, 5.0, 10.0)
SECONDS = 30
"""Of a sound held out that are judged."""
Row = tuple[str, Figures]
PEERS = {"spectral gating": True, "adaptive gating": False}
"""Names of noisereduce's two modes, and whether the noise is taken to be stationary."""


def si_sdr(sound: NDArray[Any], clean: NDArray[Any]) -> float:
    """Scale-invariant signal to distortion ratio, in dB; of several channels over all their samples together.

    10 log10 of |a s|^2 / |x - a s|^2 with a = <x, s> / <s, s>, x the sound and s the clean one (Le Roux, Wisdom,
    Erdogan & Hershey, "SDR: half-baked or well done?", ICASSP 2019); within 200 dB either way.

    Of a silent sound it is the least.

    Raises
    ------
    DataError
        If the clean sound is silent, or their shapes differ: there is no such ratio then.
    """
    if sound.shape != clean.shape:
        raise DataError(f"sounds of {sound.shape} and {clean.shape} samples: SI-SDR takes two that are alike")
    x, s = (np.asarray(each, np.float64).ravel() for each in (sound, clean))
    if not s.any():
        raise DataError("the clean sound is silent, so there is no SI-SDR")
    if not x.any():
        return -BOUND
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
        peers = {name: si_sdr(found, clean) for name, found in gated(noisy, rate, window).items()}
    except InputError:  # noisereduce is no part of any extra
        peers = {}
    return Figures(si_sdr(noisy, clean), si_sdr(restored, clean), peers)


def babble_of(voices: Sequence[Floats], length: int, rng: np.random.Generator) -> Floats:
    """The sum of sounds (n,) of level 1, each repeated from a random place on, of level 1 itself."""
    turned = [np.roll(voice, int(rng.integers(len(voice)))) for voice in voices]
    return of_level_one(np.sum([np.resize(of_level_one(each), length) for each in turned], 0))


def check_sound(denoiser: SoundDenoiser, source: Path, output: Path) -> SoundFile:
    """Refuse a sound that `clean_sound` would, so far as its head tells.

    Raises
    ------
    DataError
        If it can't be read or written, is of another rate than the model's, or shorter than a window.
    """
    file = look_at_sound(source)
    check_sound_output(output, file)
    with naming(str(source)):
        denoiser.check(file.rate, file.length)
    return file


def clean_sound(denoiser: SoundDenoiser, source: Path, output: Path, clean: Path | None) -> Cleaned:
    """Denoise one sound file into another, bit by bit, and judge it by a clean one if there is one.

    Raises
    ------
    InputError
        If a file can't be read or written, or the clean sound is silent or of another rate, number of channels or
        length.
    """
    file = check_sound(denoiser, source, output)
    levels = file.levels()
    reference = None if clean is None else _reference(file, clean)
    make_folder(output.parent)
    with writing_sound(output, file) as write:
        for piece in denoiser.pieces(file.read, file.length, levels):
            write(piece)
    if reference is None:
        return Cleaned(str(source), output, None, None, kind="sound")
    found, noisy = look_at_sound(output).read(0, file.length), file.read(0, file.length)
    figures = sound_figures(found, noisy, reference, file.rate, denoiser.spectra.window)
    return Cleaned(str(source), output, None, figures, kind="sound")


def _reference(file: SoundFile, clean: Path) -> Floats:
    """The clean sound's samples, of the noisy one's rate and shape."""
    other = look_at_sound(clean)
    if (other.rate, other.channels, other.length) != (file.rate, file.channels, file.length):
        shown = " and ".join(f"{f.rate} Hz, {f.channels} channels, {f.length} samples" for f in (other, file))
        raise DataError(f"{clean} and {file.path} differ: {shown}")
    if not other.levels().any():
        raise DataError(f"{clean}: is silent, so there is no SI-SDR to judge {file.path} by")
    return other.read(0, other.length)


def judged_under(denoiser: SoundDenoiser, clean: Sequence[Path], others: Sequence[Path]) -> Iterator[Row]:
    """Mean figures of clean sounds under each kind of noise that the model learned, at the usual ratios.

    Babble is of the other clean sounds, or where there is but one of `others`.
    """
    noise = Noise.of(denoiser.spectra.noise)
    ratios = [ratio for ratio in RATIOS if noise.low <= ratio <= noise.high] or [(noise.low + noise.high) / 2]
    sounds = [sound for path in clean if (sound := _beginning(path)).any()]
    more = [_beginning(path) for path in others[:1]] if len(sounds) < 2 else []
    for kind in noise.kinds:
        for ratio in ratios:
            found = []
            for i, sound in enumerate(sounds):
                rng = np.random.default_rng(i)
                heard = rng.standard_normal(sound.shape) if kind == "white" else _babble(sounds + more, i, rng)
                found.append(_judge(denoiser, mixed(sound, heard, ratio), sound))
            if found:
                yield f"{kind} {ratio:g} dB", mean_figures(found)


def judged_pairs(denoiser: SoundDenoiser, noisy: Sequence[Path], clean: Sequence[Path]) -> Iterator[Row]:
    """Mean figures of pairs of sounds."""
    pairs = [(_beginning(one), _beginning(other)) for one, other in zip(noisy, clean, strict=True)]
    found = [_judge(denoiser, one, other) for one, other in pairs if one.any() and other.any()]
    if found:
        yield "pairs", mean_figures(found)


def _judge(denoiser: SoundDenoiser, noisy: Floats, clean: Floats) -> Figures:
    spectra = denoiser.spectra
    return sound_figures(denoiser.denoise(noisy, spectra.rate), noisy, clean, spectra.rate, spectra.window)


def _babble(sounds: Sequence[Floats], number: int, rng: np.random.Generator) -> Floats:
    """Babble of the first channels of all sounds but one, of its shape."""
    voices = [sound[:, 0] for i, sound in enumerate(sounds) if i != number]
    return np.broadcast_to(babble_of(voices, len(sounds[number]), rng)[:, None], sounds[number].shape)


def _beginning(path: Path) -> Floats:
    """The first half minute, at most, of a sound, (n, channels)."""
    file = look_at_sound(path)
    return file.read(0, min(file.length, SECONDS * file.rate))
