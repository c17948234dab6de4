"""A body for pictures that suffered: fully convolutional, residual, at home in every size.

Legend: B rows of the batch, C x H x W a picture, F features, h x w half its sides, rounded up, E what is told there.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from isthmus.errors import InputError
from isthmus.parts.checks import check_whole
from isthmus.parts.networks.centring import Centring
from isthmus.parts.networks.dense import activation_of, check_widths
from isthmus.parts.spec import Part


class RestoringEncoder(Part):
    """What a picture is, and what of it is damage: two pictures one after the other along the channels.

    Four neighbouring pixels become channels of one at half the size (FFDNet: Zhang, Zuo & Zhang, IEEE TIP 2018), then
    come 3x3 convolutions: one in, pairs with a connection around them, one out, which together are told the level of
    noise by a channel of their own.

    Parameters
    ----------
    channels : int
        Of a picture. One channel more is the standard deviation of each pixel's noise; where it is absent that is 0.
    widths : sequence of int
        Features after each convolution but the last: the same number each time, and an odd number of times.
    activation : str
    masked : bool
        Whether the channel more is a mask instead: 1 where a pixel is hidden, nothing being hidden where it is absent.
        It is told at full size, and nothing but hidden pixels is damaged.
    """

    def __init__(
        self, channels: int, widths: Sequence[int] = (64,) * 11, activation: str = "relu", masked: bool = False
    ) -> None:
        super().__init__()
        check_widths("hidden", widths)
        if len({*widths}) != 1 or len(widths) % 2 == 0:
            raise InputError(f"hidden={tuple(widths)}: a residual network takes one width, an odd number of times")
        self.channels, self.masked, width = check_whole("channels", channels), masked, widths[0]
        self.centring = Centring((channels, 1, 1))
        self.first = nn.Conv2d(4 * channels + (4 if masked else 1), width, 3, padding=1)
        self.blocks = nn.ModuleList(_Block(width, activation) for _ in range(len(widths) // 2))
        self.last = nn.Conv2d(width, 4 * channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # so it begins by changing nothing

    @property
    def reach(self) -> int:
        """How many pixels away a pixel may matter; even."""
        return 2 * (2 * len(self.blocks) + 2) + 2

    def forward(self, seen_BCHW: Tensor, condition_BC: Tensor | None = None) -> Tensor:  # noqa: ARG002
        picture_BCHW, told_B1HW = seen_BCHW[:, : self.channels], seen_BCHW[:, self.channels :]
        if not told_B1HW.shape[1]:
            told_B1HW = torch.zeros_like(picture_BCHW[:, :1])
        damage_BCHW = self._damage(picture_BCHW, told_B1HW)
        return torch.cat([picture_BCHW, damage_BCHW * told_B1HW if self.masked else damage_BCHW], 1)

    def _damage(self, picture_BCHW: Tensor, told_B1HW: Tensor) -> Tensor:
        height, width = picture_BCHW.shape[2:]
        padding = (0, width % 2, 0, height % 2)
        even_BCHW = F.pad(self.centring(picture_BCHW), padding, mode="replicate")
        if self.masked:
            told_BEhw = F.pixel_unshuffle(F.pad(told_B1HW, padding, mode="replicate"), 2)
        else:
            told_BEhw = told_B1HW[:, :, ::2, ::2]
        features_BFhw = self.first(torch.cat([F.pixel_unshuffle(even_BCHW, 2), told_BEhw], 1))
        for block in self.blocks:
            features_BFhw = block(features_BFhw)
        with torch.autocast(features_BFhw.device.type, enabled=False):  # bfloat16 would leave steps in smooth places
            damage_BChw = self.last(features_BFhw.to(self.last.weight.dtype))
        return F.pixel_shuffle(damage_BChw, 2)[:, :, :height, :width]


class _Block(nn.Module):
    """Two convolutions and a connection around them, the activation before each (He et al., ECCV 2016)."""

    def __init__(self, width: int, activation: str) -> None:
        super().__init__()
        self.activation = activation_of(activation)
        self.one, self.two = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, features_BFhw: Tensor) -> Tensor:
        inner_BFhw = self.one(self.activation(features_BFhw))
        changed_BFhw: Tensor = features_BFhw + self.two(self.activation(inner_BFhw))
        return changed_BFhw


class Difference(Part):
    """The first half of the channels less the second: what was seen less what of it was damage."""

    def forward(self, z_BEHW: Tensor, condition_BC: Tensor | None = None) -> Tensor:  # noqa: ARG002
        seen_BCHW, damage_BCHW = z_BEHW.chunk(2, 1)
        return seen_BCHW - damage_BCHW


class OneMask(Part):
    """The mean of the second half of the channels, as each of them: the logit that a pixel is of the object.

    A mask of one channel is learned as so many as the picture has, which are alike.
    """

    def forward(self, z_BEHW: Tensor, condition_BC: Tensor | None = None) -> Tensor:  # noqa: ARG002
        _, told_BCHW = z_BEHW.chunk(2, 1)
        return told_BCHW.mean(1, keepdim=True).expand_as(told_BCHW)
