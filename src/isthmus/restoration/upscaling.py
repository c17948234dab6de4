"""Enlarging pictures of any size, tile by tile, by a model fitted with recipe restoring under downscaling.

Legend: P planes of a picture worked on together (one grey, or three of colour), C x H x W a tile of them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.errors import InputError
from isthmus.parts import Downscaling
from isthmus.parts.scaling import SUPPORT, enlarged, told_factor
from isthmus.restoration.tiling import (
    TILE,
    USUAL,
    AtWork,
    Span,
    check_picture,
    from_zero_to_one,
    in_units_of,
    tiles,
)

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue (ITU-R BT.601)."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Upscaler(AtWork):
    """A model fitted with recipe restoring under downscale:FACTOR at work; parameters as of `AtWork`."""

    def __post_init__(self) -> None:
        if not isinstance(self._restorer.corruption, Downscaling):
            raise InputError("this model didn't learn to upscale: fit one with `isthmus fit FOLDER --recipe upscaling`")

    @property
    def factors(self) -> tuple[int, ...]:
        """By how much it learned to enlarge."""
        learned = self._restorer.corruption
        assert isinstance(learned, Downscaling)  # for the type checker
        return learned.factors

    def factor(self, asked: int | None = None) -> int:
        """The factor asked for, or of those learned the smallest.

        Raises
        ------
        InputError
            If it wasn't learned.
        """
        if asked is not None and asked not in self.factors:
            raise InputError(f"factor={asked}: this model learned {', '.join(map(str, self.factors))}")
        return min(self.factors) if asked is None else asked

    def upscale(self, picture: NDArray[Any], factor: int | None = None) -> NDArray[Any]:
        """The picture enlarged, of the same type.

        A grey model works on the luminance of a colour picture, whose differences of colour are enlarged by bicubic
        interpolation; a model of colour takes a grey picture as three channels that are alike.

        Parameters
        ----------
        picture : (height, width) or (height, width, channels)
            uint8, uint16, or floats, of which 1 is white unless the model learned another range of floats.
        factor : int, optional
            One that the model learned. Default: the smallest of these.

        Raises
        ------
        InputError
            If the factor wasn't learned.
        DataError
            If the picture is of a type or channels that the model doesn't serve, or holds numbers that are not finite.
        """
        check_picture(picture, self.span)
        factor = self.factor(factor)
        whole = picture if picture.ndim == 3 else picture[..., None]
        self.check_shape(whole.shape)
        out = _room(whole, factor)
        self._restorer.fill(out, lambda *part: self._detailed(_enlarged_part(whole, part, factor, self.span), factor))
        return out.reshape(*out.shape[:2], *picture.shape[2:])

    def _detailed(self, tile: Floats, factor: int) -> Floats:
        """One enlarged tile, (height, width, channels), with what the model adds."""
        if tile.shape[2] == self.channels:
            return self._run(tile, factor)
        if self.channels == 3:
            mean: Floats = self._run(np.repeat(tile, 3, 2), factor).mean(2, keepdims=True)
            return mean
        luminance = tile @ LUMINANCE[:, None]
        added: Floats = tile + (self._run(luminance, factor) - luminance)  # the same to each, so colour stays
        return added

    def _run(self, tile: Floats, factor: int) -> Floats:
        x_1CHW = torch.from_numpy(np.ascontiguousarray(tile.transpose(2, 0, 1)))[None]
        found: Floats = self._restorer.run(told_factor(x_1CHW, factor))[0].permute(1, 2, 0).numpy()
        return found


def bicubic(picture: NDArray[Any], factor: int) -> NDArray[Any]:
    """A picture, (height, width, channels), enlarged by bicubic interpolation alone, of the same type."""
    out = _room(picture, factor)
    for part in tiles(out.shape[0], out.shape[1], TILE, 0):
        out[part.inner] = in_units_of(_enlarged_part(picture, part.inner, factor), out.dtype)
    return out


def _room(picture: NDArray[Any], factor: int) -> NDArray[Any]:
    height, width, channels = picture.shape
    return np.empty((height * factor, width * factor, channels), picture.dtype)


def _enlarged_part(picture: NDArray[Any], part: tuple[slice, ...], factor: int, span: Span = USUAL) -> Floats:
    """Rows and columns of the enlarged picture, worked out from those of the picture that matter to them."""
    wanted, needed = zip(
        *(_needed(each, length, factor) for each, length in zip(part, picture.shape, strict=False)), strict=True
    )
    small_1ChW = torch.from_numpy(from_zero_to_one(picture[needed], span).transpose(2, 0, 1).copy())[None]
    found: Floats = enlarged(small_1ChW, factor)[0].permute(1, 2, 0).numpy()[wanted]
    return found


def _needed(part: slice, length: int, factor: int) -> tuple[slice, slice]:
    """Where a part of the enlarged side lies in what is enlarged, and which part of the side of `length` that is."""
    first = max(0, part.start // factor - SUPPORT)
    last = min(length, -(-part.stop // factor) + SUPPORT)
    return slice(part.start - first * factor, part.stop - first * factor), slice(first, last)
