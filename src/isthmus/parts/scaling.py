"""Pictures made smaller and larger by whole factors; training and use have it from here, so that they agree.

Bicubic interpolation (Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 1981, with
a = -1/2), as wide as the smaller picture's pixels, which keeps the larger one's detail from turning into other detail.
Pixels are squares, so the first of the smaller picture covers the first `factor` of the larger; at the border the
weights are shared among the pixels that are there. Pillow's BICUBIC is the same.

Legend: B pictures, C x H x W one of them, h x w the smaller one.
"""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

LARGEST = 4
SUPPORT = 2
"""Pixels of the smaller picture on either side that a pixel of the larger is made from."""


def reduced(x_BCHW: Tensor, factor: int) -> Tensor:
    """Pictures `factor` times smaller, sides multiples of it, kept between 0 and 1 as any file would."""
    height, width = x_BCHW.shape[2:]
    return _resized(x_BCHW, (height // factor, width // factor)).clamp(0, 1)


def enlarged(x_BChw: Tensor, factor: int) -> Tensor:
    """Pictures `factor` times larger, which may go a little beyond 0 and 1."""
    height, width = x_BChw.shape[2:]
    return _resized(x_BChw, (height * factor, width * factor))


def told_factor(x_BCHW: Tensor, factor: int) -> Tensor:
    """Enlarged pictures and one channel more, which tells by how much; it would be 0 where nothing was enlarged."""
    return torch.cat([x_BCHW, torch.full_like(x_BCHW[:, :1], 1 - 1 / factor)], 1)


def _resized(x_BCHW: Tensor, size: tuple[int, int]) -> Tensor:
    return interpolate(x_BCHW, size, mode="bicubic", align_corners=False, antialias=True)
