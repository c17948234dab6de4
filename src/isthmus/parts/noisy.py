"""What pictures suffer in training that are noisy themselves, while nobody knows the clean ones.

Legend: C x H x W a picture, B of them, h x w the cells of a grid upon it, K neighbours of a pixel.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from isthmus.parts.checks import check_positive, check_whole
from isthmus.parts.corruptions import Corruption

REACH = 2
"""How far away the pixel is that stands in the place of a hidden one, at most, each way."""


class BlindSpot(Corruption):
    """Hides a pixel at random in each cell of a grid, and asks for these alone: all else is NaN in what is asked back.

    If the noise of a pixel has mean 0 and is independent of its neighbours', the best guess of it from these is the
    clean pixel (Batson & Royer, "Noise2Self", ICML 2019). In its place another of the 5x5 pixels around it is seen,
    as the network is to look at pictures in which none is hidden (Krull, Buchholz & Jug, "Noise2Void", CVPR 2019).

    Parameters
    ----------
    side : int
        Of a cell: one of side^2 pixels is asked for.
    """

    def __init__(self, side: int = 4) -> None:
        super().__init__()
        self.side = check_whole("side", side, least=2)

    def pair(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        hidden_B1HW = self._hidden(x_BCHW)
        asked_BCHW = torch.where(hidden_B1HW, x_BCHW, torch.nan)
        return asked_BCHW, torch.where(hidden_B1HW, _neighbours(x_BCHW), x_BCHW)

    def _hidden(self, x_BCHW: Tensor) -> Tensor:
        """One place in each cell."""
        height, width = x_BCHW.shape[2:]
        size = (len(x_BCHW), -(-height // self.side), -(-width // self.side))
        which_Bhw = torch.randint(self.side**2, size, device=x_BCHW.device)
        cells_BKhw = F.one_hot(which_Bhw, self.side**2).permute(0, 3, 1, 2)
        return F.pixel_shuffle(cells_BKhw, self.side)[:, :, :height, :width].bool()


def _neighbours(x_BCHW: Tensor) -> Tensor:
    """For every pixel one of those around it, drawn at random; never itself."""
    side, (rows, channels, height, width) = 2 * REACH + 1, x_BCHW.shape
    which_B1HW = torch.randint(side**2 - 1, (rows, 1, height, width), device=x_BCHW.device)
    which_B1HW = which_B1HW + (which_B1HW >= side**2 // 2)  # the middle is the pixel itself
    down_H1, right_W = torch.arange(height, device=x_BCHW.device)[:, None], torch.arange(width, device=x_BCHW.device)
    row_B1HW = _moved(down_H1, which_B1HW // side - REACH, height)
    column_B1HW = _moved(right_W, which_B1HW % side - REACH, width)
    place_B1N = (row_B1HW * width + column_B1HW).flatten(2)
    return x_BCHW.flatten(2).gather(2, place_B1N.expand(-1, channels, -1)).view_as(x_BCHW)


def _moved(at: Tensor, by: Tensor, length: int) -> Tensor:
    """Places moved by so many pixels; those that would leave the picture go the other way."""
    there = at + by
    return torch.where((there >= 0) & (there < length), there, (at - by) % length)


class Recorrupted(Corruption):
    """Adds noise to a picture whose gaussian noise is of a known level, and takes the same away from what is asked.

    Seen is y + a s z, asked for y - s z / a, with z ~ N(0, I) and s the level. The noises of the two have covariance
    s^2 - s^2 = 0, and being gaussian are independent: the best guess of the one from the other is the clean picture
    (Pang, Zheng, Quan & Ji, "Recorrupted-to-Recorrupted", CVPR 2021). Unlike under a blind spot the pixel itself
    tells of itself. The level of what is seen, s (1 + a^2)^0.5, is told by one channel more.

    Parameters
    ----------
    level : float
        Standard deviation of the noise, in prepared units: where white is 1, 25/255 is a level of 25.
    share : float
        a: the smaller, the nearer what is seen is to the picture, and the noisier what is asked for.
    """

    def __init__(self, level: float, share: float = 0.5) -> None:
        super().__init__()
        self.level, self.share = check_positive("level", level), check_positive("share", share)

    @property
    def low(self) -> float:
        """The level of noise that is seen."""
        return self.level * float((1 + self.share**2) ** 0.5)

    @property
    def high(self) -> float:
        """The same: it is one level."""
        return self.low

    def pair(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        noise_BCHW = self.level * torch.randn_like(x_BCHW)
        told_B1HW = torch.full_like(x_BCHW[:, :1], self.low)
        return x_BCHW - noise_BCHW / self.share, torch.cat([x_BCHW + self.share * noise_BCHW, told_B1HW], 1)
