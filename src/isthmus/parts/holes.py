"""What hides parts of a picture, and tells which.

Legend: B rows of the batch, C x H x W a picture, S strokes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.names import nearest
from isthmus.parts.checks import check_share
from isthmus.parts.corruptions import GREY, Corruption

SIDES = (0.15, 0.5)
"""Of a patch, as shares of the picture's."""
SHARES = (0.1, 0.8)
"""Of the pixels that are hidden one by one."""
STROKES = 6
RADIUS = (1.0, 0.06)
"""Of a stroke: at least this in pixels, and at most so much more as a share of the picture's smaller side."""


class Holes(Corruption):
    """Puts grey over a part of each picture and tells which: what the encoder sees has one channel more, 1 there.

    By lot it is a rectangle, single pixels or strokes of a pen, for what is learned of holes of one shape alone serves
    no other (Pathak et al., "Context encoders", CVPR 2016, section 3.3; strokes: Liu et al., ECCV 2018).

    Parameters
    ----------
    kinds : sequence of {"patch", "pixels", "scribbles"}
        Which are drawn, each as often as any other.
    told : bool
        False for networks that take pictures alone: there is no channel more then.
    share : float
        Of the pictures, how many have a hole.
    """

    def __init__(
        self, kinds: Sequence[str] = ("patch", "pixels", "scribbles"), told: bool = True, share: float = 1.0
    ) -> None:
        super().__init__()
        self.told, self.share = told, check_share("share", share)
        for kind in kinds:
            if kind not in KINDS:
                raise InputError(f"holes of kind {kind!r}: {nearest(str(kind), KINDS)}")
        if not kinds:
            raise InputError(f"holes of no kind: give one or more of {', '.join(KINDS)}")
        self.kinds = tuple(kinds)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if x_BCHW.dim() != 4:
            raise InputError("holes are for pictures; these data are none: use corruption 'masking'")
        rows, _, height, width = x_BCHW.shape
        hidden_B1HW = self.draw(rows, height, width, x_BCHW.device)[:, None]
        if self.share < 1:
            hidden_B1HW = hidden_B1HW & (torch.rand(rows, 1, 1, 1, device=x_BCHW.device) < self.share)
        seen_BCHW = torch.where(hidden_B1HW & ~x_BCHW.isnan(), GREY, x_BCHW)
        return torch.cat([seen_BCHW, hidden_B1HW.to(x_BCHW.dtype)], 1) if self.told else seen_BCHW

    def draw(self, rows: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
        """Which pixels of so many pictures are hidden: true and false, (B, H, W)."""
        which_B = torch.randint(0, len(self.kinds), (rows,), device=device)
        hidden_BHW = torch.zeros(rows, height, width, dtype=torch.bool, device=device)
        for i, kind in enumerate(self.kinds):
            these_B = which_B == i
            hidden_BHW[these_B] = KINDS[kind](int(these_B.sum()), height, width, device)
        return hidden_BHW


def _between(low: float, high: float, *shape: int, device: torch.device | str) -> Tensor:
    return low + (high - low) * torch.rand(*shape, device=device)


def _patch(rows: int, height: int, width: int, device: torch.device | str) -> Tensor:
    down_BH, across_BW = (_covered(rows, side, device) for side in (height, width))
    return down_BH[:, :, None] & across_BW[:, None, :]


def _covered(rows: int, side: int, device: torch.device | str) -> Tensor:
    """Which of `side` places lie under a patch, at least one, (B, side)."""
    length_B1 = (side * _between(*SIDES, rows, 1, device=device)).round().clamp_min(1)
    first_B1 = (torch.rand(rows, 1, device=device) * (side + 1 - length_B1)).floor()
    place_1S = torch.arange(side, device=device)[None]
    return (place_1S >= first_B1) & (place_1S < first_B1 + length_B1)


def _pixels(rows: int, height: int, width: int, device: torch.device | str) -> Tensor:
    return torch.rand(rows, height, width, device=device) < _between(*SHARES, rows, 1, 1, device=device)


def _scribbles(rows: int, height: int, width: int, device: torch.device | str) -> Tensor:
    """What lies within a radius of one to six straight strokes, whose ends are anywhere."""
    down_H1, right_W = (torch.arange(float(side), device=device) for side in (height, width))
    down_H1 = down_H1[:, None]
    y_BS11, x_BS11, to_y_BS11, to_x_BS11 = (
        (side - 1) * torch.rand(rows, STROKES, 1, 1, device=device) for side in (height, width, height, width)
    )
    dy_BS11, dx_BS11 = to_y_BS11 - y_BS11, to_x_BS11 - x_BS11
    # where along the stroke the nearest of its points lies
    share_BSHW = (down_H1 - y_BS11) * dy_BS11 + (right_W - x_BS11) * dx_BS11
    share_BSHW = (share_BSHW / (dy_BS11**2 + dx_BS11**2).clamp_min(1e-6)).clamp(0, 1)
    away_BSHW = (down_H1 - y_BS11 - share_BSHW * dy_BS11) ** 2 + (right_W - x_BS11 - share_BSHW * dx_BS11) ** 2
    radius_B111 = RADIUS[0] + RADIUS[1] * min(height, width) * torch.rand(rows, 1, 1, 1, device=device)
    count_B111 = torch.randint(1, STROKES + 1, (rows, 1, 1, 1), device=device)
    drawn_BS11 = torch.arange(STROKES, device=device)[:, None, None] < count_B111
    return ((away_BSHW <= radius_B111**2) & drawn_BS11).any(1)


KINDS = {"patch": _patch, "pixels": _pixels, "scribbles": _scribbles}
