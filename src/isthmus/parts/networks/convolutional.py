"""Convolutional bodies, for pictures of any size, odd ones too, and any number of channels.

Legend: B rows of the batch, Z code values, H encoder outputs, C x H x W a picture.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.networks.centring import Centring
from isthmus.parts.networks.dense import activation_of, check_widths
from isthmus.parts.spec import Part


def _sizes(height: int, width: int, stages: int) -> list[tuple[int, int]]:
    """The picture's size before the first stage and after each: every stage halves it, rounding up."""
    sizes = [(height, width)]
    for _ in range(stages):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def _check(shape: Sequence[int], widths: Sequence[int]) -> None:
    check_widths("picture's shape", shape)
    check_widths("hidden", widths)
    if len(shape) != 3 or not widths:
        raise InputError(f"a convolutional network takes pictures (channels, height, width), not {tuple(shape)}")


class ConvEncoder(Part):
    """Stages of a 4x4 convolution of stride 2 and an activation, then one linear layer to h.

    Parameters
    ----------
    shape : (channels, height, width)
    outputs : int
        Length of h.
    widths : sequence of int
        Channels after each stage.
    centred : bool
        Whether each channel's mean is taken away first; see `Centring`.
    """

    def __init__(
        self,
        shape: Sequence[int],
        outputs: int,
        widths: Sequence[int] = (32, 64, 128),
        activation: str = "silu",
        condition_dim: int = 0,
        centred: bool = False,
    ) -> None:
        super().__init__()
        _check(shape, widths)
        self.centring = Centring((shape[0], 1, 1)) if centred else None
        stages: list[nn.Module] = []
        for wide_in, wide_out in zip([shape[0], *widths[:-1]], widths, strict=True):
            # an even side s gives s/2; an odd one needs the extra row that padding adds
            stages += [_PadToEven(), nn.Conv2d(wide_in, wide_out, 4, 2, 1), activation_of(activation)]
        self.stages = nn.Sequential(*stages)
        height, width = _sizes(shape[1], shape[2], len(widths))[-1]
        self.to_code = nn.Linear(widths[-1] * height * width + condition_dim, outputs)

    def forward(self, x_BCHW: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        features_BF = self.stages(x_BCHW if self.centring is None else self.centring(x_BCHW)).flatten(1)
        if condition_BC is not None:
            features_BF = torch.cat([features_BF, condition_BC], -1)
        h_BH: Tensor = self.to_code(features_BF)
        return h_BH


class _PadToEven(nn.Module):
    """Repeats the last row or column of a picture whose side is odd."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        odd_h, odd_w = x_BCHW.shape[-2] % 2, x_BCHW.shape[-1] % 2
        return nn.functional.pad(x_BCHW, (0, odd_w, 0, odd_h), mode="replicate") if odd_h or odd_w else x_BCHW


class ConvDecoder(Part):
    """The mirror of `ConvEncoder`: a linear layer, then stages of a 4x4 transposed convolution of stride 2.

    Each stage doubles the sides and is cut to the size that the encoder had there.
    """

    def __init__(
        self,
        latent_dim: int,
        shape: Sequence[int],
        widths: Sequence[int] = (32, 64, 128),
        activation: str = "silu",
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        _check(shape, widths)
        self.sizes = _sizes(shape[1], shape[2], len(widths))[::-1]
        self.start = (widths[-1], *self.sizes[0])
        self.from_code = nn.Linear(latent_dim + condition_dim, widths[-1] * self.sizes[0][0] * self.sizes[0][1])
        self.activations = nn.ModuleList(activation_of(activation) for _ in widths)
        outputs = [*widths[::-1][1:], shape[0]]
        self.stages = nn.ModuleList(
            nn.ConvTranspose2d(wide_in, wide_out, 4, 2, 1)
            for wide_in, wide_out in zip(widths[::-1], outputs, strict=True)
        )

    def forward(self, z_BZ: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        if condition_BC is not None:
            z_BZ = torch.cat([z_BZ, condition_BC], -1)
        x_BCHW: Tensor = self.from_code(z_BZ).unflatten(-1, self.start)
        steps = zip(self.activations, self.stages, self.sizes[1:], strict=True)
        for activation, stage, (height, width) in steps:
            x_BCHW = stage(activation(x_BCHW))[..., :height, :width]
        return x_BCHW
