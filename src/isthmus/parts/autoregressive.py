"""Densities of pictures whose pixels are told of those above and to the left.

Legend: B rows of the batch, C channels, H x W pixels, F features, D = 2 C.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.checks import check_whole
from isthmus.parts.likelihoods import Likelihood

MOST_PIXELS = 1 << 14
"""Of a picture: its mean takes a step for each."""


class Autoregressive(Likelihood):
    """p(x|z) as the product of p(pixel | earlier pixels near it, z): a small masked convolution in the density.

    What the earlier pixels (rows above, and the same row to the left) within `reach` say corrects the decoder's output;
    a cell's density is that of `likelihood` at the corrected output. Texture is then the density's affair, and the code
    keeps what neighbours can't tell (Chen et al., "Variational lossy autoencoder", ICLR 2017). The channels of
    one pixel are independent.

    The mean of this density isn't to be had in closed form: `mean` goes from pixel to pixel and takes each at the mean
    of its density, given that the earlier ones are at theirs.

    Parameters
    ----------
    likelihood : Likelihood
        The density of a cell.
    channels : int
        C, of the picture.
    reach : int
        How many rows up, and columns to each side, a pixel sees.
    width : int
        Features F of the two hidden layers.

    References
    ----------
    Gulrajani et al., "PixelVAE", ICLR 2017; masked convolutions: van den Oord, Kalchbrenner & Kavukcuoglu, "Pixel
    recurrent neural networks", ICML 2016.
    """

    def __init__(self, likelihood: Likelihood, channels: int, reach: int = 3, width: int = 32) -> None:
        super().__init__()
        self.likelihood = likelihood
        self.reach = check_whole("reach", reach, most=16)
        width = check_whole("width", width, most=1024)
        self.seen_by = nn.Conv2d(2 * channels, width, 2 * self.reach + 1, padding=self.reach)
        self.mix = nn.Conv2d(width, width, 1)
        self.step = nn.Conv2d(width, channels, 1)
        nn.init.zeros_(self.step.weight)

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        return self.likelihood.cells(self.corrected(raw_B___, x_B___), x_B___)

    @property
    def inner(self) -> Likelihood:
        return self.likelihood.inner

    def corrected(self, raw_BCHW: Tensor, x_BCHW: Tensor) -> Tensor:
        """The decoder's output with what the earlier pixels of x add to it."""
        _check_size(raw_BCHW)
        both_BDHW = torch.cat([x_BCHW, raw_BCHW], 1)
        told_BFHW = F.conv2d(both_BDHW, self._weight(x_BCHW.shape[1]), self.seen_by.bias, padding=self.reach)
        return self._refined(raw_BCHW, told_BFHW)

    def mean(self, raw_B___: Tensor) -> Tensor:
        _check_size(raw_B___)
        r, (c, height, width) = self.reach, raw_B___.shape[1:]
        of_x, of_raw = self._weight(c).split(c, 1)
        told_BFHW = F.conv2d(raw_B___, of_raw, self.seen_by.bias, padding=r)
        x_BChw = F.pad(torch.zeros_like(raw_B___), (r, r, r, r))
        for i in range(height):
            for j in range(width):
                near_BChw = x_BChw[:, :, i : i + 2 * r + 1, j : j + 2 * r + 1]
                told_BF11 = told_BFHW[:, :, i : i + 1, j : j + 1] + F.conv2d(near_BChw, of_x)
                raw_BC11 = self._refined(raw_B___[:, :, i : i + 1, j : j + 1], told_BF11)
                x_BChw[:, :, i + r, j + r] = self.likelihood.mean(raw_BC11)[:, :, 0, 0]
        return x_BChw[:, :, r : r + height, r : r + width]

    def _weight(self, channels: int) -> Tensor:
        """The first convolution's, without what would see a pixel itself or later ones."""
        earlier = torch.ones_like(self.seen_by.weight)
        earlier[:, :channels, self.reach, self.reach :] = 0
        earlier[:, :channels, self.reach + 1 :] = 0
        return self.seen_by.weight * earlier

    def _refined(self, raw_BCHW: Tensor, told_BFHW: Tensor) -> Tensor:
        step_BCHW: Tensor = self.step(F.relu(self.mix(F.relu(told_BFHW))))
        return raw_BCHW + step_BCHW


def _check_size(raw_BCHW: Tensor) -> None:
    height, width = raw_BCHW.shape[2:]
    if height * width > MOST_PIXELS:
        raise InputError(
            f"pictures of {height}x{width} pixels are too large to be made pixel by pixel: scale them to at most "
            f"{MOST_PIXELS:,}, as with --size 128x128"
        )
