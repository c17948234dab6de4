"""What the input suffers in training before the encoder sees it; the target stays clean.

A missing cell (NaN) stays missing under every corruption, for noise must not tell the encoder what nobody knows.

Legend: `___` the shape of one prepared row, C x H x W that of a picture.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.checks import check_not_negative, check_positive, check_share, check_whole
from isthmus.parts.scaling import LARGEST, enlarged, reduced, told_factor
from isthmus.parts.spec import Part

GREY = 0.5
EXTREMES = {"picture": (0.0, 1.0), "row": (-2.0, 2.0)}
"""Pepper and salt: black and white, and where cells are standardised two standard deviations below and above."""


class Corruption(Part):
    """The slot: `forward` makes what is seen of rows; one that asks back something else than these overrides `pair`."""

    def pair(self, x_B___: Tensor) -> tuple[Tensor, Tensor]:
        """What is asked back of rows, the rows themselves, and what is seen of them."""
        return x_B___, self(x_B___)


def _put(x_B___: Tensor, hit_B___: Tensor, value: Tensor | float) -> Tensor:
    """`value` where hit, unless the cell is missing."""
    put_B___ = torch.as_tensor(value, dtype=x_B___.dtype, device=x_B___.device)
    return torch.where(hit_B___ & ~x_B___.isnan(), put_B___, x_B___)


class GaussianNoise(Corruption):
    """Adds N(0, std^2) to every cell, in prepared units (Vincent et al., ICML 2008)."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = check_not_negative("std", std)

    def forward(self, x_B___: Tensor) -> Tensor:
        return x_B___ + self.std * torch.randn_like(x_B___)


class ToldNoise(Corruption):
    """Adds N(0, level^2) to every cell of a picture and tells the level, drawn anew for each picture.

    What the encoder sees has one channel more, the level of each pixel (Zhang, Zuo & Zhang, "FFDNet", IEEE TIP 2018).

    Parameters
    ----------
    low, high : float
        Between them levels are drawn evenly, in prepared units: where white is 1, 25/255 is a level of 25.
    """

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = check_not_negative("low", low), check_positive("high", high)
        if low > high:
            raise InputError(f"noise from {low:g} to {high:g}: give the lower level first")

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if x_BCHW.dim() != 4:
            raise InputError("noise of a told level is for pictures; these data are none: use corruption 'gaussian'")
        level_B111 = self.low + (self.high - self.low) * torch.rand_like(x_BCHW[:, :1, :1, :1])
        noisy_BCHW = x_BCHW + level_B111 * torch.randn_like(x_BCHW)
        return torch.cat([noisy_BCHW, level_B111.expand(-1, 1, *x_BCHW.shape[2:])], 1)


class Masking(Corruption):
    """Sets each cell to 0 with probability `share`: black, or a standardised column's mean (Vincent et al., 2008)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = check_share("share", share)

    def forward(self, x_B___: Tensor) -> Tensor:
        return _put(x_B___, torch.rand_like(x_B___) < self.share, 0.0)


class SaltAndPepper(Corruption):
    """Sets each cell, with probability `share`, to its least or its greatest value by a coin's fall.

    These are 0 and 1 in a picture, -2 and 2 in a table, whose columns are standardised and have no bounds (Vincent
    et al., "Stacked denoising autoencoders", JMLR 2010).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = check_share("share", share)

    def forward(self, x_B___: Tensor) -> Tensor:
        low, high = EXTREMES["picture" if x_B___.dim() == 4 else "row"]
        coin_B___ = torch.rand_like(x_B___)  # NaN-free, whatever x holds
        value_B___ = torch.where(coin_B___ < self.share / 2, low, high).to(x_B___.dtype)
        return _put(x_B___, coin_B___ < self.share, value_B___)


class Thinning(Corruption):
    """Takes each single item of a count away with probability `share`: x -> Binomial(x, 1 - share).

    What is left of a Poisson count is Poisson, and independent of what was taken, so that the row's own noise can't
    be copied (count splitting: Neufeld et al., "Inference after latent variable estimation", Biostatistics 2024).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = check_share("share", share)

    def forward(self, x_B___: Tensor) -> Tensor:
        kept_B___ = torch.binomial(x_B___.nan_to_num(nan=0.0), torch.full_like(x_B___, 1 - self.share))
        return torch.where(x_B___.isnan(), x_B___, kept_B___)


class GreyPatch(Corruption):
    """Covers a rectangle of each picture with grey, 0.5, at a random place; its sides are `share` of the picture's.

    Blocks rather than single pixels must be filled in from afar (Pathak et al., "Context encoders", CVPR 2016).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = check_share("share", share)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if x_BCHW.dim() != 4:
            raise InputError("corruption 'patches' covers a part of a picture; these data are none: use 'masking'")
        rows_BH, columns_BW = (self._covered(x_BCHW, side) for side in x_BCHW.shape[2:])
        return _put(x_BCHW, (rows_BH[:, :, None] & columns_BW[:, None, :])[:, None], GREY)

    def _covered(self, x_BCHW: Tensor, side: int) -> Tensor:
        """Which of `side` places lie under the patch, (B, side)."""
        length = round(self.share * side)
        first_B1 = torch.randint(0, side - length + 1, (len(x_BCHW), 1), device=x_BCHW.device)
        place_1S = torch.arange(side, device=x_BCHW.device)[None]
        return (place_1S >= first_B1) & (place_1S < first_B1 + length)


class Downscaling(Corruption):
    """Takes away what a smaller picture doesn't hold: made smaller by a whole factor, and enlarged to its size again.

    Both by bicubic interpolation, see `isthmus.parts.scaling`. What the encoder sees has one channel more, which tells
    the factor as 1 - 1/factor; that, the restored picture's difference from the enlarged one, is learned (Kim, Lee &
    Lee, "Accurate image super-resolution using very deep convolutional networks", CVPR 2016, for several factors too).

    Parameters
    ----------
    factors : sequence of int
        One of these, from 2 to 4, is drawn for each picture.
    """

    def __init__(self, factors: Sequence[int]) -> None:
        super().__init__()
        self.factors = tuple(check_whole("factor", factor, 2, LARGEST) for factor in factors)
        if not self.factors:
            raise InputError("factors=(): give one or more, from 2 to 4")

    def forward(self, x_BCHW: Tensor) -> Tensor:
        self._check(x_BCHW.shape[2:])
        drawn_B = torch.randint(len(self.factors), (len(x_BCHW),), device=x_BCHW.device)
        seen_BCHW = torch.cat([x_BCHW, torch.zeros_like(x_BCHW[:, :1])], 1)
        for i, factor in enumerate(self.factors):
            here_B = drawn_B == i
            if here_B.any():
                blurred_bCHW = enlarged(reduced(x_BCHW[here_B], factor), factor)
                seen_BCHW[here_B] = told_factor(blurred_bCHW, factor)
        return seen_BCHW

    def _check(self, sides: Sequence[int]) -> None:
        if len(sides) != 2:
            raise InputError("downscaling is for pictures; these data are none")
        for factor in self.factors:
            if any(side % factor for side in sides):
                size = "x".join(map(str, sides))
                raise InputError(f"pictures of {size} can't be made {factor} times smaller: give multiples of {factor}")
