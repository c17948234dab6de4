"""Filling what is hidden of pictures of any size by one pass of a model that learned it, tile by tile."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.errors import DataError, InputError
from isthmus.parts import Holes
from isthmus.parts.corruptions import GREY
from isthmus.restoration.tiling import FULL, AtWork, Span, check_picture


def learned_holes(autoencoder: Autoencoder) -> bool:
    """Whether a fitted model learned to fill what is hidden, of pictures of any size."""
    learned = autoencoder.model_.corruption
    return isinstance(learned, Holes) and learned.told


@dataclass(frozen=True, eq=False)
class Inpainter(AtWork):
    """A model fitted with recipe inpainting at work; parameters as of `AtWork`."""

    def __post_init__(self) -> None:
        if not learned_holes(self.autoencoder):
            raise InputError(f"recipe {self.autoencoder.recipe!r} didn't learn to fill holes: fit 'inpainting'")
        super().__post_init__()

    def fill(self, picture: NDArray[Any], hidden: NDArray[np.bool_]) -> NDArray[Any]:
        """The picture with what is hidden filled in, of the same shape and type; known pixels stay as they are.

        What stands under the mask is not looked at. A grey model fills the channels of a colour picture one by one; a
        model of colour takes a grey picture as three channels that are alike.

        Parameters
        ----------
        picture : (height, width) or (height, width, channels)
            uint8, uint16, or floats, of which 1 is white unless the model learned another range of floats.
        hidden : (height, width)

        Raises
        ------
        DataError
            If the picture is of a type or channels that the model doesn't serve, holds numbers that are not finite, or
            nothing of it is known.
        InputError
            If the mask is of another size.
        """
        whole = picture if picture.ndim == 3 else picture[..., None]
        if hidden.shape != whole.shape[:2]:
            sizes = ("x".join(map(str, shape)) for shape in (hidden.shape, whole.shape[:2]))
            raise InputError("the mask is of size {}, the picture is {} (height x width)".format(*sizes))
        black, white = self._ends(whole.dtype)
        whole = np.where(hidden[..., None], whole.dtype.type(black), whole)
        check_picture(whole, self.span)
        self.check_shape(whole.shape)
        if not hidden.any():
            return picture.copy()
        if hidden.all():
            raise DataError("nothing is known of the picture: there is nothing to fill it by; make the mask smaller")
        mask = np.where(hidden[..., None], whole.dtype.type(white), whole.dtype.type(black))
        found = self._restorer.restore(np.concatenate([whole, mask], 2), self._tile)[..., :-1]
        return np.where(hidden[..., None], found, whole).reshape(picture.shape)

    def _ends(self, dtype: np.dtype[Any]) -> Span:
        """Black and white of this type."""
        return self.span if dtype.kind == "f" else (0, FULL[dtype.name])

    def _tile(self, tile: NDArray[np.float32]) -> NDArray[np.float32]:
        """One tile, (height, width, channels + 1), values from 0 to 1, of which the last channel is the mask."""
        hidden, channels = tile[..., -1:] > GREY, tile.shape[2] - 1
        if not hidden.any():
            return tile
        planes = np.where(hidden, np.float32(GREY), tile[..., :-1])
        apart = channels > self.channels
        planes = planes if apart else np.repeat(planes, self.channels // channels, 2)
        x_CHW = torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))
        x_BCHW = x_CHW[:, None] if apart else x_CHW[None]
        mask_B1HW = torch.from_numpy(hidden[..., 0]).to(x_BCHW.dtype).expand(len(x_BCHW), 1, -1, -1)
        found = self._restorer.run(torch.cat([x_BCHW, mask_B1HW], 1)).flatten(0, 1).permute(1, 2, 0).numpy()
        found = found if channels == found.shape[2] else found.mean(2, keepdims=True)
        return np.concatenate([found, tile[..., -1:]], 2)
