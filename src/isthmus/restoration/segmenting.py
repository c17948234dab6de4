"""Masks of pictures of any size, tile by tile, by a model fitted with recipe segmenting.

Legend: C x H x W a tile of a picture.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.restoration.tiling import AtWork, check_picture, from_zero_to_one
from isthmus.restoration.upscaling import LUMINANCE

Floats = NDArray[np.float32]
HALF = 0.5
"""From this probability on a pixel is taken for the object's."""


@dataclass(frozen=True, eq=False)
class Segmenter(AtWork):
    """A model fitted with recipe segmenting, as ``fit(masks, seen=pictures)``, at work; parameters as of `AtWork`."""

    masks = True

    def probabilities(self, picture: NDArray[Any]) -> Floats:
        """How likely each pixel is the object's, (height, width), from 0 to 1.

        A grey model looks at the luminance of a colour picture; one of colour takes a grey picture as three channels
        that are alike.

        Parameters
        ----------
        picture : (height, width) or (height, width, channels)
            uint8, uint16, or floats, of which 1 is white unless the model learned another range of floats.

        Raises
        ------
        DataError
            If the picture is of a type or channels that the model doesn't serve, or holds numbers that are not finite.
        """
        check_picture(picture, self.span)
        whole = picture if picture.ndim == 3 else picture[..., None]
        self.check_shape(whole.shape)
        out = np.empty((*whole.shape[:2], 1), np.float32)
        self._restorer.fill(out, lambda *part: self._tile(from_zero_to_one(whole[part], self.span)))
        return out[..., 0]

    def segment(self, picture: NDArray[Any]) -> NDArray[np.bool_]:
        """The mask of a picture, (height, width): where `probabilities` are a half or more."""
        found: NDArray[np.bool_] = self.probabilities(picture) >= HALF
        return found

    def _tile(self, tile: Floats) -> Floats:
        if self.channels < tile.shape[2]:
            tile = tile @ LUMINANCE[:, None]
        planes = np.repeat(tile, self.channels // tile.shape[2], 2)
        x_1CHW = torch.from_numpy(np.ascontiguousarray(planes.transpose(2, 0, 1)))[None]
        found: Floats = self._restorer.run(x_1CHW)[0, :1].permute(1, 2, 0).numpy()  # all channels are alike
        return found
