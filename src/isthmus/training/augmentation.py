"""Other views of the same picture.

Legend: B rows of the batch, C x H x W a picture.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad


def shift_pictures(x_BCHW: Tensor, pixels: int) -> Tensor:
    """Each picture moved by up to `pixels` each way, its own way; the edge is repeated."""
    rows, _, height, width = x_BCHW.shape
    padded = pad(x_BCHW, (pixels,) * 4, mode="replicate")
    down_B, right_B = torch.randint(0, 2 * pixels + 1, (2, rows), device=x_BCHW.device)
    at_BH = down_B[:, None] + torch.arange(height, device=x_BCHW.device)
    at_BW = right_B[:, None] + torch.arange(width, device=x_BCHW.device)
    each_B = torch.arange(rows, device=x_BCHW.device)
    moved_BHWC = padded.permute(0, 2, 3, 1)[each_B[:, None, None], at_BH[:, :, None], at_BW[:, None, :]]
    return moved_BHWC.permute(0, 3, 1, 2)


def turn_pictures(x_BCHW: Tensor) -> Tensor:
    """Each picture mirrored left to right, top to bottom and, if it is square, along its diagonal, by coins' falls."""
    x_BCHW = torch.where(_coins(x_BCHW), x_BCHW.flip(-1), x_BCHW)
    x_BCHW = torch.where(_coins(x_BCHW), x_BCHW.flip(-2), x_BCHW)
    square = x_BCHW.shape[-1] == x_BCHW.shape[-2]
    return torch.where(_coins(x_BCHW), x_BCHW.transpose(-1, -2), x_BCHW) if square else x_BCHW


def _coins(x_BCHW: Tensor) -> Tensor:
    return torch.rand(len(x_BCHW), 1, 1, 1, device=x_BCHW.device) < 0.5
