"""Taking noise from pictures of any size, tile by tile, by a model fitted with recipe restoring.

Legend: P planes of a picture denoised together (one grey, or three of colour), C x H x W a tile of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.errors import DataError, InputError
from isthmus.model import Model
from isthmus.parts import Difference, FeatureMap, Laplace, Normal, RestoringEncoder, ToldNoise
from isthmus.recipes.restoring import WHITE
from isthmus.restoration.levels import check_size, estimate_level
from isthmus.training import choose_precision, fast
from isthmus.training.arithmetic import autocast

SHIPPED = Path(__file__).with_name("denoiser.safetensors")
"""A model of grey pictures and any level of noise; benchmarks/shipped_denoiser.py made it."""
TILE = 512
FULL = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0, "float64": 1.0}
LOOKED_AT = 1024
"""Side of the middle of a large picture in which the level of noise is looked for."""
LEAST = 0.01
"""A level below which there is no noise: of a flat picture rounding leaves a trace."""
OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [6**-0.5, 0, -(6**-0.5)], [18**-0.5, -2 * 18**-0.5, 18**-0.5]], np.float32)
"""Brightness, whose noise is the root of a third of that of a channel, as is that of the two differences of colour."""
BACK = np.linalg.inv(OPPONENT).astype(np.float32)


class Tile(NamedTuple):
    """Which rows and columns a tile gives, and which it is worked out from."""

    inner: tuple[slice, slice]
    outer: tuple[slice, slice]

    @property
    def within(self) -> tuple[slice, slice]:
        """Where the inner part lies in the outer."""
        rows, columns = (
            slice(inner.start - outer.start, inner.stop - outer.start)
            for inner, outer in zip(self.inner, self.outer, strict=True)
        )
        return rows, columns


def tiles(height: int, width: int, side: int, reach: int) -> Iterator[Tile]:
    """Tiles that cover a picture; each is worked out from `reach` pixels more all around, where there are any."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            inner = slice(top, min(top + side, height)), slice(left, min(left + side, width))
            outer = tuple(
                slice(max(0, part.start - reach), min(part.stop + reach, length))
                for part, length in zip(inner, (height, width), strict=True)
            )
            yield Tile(inner, (outer[0], outer[1]))


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
        model = self.autoencoder.model_
        parts = ((model.encoder, RestoringEncoder), (model.bottleneck, FeatureMap), (model.decoder, Difference))
        if not (all(isinstance(*each) for each in parts) and isinstance(model.likelihood, Normal | Laplace)):
            raise InputError(
                f"recipe {self.autoencoder.recipe!r} makes no denoiser of pictures of any size: fit one with "
                "`isthmus fit FOLDER --recipe denoising --noise gaussian:0-55`"
            )
        if self.tile < 2 or self.tile % 2:
            raise InputError(f"tile={self.tile}: give an even number")

    @property
    def channels(self) -> int:
        """Of the pictures it learned from."""
        return self._encoder.channels

    @property
    def levels(self) -> tuple[float, float] | None:
        """The levels of noise it learned, of 255; None if it wasn't told any."""
        noise = self.autoencoder.model_.corruption
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
        out = np.empty(whole.shape, whole.dtype)
        with fast(self._precision, self._device, self._model, 1), torch.inference_mode():
            for part in tiles(whole.shape[0], whole.shape[1], self.tile, self._encoder.reach):
                cleaned = self._tile(from_zero_to_one(whole[part.outer]), level)[part.within]
                out[part.inner] = _in_units_of(cleaned, whole.dtype)
        return out.reshape(picture.shape)

    def _check(self, picture: NDArray[Any], level: float | None) -> None:
        if picture.dtype.name not in FULL:
            raise DataError(f"pictures of {picture.dtype.name}: give uint8, uint16 or floats from 0 to 1")
        if picture.ndim not in (2, 3) or not picture.size:
            raise DataError(f"a picture of shape {picture.shape}: give (height, width) or (height, width, channels)")
        if picture.dtype.kind == "f" and not np.isfinite(picture).all():
            odd = np.count_nonzero(~np.isfinite(picture))
            raise DataError(f"{odd} numbers of the picture are not finite, and would spread: fill them first")
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

    @property
    def _encoder(self) -> RestoringEncoder:
        encoder = self.autoencoder.model_.encoder
        assert isinstance(encoder, RestoringEncoder)  # for the type checker
        return encoder

    @property
    def _device(self) -> str:
        return choices.device(self.device)

    @cached_property
    def _model(self) -> Model:
        model: Model = self.autoencoder.model_.to(self._device).eval()
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    @property
    def _precision(self) -> str:
        return choose_precision(self._model, 1, self._device)

    def _tile(self, tile: NDArray[np.float32], level: float | None) -> NDArray[np.float32]:
        """One tile, (height, width, channels), values from 0 to 1."""
        opponent, alike = self.channels == 1 and tile.shape[2] == 3, self.channels // tile.shape[2]
        planes = tile @ OPPONENT.T if opponent else np.repeat(tile, max(1, alike), 2)
        level = None if level is None else level / WHITE / (3**0.5 if opponent else 1)
        x_BCHW = torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))
        x_BCHW = (x_BCHW[:, None] if self.channels == 1 else x_BCHW[None]).to(self._device)
        offset_B111 = x_BCHW.new_zeros(len(x_BCHW), 1, 1, 1)
        if opponent:
            offset_B111[1:] = 0.5  # differences of colour are on either side of 0
        clean_BCHW = self._planes(x_BCHW + offset_B111, level) - offset_B111
        found: NDArray[np.float32] = clean_BCHW.flatten(0, 1).permute(1, 2, 0).float().cpu().numpy()
        if opponent:
            return found @ BACK.T
        mean: NDArray[np.float32] = found if alike < 2 else found.mean(2, keepdims=True)
        return mean

    def _planes(self, x_BCHW: Tensor, level: float | None) -> Tensor:
        if level is None or self.levels is None:
            return self._run(x_BCHW)
        low, high = self.levels
        told = min(max(level, low / WHITE), high / WHITE)
        gain = told / level
        seen_BCHW = (x_BCHW - 0.5) * gain + 0.5
        seen_BCHW = torch.cat([seen_BCHW, torch.full_like(seen_BCHW[:, :1], told)], 1)
        return (self._run(seen_BCHW) - 0.5) / gain + 0.5

    def _run(self, seen_BCHW: Tensor) -> Tensor:
        model = self._model
        with autocast(self._precision, self._device, model, 1):
            code = model.bottleneck(model.h(seen_BCHW), sample=False)
            raw_BCHW: Tensor = model.likelihood.mean(model.decoder(code.sent_BE))
        return raw_BCHW.float()


def shipped() -> Autoencoder:
    """The model that comes with the package.

    Raises
    ------
    ModelFileError
        If this copy of the package came without it.
    """
    return Autoencoder.load(SHIPPED)


def from_zero_to_one(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """A picture of any type as floats of which 1 is white."""
    return pixels.astype(np.float32) / np.float32(FULL[pixels.dtype.name])


def _in_units_of(values: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Values from 0 to 1 in a picture's own type; whole numbers are rounded and kept within the type."""
    if dtype.kind == "f":
        return values.astype(dtype)
    full = FULL[dtype.name]
    whole: NDArray[Any] = np.clip(np.rint(values * full), 0, full).astype(dtype)
    return whole
