"""Networks that look at pictures and whose features say how alike two pictures are.

All are convolutional throughout, so that they take pictures of any size.

Legend: B rows of the batch, C x H x W a picture.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.checks import check_not_negative
from isthmus.parts.networks.dense import check_widths
from isthmus.parts.spec import Part

WIDTHS = (32, 64, 128)


class Stages(nn.Module):
    """Stages of a 4x4 convolution of stride 2, a norm over the picture, and a leaky ReLU; gives back all of them.

    Each halves the sides, rounding up. The norm (GroupNorm with one group and no weights: Wu & He, ECCV 2018) keeps
    features of one size however the weights grow, so that distances between them stay comparable.
    """

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        check_widths("a judge's channels", [channels, *widths])
        if not widths:
            raise InputError("a judge of pictures has one stage or more")
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(wide_in, wide_out, 4, 2, 1), nn.GroupNorm(1, wide_out, affine=False), nn.LeakyReLU(0.2)
            )
            for wide_in, wide_out in zip([channels, *widths[:-1]], widths, strict=True)
        )

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        features = []
        for stage in self.stages:
            x_BCHW = stage(_evened(x_BCHW))
            features.append(x_BCHW)
        return features


def _evened(x_BCHW: Tensor) -> Tensor:
    """The picture with its last row or column repeated where a side is odd."""
    odd_h, odd_w = x_BCHW.shape[-2] % 2, x_BCHW.shape[-1] % 2
    return nn.functional.pad(x_BCHW, (0, odd_w, 0, odd_h), mode="replicate") if odd_h or odd_w else x_BCHW


class Judge(Part, ABC):
    """The slot: a network from pictures to a list of features, that learns from the same pictures."""

    @abstractmethod
    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        """Features of every picture, a tensor (B, ...) for each layer that counts."""

    @abstractmethod
    def own_loss(self, x_BCHW: Tensor) -> Tensor:
        """What the judge makes small while it learns, a scalar."""


class DenoisingJudge(Judge):
    """A small denoising autoencoder: what it must know to take noise away makes its features worth comparing.

    Its features tell strokes from speckle without labels (Vincent et al., JMLR 2010).

    Parameters
    ----------
    channels : int
        Of the pictures.
    widths : sequence of int
        Channels after each of its stages.
    noise : float
        Standard deviation of the noise it learns to take away, in prepared units (0 to 1).
    """

    def __init__(self, channels: int, widths: Sequence[int] = WIDTHS, noise: float = 0.5) -> None:
        super().__init__()
        self.down, self.noise = Stages(channels, widths), check_not_negative("noise", noise)
        ends = [channels, *widths[:-1]]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(wide_in, wide_out, 4, 2, 1)
            for wide_in, wide_out in zip(widths[::-1], ends[::-1], strict=True)
        )

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        features: list[Tensor] = self.down(x_BCHW)
        return features

    def clean(self, x_BCHW: Tensor) -> Tensor:
        """The pictures without their noise."""
        features: list[Tensor] = self.down(x_BCHW)
        sizes = [x_BCHW.shape[-2:], *(layer.shape[-2:] for layer in features)][-2::-1]
        out_BCHW = features[-1]
        for index, (stage, (height, width)) in enumerate(zip(self.up, sizes, strict=True)):
            out_BCHW = stage(nn.functional.leaky_relu(out_BCHW, 0.2) if index else out_BCHW)[..., :height, :width]
        return out_BCHW

    def own_loss(self, x_BCHW: Tensor) -> Tensor:
        noisy_BCHW = x_BCHW + self.noise * torch.randn_like(x_BCHW)
        error_BCHW: Tensor = self.clean(noisy_BCHW) - x_BCHW
        loss: Tensor = error_BCHW.square().mean()
        return loss


class Discriminator(Part):
    """Real pictures from made ones: a logit, and the features it goes by (Larsen et al., ICML 2016).

    The logit is read off the mean of the last stage's features over the picture.
    """

    def __init__(self, channels: int, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.stages = Stages(channels, widths)
        self.verdict = nn.Linear(widths[-1], 1)

    def forward(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """The logit (B,) that a picture is real, and the last stage's features."""
        features = self.stages(x_BCHW)[-1]
        logit_B: Tensor = self.verdict(features.mean((-2, -1)))[:, 0]
        return logit_B.to(x_BCHW.dtype), features


def feature_distance(layers: Sequence[Tensor], others: Sequence[Tensor]) -> Tensor:
    """Sum over layers of the mean squared difference of features / 2, for every row, shape (B,).

    Hou et al., "Deep feature consistent variational autoencoder", WACV 2017, equations 2 and 3.
    """
    pairs = zip(layers, others, strict=True)
    distances = [0.5 * (one.float() - other.float()).square().flatten(1).mean(-1) for one, other in pairs]
    return torch.stack(distances).sum(0)
