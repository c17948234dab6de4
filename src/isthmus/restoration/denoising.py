"""Taking noise from pictures of any size, tile by tile, by a model fitted with recipe restoring.

Legend: P planes of a picture denoised together (one grey, or three of colour), C x H x W a tile of them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.errors import DataError, InputError
from isthmus.parts import BlindSpot, Recorrupted, ToldNoise
from isthmus.recipes.restoring import WHITE
from isthmus.restoration.levels import check_size, estimate_level
from isthmus.restoration.sounding import spectra_learned
from isthmus.restoration.tiling import AtWork, check_picture, from_zero_to_one, middle_of

SHIPPED = Path(__file__).with_name("denoiser.safetensors")
"""A model of grey pictures and any level of noise; benchmarks/shipped_denoiser.py made it."""
LOOKED_AT = 1024
"""Side of the middle of a large picture in which the level of noise is looked for."""
LEAST = 0.01
"""A level below which there is no noise: of a flat picture rounding leaves a trace."""
NEARBY = 11
"""Side of the square of pixels over which it is judged how good guesses are."""
OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [6**-0.5, 0, -(6**-0.5)], [18**-0.5, -2 * 18**-0.5, 18**-0.5]], np.float32)
"""Brightness, whose noise is the root of a third of that of a channel, as is that of the two differences of colour."""
NOISES = (ToldNoise, Recorrupted, BlindSpot)
BACK = np.linalg.inv(OPPONENT).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Denoiser(AtWork):
    """A model fitted with recipe restoring under noise, or with pairs, at work; parameters as of `AtWork`."""

    def __post_init__(self) -> None:
        if spectra_learned(self.autoencoder) is not None:
            raise InputError("this model learned sounds, and takes no pictures: give it a .wav or .flac file")
        learned = self._restorer.corruption
        if not (learned is None or isinstance(learned, NOISES)):
            raise InputError(f"this model learned to undo {type(learned).__name__.lower()}, not noise")
        if self.frames not in (1, self.channels):
            raise InputError(f"this model is of {self.frames} frames and {self.channels} channels, which don't agree")

    @property
    def frames(self) -> int:
        """How many frames of a clip it takes at once; 1: it is a model of pictures."""
        return int((self.autoencoder.options or {}).get("frames", 1))

    @property
    def _blind(self) -> bool:
        """Whether it learned to guess each pixel from its neighbours alone."""
        return isinstance(self._restorer.corruption, BlindSpot)

    @property
    def levels(self) -> tuple[float, float] | None:
        """The levels of noise it learned, of 255; None if it wasn't told any."""
        noise = self._restorer.corruption
        return (noise.low * WHITE, noise.high * WHITE) if isinstance(noise, ToldNoise | Recorrupted) else None

    def level_of(self, picture: NDArray[Any]) -> float:
        """The level of noise in a picture, of 255, by `estimate_level` of its middle."""
        picture = picture if picture.ndim == 3 else picture[..., None]
        return WHITE * estimate_level(from_zero_to_one(picture[middle_of(picture.shape, LOOKED_AT)], self.span))

    def denoise(self, picture: NDArray[Any], level: float | None = None) -> NDArray[Any]:
        """The picture without its noise, of the same shape and type.

        A grey model takes brightness and the two differences of colour of a colour picture one by one; a model of
        colour takes a grey picture as three channels that are alike. A level beyond those it learned is brought within
        them by lessening the contrast (raising it below them), and undone after. Below a level of 0.01 nothing is done.
        A model that learned from noisy pictures by blind spots guesses a pixel from its neighbours alone; told the
        level, it adds what the pixel itself says: see `with_own_word`.

        Parameters
        ----------
        picture : (height, width) or (height, width, channels)
            uint8, uint16, or floats, of which 1 is white unless the model learned another range of floats.
        level : float, optional
            Standard deviation of the noise, white being 255 whatever the type. Default: `level_of` the picture where
            the model learned levels.

        Raises
        ------
        InputError
            If the level is no finite number of 0 or more, or given to a model that is told none.
        DataError
            If the picture is of a type or channels that the model doesn't serve, holds numbers that are not finite, or
            is too small to tell its noise.
        """
        self._check(picture, level)
        whole = picture if picture.ndim == 3 else picture[..., None]
        if level is None and self.levels is not None:
            level = self.level_of(whole)
        return self._whole(whole, level).reshape(picture.shape)

    def denoise_window(self, window: NDArray[Any], level: float | None = None) -> NDArray[Any]:
        """Grey frames that follow each other, (frames, height, width), without their noise.

        There must be as many as the model takes at once; of a model of pictures that is one, and then, as in all else,
        it does what `denoise` does.

        Raises
        ------
        InputError, DataError
            As `denoise` does, or if there are more or fewer frames.
        """
        if window.ndim != 3 or len(window) != self.frames:
            raise DataError(f"a window of shape {window.shape}; the model takes {self.frames} grey frames")
        if self.frames == 1:
            return self.denoise(window[0], level)[None]
        self.check_level(level)
        if level is None and self.levels is not None:
            level = self.level_of(window[self.frames // 2])
        return self._whole(window.transpose(1, 2, 0), level).transpose(2, 0, 1)

    def _whole(self, picture: NDArray[Any], level: float | None) -> NDArray[Any]:
        """A picture, (height, width, channels), or a window with frames for channels."""
        if level is not None and level < LEAST:
            return picture.copy()
        if level is None or not self._blind:
            found: NDArray[Any] = self._restorer.restore(picture, lambda tile: self._tile(tile, level))
            return found
        told = level / WHITE
        mixed: NDArray[Any] = self._restorer.restore(
            picture, lambda tile: with_own_word(tile, self._tile(tile, None), told), NEARBY // 4 * 2 + 2
        )
        return mixed

    def _check(self, picture: NDArray[Any], level: float | None) -> None:
        check_picture(picture, self.span)
        self.check_level(level)
        self.check_shape((*picture.shape, 1)[:3], level)

    def check_level(self, level: float | None) -> None:
        """Refuse a level that `denoise` would, whatever the picture.

        Raises
        ------
        InputError
            If it is no finite number of 0 or more, or given to a model that is told none.
        """
        if level is not None and self.levels is None and not self._blind:
            raise InputError(f"level={level:g}: this model is told no level: leave it out")
        if level is not None and not 0 <= level < np.inf:
            raise InputError(f"level={level:g}: give a number of 0 or more, white being 255")

    def check_shape(self, shape: tuple[int, ...], level: float | None = None) -> None:
        """Refuse the shape (height, width, channels) of a picture that `denoise` would.

        Raises
        ------
        DataError
            If the model doesn't serve its channels, or it is too small to tell its noise where no level is given.
        """
        if self.frames > 1:
            raise DataError(f"a picture; the model learned windows of {self.frames} frames: give it a clip")
        super().check_shape(shape)
        if level is None and self.levels is not None:
            check_size(*shape[:2])

    def _tile(self, tile: NDArray[np.float32], level: float | None) -> NDArray[np.float32]:
        """One tile, (height, width, channels), values from 0 to 1."""
        opponent, alike = self.channels == 1 and tile.shape[2] == 3, self.channels // tile.shape[2]
        planes = tile @ OPPONENT.T if opponent else np.repeat(tile, max(1, alike), 2)
        level = None if level is None else level / WHITE / (3**0.5 if opponent else 1)
        x_BCHW = torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))
        x_BCHW = x_BCHW[:, None] if self.channels == 1 else x_BCHW[None]
        offset_B111 = x_BCHW.new_zeros(len(x_BCHW), 1, 1, 1)
        if opponent:
            offset_B111[1:] = 0.5  # differences of colour are on either side of 0
        clean_BCHW = self._planes(x_BCHW + offset_B111, level) - offset_B111
        found: NDArray[np.float32] = clean_BCHW.flatten(0, 1).permute(1, 2, 0).numpy()
        if opponent:
            return found @ BACK.T
        mean: NDArray[np.float32] = found if alike < 2 else found.mean(2, keepdims=True)
        return mean

    def _planes(self, x_BCHW: Tensor, level: float | None) -> Tensor:
        if level is None or self.levels is None:
            return self._restorer.run(x_BCHW)
        low, high = self.levels
        told = min(max(level, low / WHITE), high / WHITE)
        gain = told / level
        seen_BCHW = (x_BCHW - 0.5) * gain + 0.5
        seen_BCHW = torch.cat([seen_BCHW, torch.full_like(seen_BCHW[:, :1], told)], 1)
        return (self._restorer.run(seen_BCHW) - 0.5) / gain + 0.5


def with_own_word(seen: NDArray[np.float32], guess: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    """Guesses of pixels from their neighbours, (height, width, channels), and what the noisy pixels themselves say.

    A guess g that doesn't know the pixel y has an error independent of y's noise, so the mean of (y - g)^2 is that
    error's variance and the noise's. With v this mean over the 11x11 pixels around, the best linear estimate is
    g + w (y - g), w = max(0, 1 - level^2 / v): Wiener's weight (as of the posterior mean of Laine et al., "High-quality
    self-supervised deep image denoising", NeurIPS 2019, for whom the network tells the variance).

    Parameters
    ----------
    seen, guess : (height, width, channels)
    level : float
        Standard deviation of white noise, in the picture's units.
    """
    rest_1CHW = torch.from_numpy(np.ascontiguousarray((seen - guess).transpose(2, 0, 1)))[None]
    around_1CHW = F.avg_pool2d(rest_1CHW.square(), NEARBY, 1, NEARBY // 2, count_include_pad=False)
    weight_1CHW = 1 - (level**2 / around_1CHW.clamp_min(1e-12)).clamp_max(1)
    said: NDArray[np.float32] = (weight_1CHW * rest_1CHW)[0].permute(1, 2, 0).numpy()
    return guess + said


def shipped() -> Autoencoder:
    """The model that comes with the package.

    Raises
    ------
    ModelFileError
        If this copy of the package came without it.
    """
    return Autoencoder.load(SHIPPED)
