"""A fitted network of recipe restoring at work on pictures of any size, tile by tile.

Legend: C x H x W a tile, B of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.data.preparation.images import ImagePreparation
from isthmus.errors import DataError, InputError
from isthmus.model import Model
from isthmus.parts import (
    Bernoulli,
    Corruption,
    Difference,
    FeatureMap,
    Laplace,
    Normal,
    OneMask,
    Part,
    RestoringEncoder,
)
from isthmus.training import choose_precision, fast
from isthmus.training.arithmetic import autocast

TILE = 512
WHOLE = ("uint8", "uint16")
FULL = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0, "float64": 1.0}
"""What white is in the types that a picture may have, unless a model learned it from floats."""
Span = tuple[float, float]
"""Black and white in pictures of floats."""
USUAL: Span = (0.0, 1.0)
FARTHEST = 8
"""How many times the way from black to white a float may lie beyond them: noise reaches so far, other units farther."""


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


def middle_of(shape: tuple[int, ...], side: int) -> tuple[slice, slice]:
    """Rows and columns of the middle of a picture of this shape, of at most a side."""
    top, left = (max(0, (length - side) // 2) for length in shape[:2])
    return slice(top, top + side), slice(left, left + side)


@dataclass(frozen=True, eq=False)
class Restorer:
    """A fitted network at work.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted with recipe restoring.
    device : str
        "cpu", "cuda" or "auto".
    tile : int
        Side of the tiles, even; memory grows with its square, and no seam is seen whatever it is.
    masks : bool
        Whether the network tells masks instead of pictures.

    Raises
    ------
    InputError
        If the model is of another recipe, or of a likelihood that a difference of pictures doesn't take.
    """

    autoencoder: Autoencoder
    device: str = "auto"
    tile: int = TILE
    masks: bool = False

    def __post_init__(self) -> None:
        model = self.autoencoder.model_
        self._check_decoder(model.decoder)
        gives = OneMask if self.masks else Difference
        parts = ((model.encoder, RestoringEncoder), (model.bottleneck, FeatureMap), (model.decoder, gives))
        densities = Bernoulli if self.masks else Normal | Laplace
        if not (all(isinstance(*each) for each in parts) and isinstance(model.likelihood.inner, densities)):
            raise InputError(
                f"recipe {self.autoencoder.recipe!r} makes no restorer of pictures of any size: fit one with "
                "`isthmus fit FOLDER --recipe denoising --noise gaussian:0-55`"
            )
        if self.tile < 2 or self.tile % 2:
            raise InputError(f"tile={self.tile}: give an even number")

    def _check_decoder(self, decoder: Part) -> None:
        if isinstance(decoder, OneMask) and not self.masks:
            raise InputError("this model tells masks, no pictures: use it with `isthmus segment`")
        if self.masks and not isinstance(decoder, OneMask):
            raise InputError(
                "this model tells no masks: fit one with `isthmus fit PICTURES --target MASKS --recipe segmenting`"
            )

    @property
    def channels(self) -> int:
        """Of the pictures it learned from."""
        return self._encoder.channels

    @property
    def span(self) -> Span:
        """What it learned black and white to be in pictures of floats; 0 and 1 if it learned from whole numbers."""
        learned = self.autoencoder.preparation_
        assert isinstance(learned, ImagePreparation)  # for the type checker
        return (learned.low, learned.high) if learned.schema.dtype not in WHOLE else USUAL

    @property
    def reach(self) -> int:
        """How many pixels away a pixel may matter; even."""
        return self._encoder.reach

    @property
    def corruption(self) -> Corruption | None:
        """What the pictures it learned from suffered; None where pairs were given."""
        found: Corruption | None = self.autoencoder.model_.corruption
        return found

    def restore(
        self, picture: NDArray[Any], work: Callable[[NDArray[np.float32]], NDArray[np.float32]], further: int = 0
    ) -> Any:
        """The picture, (height, width, channels), with `work` done to each tile of it, in the same shape and type.

        A tile has values from 0 to 1; `work` calls `run`, whose precision and layout are set up here. `further` is
        how many pixels farther than the network `work` looks, even, for the network takes pixels in fours.
        """
        out = np.empty(picture.shape, picture.dtype)
        self.fill(out, lambda *part: work(from_zero_to_one(picture[part], self.span)), further)
        return out

    def fill(self, out: NDArray[Any], work: Callable[[slice, slice], NDArray[np.float32]], further: int = 0) -> None:
        """Write to `out`, (height, width, channels), what `work` gives of some of its rows and columns, tile by tile.

        It gives values from 0 to 1, and calls `run`, whose precision and layout are set up here.
        """
        span = USUAL if self.masks else self.span  # a probability is one whatever the pictures are
        with fast(self._precision, choices.device(self.device), self._model, 1), torch.inference_mode():
            for part in tiles(out.shape[0], out.shape[1], self.tile, self._encoder.reach + further):
                out[part.inner] = in_units_of(work(*part.outer)[part.within], out.dtype, span)

    def run(self, seen_BCHW: Tensor) -> Tensor:
        """What the network makes of what it sees, on the CPU, in float32."""
        model, device = self._model, choices.device(self.device)
        with autocast(self._precision, device, model, 1):
            code = model.bottleneck(model.h(seen_BCHW.to(device)), sample=False)
            raw_BCHW: Tensor = model.likelihood.mean(model.decoder(code.sent_BE))
        return raw_BCHW.float().cpu()

    @property
    def _encoder(self) -> RestoringEncoder:
        encoder = self.autoencoder.model_.encoder
        assert isinstance(encoder, RestoringEncoder)  # for the type checker
        return encoder

    @cached_property
    def _model(self) -> Model:
        model: Model = self.autoencoder.model_.to(choices.device(self.device)).eval()
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    @property
    def _precision(self) -> str:
        return choose_precision(self._model, 1, choices.device(self.device))


@dataclass(frozen=True, eq=False)
class AtWork:
    """What a fitted model at work on pictures of any size has, whatever it learned.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted.
    device : str
        "cpu", "cuda" or "auto".
    tile : int
        Side of the tiles (of the result), even; memory grows with its square, and no seam is seen whatever it is.

    Raises
    ------
    InputError
        If the model learned something else.
    """

    autoencoder: Autoencoder
    device: str = "auto"
    tile: int = TILE
    masks: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _ = self._restorer  # refuses what is none

    @property
    def channels(self) -> int:
        """Of the pictures it learned from."""
        return self._restorer.channels

    @property
    def span(self) -> Span:
        """What it takes for black and white in pictures of floats."""
        return self._restorer.span

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Refuse the shape (height, width, channels) of a picture whose channels the model doesn't serve.

        Raises
        ------
        DataError
            If they are not those it learned, and the two are not grey and colour.
        """
        if shape[2] != self.channels and {self.channels, shape[2]} != {1, 3}:
            raise DataError(f"a picture of {shape[2]} channels; the model learned pictures of {self.channels}")

    @cached_property
    def _restorer(self) -> Restorer:
        return Restorer(self.autoencoder, self.device, self.tile, self.masks)


def check_picture(picture: NDArray[Any], span: Span = USUAL) -> None:
    """Refuse what is no picture, `span` being black and white in floats.

    Raises
    ------
    DataError
        If it is of another type or shape, empty, or holds numbers that are not finite or, for floats, far beyond black
        and white.
    """
    if picture.dtype.name not in FULL:
        raise DataError(f"pictures of {picture.dtype.name}: give uint8, uint16 or floats from 0 to 1")
    if picture.ndim not in (2, 3) or not picture.size:
        raise DataError(f"a picture of shape {picture.shape}: give (height, width) or (height, width, channels)")
    if picture.dtype.kind == "f" and not np.isfinite(picture).all():
        odd = np.count_nonzero(~np.isfinite(picture))
        raise DataError(f"{odd} numbers of the picture are not finite, and would spread: fill them first")
    if picture.dtype.kind == "f":
        _check_span(picture, span)


def _check_span(picture: NDArray[Any], span: Span) -> None:
    (black, white), least, most = span, float(picture.min()), float(picture.max())
    if max(black - least, most - white) > FARTHEST * (white - black):
        raise DataError(
            f"a picture of floats from {least:g} to {most:g}, where {black:g} is black and {white:g} white to this "
            "model: scale it, or give whole numbers"
        )


def from_zero_to_one(pixels: NDArray[Any], span: Span = USUAL) -> NDArray[np.float32]:
    """A picture of any type as floats of which 1 is white; `span` is what black and white are in given floats."""
    if pixels.dtype.kind == "f" and span != USUAL:
        return (pixels - span[0]).astype(np.float32) / np.float32(span[1] - span[0])
    return pixels.astype(np.float32) / np.float32(FULL[pixels.dtype.name])


def in_units_of(values: NDArray[np.float32], dtype: np.dtype[Any], span: Span = USUAL) -> NDArray[Any]:
    """Values from 0 to 1 in a picture's own type; whole numbers are rounded and kept within the type."""
    if dtype.kind == "f":
        return values.astype(dtype) * (span[1] - span[0]) + span[0] if span != USUAL else values.astype(dtype)
    full = FULL[dtype.name]
    whole: NDArray[Any] = np.clip(np.rint(values * full), 0, full).astype(dtype)
    return whole
