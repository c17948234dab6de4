"""Taking noise from pictures of any size, tile by tile, by a model fitted with recipe restoring.

Legend: P planes of a picture denoised together (one grey, or three of colour), C x H x W a tile of them.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.errors import DataError, InputError
from isthmus.parts import ToldNoise
from isthmus.recipes.restoring import WHITE
from isthmus.restoration.levels import check_size, estimate_level
from isthmus.restoration.sounding import spectra_learned
from isthmus.restoration.tiling import TILE, Restorer, check_picture, from_zero_to_one

SHIPPED = Path(__file__).with_name("denoiser.safetensors")
"""A model of grey pictures and any level of noise; benchmarks/shipped_denoiser.py made it."""
LOOKED_AT = 1024
"""Side of the middle of a large picture in which the level of noise is looked for."""
LEAST = 0.01
"""A level below which there is no noise: of a flat picture rounding leaves a trace."""
OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [6**-0.5, 0, -(6**-0.5)], [18**-0.5, -2 * 18**-0.5, 18**-0.5]], np.float32)
"""Brightness, whose noise is the root of a third of that of a channel, as is that of the two differences of colour."""
BACK = np.linalg.inv(OPPONENT).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Denoiser:
    """A fitted model at work on pictures of any size.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted with recipe restoring.
    device : str
        "cpu", "cuda" or "auto".
    tile : int
        Side of the tiles, even; memory grows with its square, and no seam is seen whatever it is.

    Raises
    ------
    InputError
        If the model is of another recipe, or of a likelihood that a difference of pictures doesn't take.
    """

    autoencoder: Autoencoder
    device: str = "auto"
    tile: int = TILE

    def __post_init__(self) -> None:
        if spectra_learned(self.autoencoder) is not None:
            raise InputError("this model learned sounds, and takes no pictures: give it a .wav or .flac file")
        learned = self._restorer.corruption
        if not (learned is None or isinstance(learned, ToldNoise)):
            raise InputError(f"this model learned to undo {type(learned).__name__.lower()}, not noise")

    @property
    def channels(self) -> int:
        """Of the pictures it learned from."""
        return self._restorer.channels

    @property
    def levels(self) -> tuple[float, float] | None:
        """The levels of noise it learned, of 255; None if it wasn't told any."""
        noise = self._restorer.corruption
        return (noise.low * WHITE, noise.high * WHITE) if isinstance(noise, ToldNoise) else None

    def level_of(self, picture: NDArray[Any]) -> float:
        """The level of noise in a picture, of 255, by `estimate_level` of its middle."""
        picture = picture if picture.ndim == 3 else picture[..., None]
        top, left = (max(0, (length - LOOKED_AT) // 2) for length in picture.shape[:2])
        middle = picture[top : top + LOOKED_AT, left : left + LOOKED_AT]
        return WHITE * estimate_level(from_zero_to_one(middle))

    def denoise(self, picture: NDArray[Any], level: float | None = None) -> NDArray[Any]:
        """The picture without its noise, of the same shape and type.

        A grey model takes brightness and the two differences of colour of a colour picture one by one; a model of
        colour takes a grey picture as three channels that are alike. A level beyond those it learned is brought within
        them by lessening the contrast (raising it below them), and undone after. Below a level of 0.01 nothing is done.

        Parameters
        ----------
        picture : (height, width) or (height, width, channels)
            uint8, uint16, or floats of which 1 is white.
        level : float, optional
            Standard deviation of the noise, white being 255 whatever the type. Default: `level_of` the picture.

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
        if self.levels is not None:
            level = self.level_of(whole) if level is None else level
        if level is not None and level < LEAST:
            return picture.copy()
        found: NDArray[Any] = self._restorer.restore(whole, lambda tile: self._tile(tile, level))
        return found.reshape(picture.shape)

    def _check(self, picture: NDArray[Any], level: float | None) -> None:
        check_picture(picture)
        self.check_level(level)
        self.check_shape((*picture.shape, 1)[:3], level)

    def check_level(self, level: float | None) -> None:
        """Refuse a level that `denoise` would, whatever the picture.

        Raises
        ------
        InputError
            If it is no finite number of 0 or more, or given to a model that is told none.
        """
        if level is not None and self.levels is None:
            raise InputError(f"level={level:g}: this model learned from pairs and is told no level: leave it out")
        if level is not None and not 0 <= level < np.inf:
            raise InputError(f"level={level:g}: give a number of 0 or more, white being 255")

    def check_shape(self, shape: tuple[int, ...], level: float | None) -> None:
        """Refuse the shape (height, width, channels) of a picture that `denoise` would.

        Raises
        ------
        DataError
            If the model doesn't serve its channels, or it is too small to tell its noise where no level is given.
        """
        height, width, channels = shape
        if channels != self.channels and {self.channels, channels} != {1, 3}:
            raise DataError(f"a picture of {channels} channels; the model learned pictures of {self.channels}")
        if level is None and self.levels is not None:
            check_size(height, width)

    @cached_property
    def _restorer(self) -> Restorer:
        return Restorer(self.autoencoder, self.device, self.tile)

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


def shipped() -> Autoencoder:
    """The model that comes with the package.

    Raises
    ------
    ModelFileError
        If this copy of the package came without it.
    """
    return Autoencoder.load(SHIPPED)
