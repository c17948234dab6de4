"""Other views of the same picture or melody.

Legend: B rows of the batch, C x H x W a picture; T steps of a melody, K what each can be: rest, hold, P pitches.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

NO_PITCHES = 2
"""Places of a step before those of pitches: rest and hold."""


def transpose_melodies(x_BTK: Tensor, semitones: int) -> Tensor:
    """Each melody moved up or down by up to so many semitones, its own way, as far as the pitches go."""
    found_BP = x_BTK[..., NO_PITCHES:].amax(1) > 0
    pitches, below_B = found_BP.shape[1], found_BP.int().argmax(1)
    above_B = found_BP.flip(1).int().argmax(1)
    asked_B = torch.randint(-semitones, semitones + 1, (len(x_BTK),), device=x_BTK.device)
    up_B = torch.minimum(torch.maximum(asked_B, -below_B), above_B)
    from_BP = (torch.arange(pitches, device=x_BTK.device) - up_B[:, None]) % pitches
    from_BTP = (from_BP + NO_PITCHES)[:, None].expand(-1, x_BTK.shape[1], -1)
    return torch.cat([x_BTK[..., :NO_PITCHES], x_BTK.gather(2, from_BTP)], -1)


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
