"""Taking noise from sounds of any length, frame by frame, by a model fitted with recipe restoring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.data.schema import ImageSchema, Spectra
from isthmus.data.sounds import check_finite, part_of
from isthmus.data.spectra import POWER, Complex, Floats, backward, forward, frames_in, picture_of, samples_of
from isthmus.errors import DataError, InputError
from isthmus.restoration.tiling import Restorer

CHUNK = 2048
"""Frames that are worked on together; even."""
Read = Callable[[int, int], Floats]
"""Gives the samples from one to another (exclusive), (n, channels), and zeros beyond the sound's ends."""


@dataclass(frozen=True, eq=False)
class SoundDenoiser:
    """A fitted model at work on sounds of any length.

    The network sees how loud each frequency is in each frame, and subtracts what of it is noise. What it leaves, over
    what there was, is a gain from 0 to 1, and the frame's spectrum times this gain, its phase kept, goes back to sound.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted with recipe restoring to sounds.
    device : str
        "cpu", "cuda" or "auto".
    chunk : int
        Frames that are worked on together, even; memory grows with it, and no seam is heard whatever it is.

    Raises
    ------
    InputError
        If the model learned something else than sounds.
    """

    autoencoder: Autoencoder
    device: str = "auto"
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        if spectra_learned(self.autoencoder) is None:
            raise InputError(
                f"this model of recipe {self.autoencoder.recipe!r} learned no sounds: fit one with "
                "`isthmus fit FOLDER --recipe denoising --noise white:0-10`"
            )
        if self.chunk < 2 or self.chunk % 2:
            raise InputError(f"chunk={self.chunk}: give an even number of frames")
        _ = self._restorer  # refuses other recipes

    @property
    def spectra(self) -> Spectra:
        """How the sounds that it learned became pictures, their rate among it."""
        found = spectra_learned(self.autoencoder)
        assert found is not None  # for the type checker
        return found

    def check(self, rate: int, length: int) -> None:
        """Refuse a sound that can't be denoised.

        Raises
        ------
        DataError
            If it is of another rate than the model's, or shorter than a window.
        """
        if rate != self.spectra.rate:
            raise DataError(
                f"{rate} Hz; the model learned sounds of {self.spectra.rate} Hz: convert it to that rate, or fit a "
                "model to sounds of its own"
            )
        if length < self.spectra.window:
            raise DataError(f"{length} samples are too short: {self.spectra.window} or more at {rate} Hz")

    def denoise(self, sound: NDArray[Any], rate: int) -> NDArray[Any]:
        """The sound without its noise, of the same shape and type.

        Parameters
        ----------
        sound : (n,) or (n, channels)
            Floats, of any scale; channels are denoised one by one.
        rate : int
            Samples per second.

        Raises
        ------
        DataError
            If it is of another rate than the model's, shorter than a window, or not of finite floats.
        """
        if sound.dtype.kind != "f" or sound.ndim not in (1, 2):
            raise DataError(f"a sound of {sound.dtype}, shape {sound.shape}: give floats, (n,) or (n, channels)")
        self.check(rate, len(sound))
        check_finite(sound, "the sound")
        whole = np.asarray(sound, np.float64).reshape(len(sound), -1)
        levels = np.sqrt(np.square(whole).mean(0))
        found = np.concatenate([*self.pieces(partial(part_of, whole), len(whole), levels)])
        return found.reshape(sound.shape).astype(sound.dtype)

    def pieces(self, read: Read, length: int, levels: Floats) -> Iterator[Floats]:
        """The denoised samples, (some, channels) at a time, of a sound that is read bit by bit.

        Parameters
        ----------
        read : callable
        length : int
            Samples of each channel.
        levels : (channels,)
            The root mean square of each channel; a silent channel stays as it is.
        """
        spectra, frames = self.spectra, frames_in(self.spectra, length)
        carried = np.zeros((spectra.window - spectra.hop, len(levels)))
        for first in range(0, frames, self.chunk):
            last = min(first + self.chunk, frames)
            found = self._chunk(read, first, last, frames, levels)
            found[: len(carried)] += carried
            whole = (last - first) * spectra.hop  # of the rest, later frames have their share
            carried = found[whole:]
            start = samples_of(spectra, first, last)[0]
            piece = found[max(0, -start) : min(whole, length - start)]
            if len(piece):
                yield piece

    def _chunk(self, read: Read, first: int, last: int, frames: int, levels: Floats) -> Floats:
        """What frames `first` to `last` give to the samples that they cover, (samples, channels)."""
        reach = self._restorer.reach
        outer = max(0, first - reach), min(frames, last + reach)
        samples = read(*samples_of(self.spectra, *outer))
        within = slice(first - outer[0], last - outer[0])
        found = []
        for channel, level in zip(samples.T, levels, strict=True):
            spectrum = forward(self.spectra, channel)
            gain = self._gain(spectrum / level)[:, within] if level > 0 else 1.0
            found.append(backward(self.spectra, gain * spectrum[:, within]))
        return np.stack(found, 1)

    def _gain(self, spectrum: Complex) -> Floats:
        """Of each frequency in each frame, from 0 to 1."""
        seen = picture_of(self.spectra, spectrum)
        left = self._restorer.restore(seen, self._tile)[..., 0].astype(np.float64)
        gain = np.clip(left / np.maximum(seen[..., 0], 1e-6), 0.0, 1.0) ** (1 / POWER)
        return np.concatenate([gain, gain[-1:]])  # the highest frequency of all goes with its neighbour

    def _tile(self, tile: NDArray[np.float32]) -> NDArray[np.float32]:
        x_BCHW = torch.from_numpy(np.ascontiguousarray(tile.transpose(2, 0, 1)))[None]
        found: NDArray[np.float32] = self._restorer.run(x_BCHW)[0].permute(1, 2, 0).numpy()
        return found

    @cached_property
    def _restorer(self) -> Restorer:
        return Restorer(self.autoencoder, self.device)


def spectra_learned(autoencoder: Autoencoder) -> Spectra | None:
    """How the sounds that a model learned became pictures; None if it learned no sounds."""
    schema = autoencoder.schema_
    return schema.sound if isinstance(schema, ImageSchema) else None
