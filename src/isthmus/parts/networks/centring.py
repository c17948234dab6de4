"""What all rows have in common says nothing of one of them, and is taken away before a network reads it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Centring(nn.Module):
    """x - mean, the mean of rows learned from: a picture's pixels are never negative, and with inputs of one sign all
    weights of a unit can only rise or fall together (LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998, 4.3).

    Parameters
    ----------
    shape : sequence of int
        Of the mean; an axis of length 1 is averaged over, for networks that treat all places alike.
    """

    mean___: Tensor

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("mean___", torch.zeros(tuple(shape)))

    def forward(self, x_B___: Tensor) -> Tensor:
        return x_B___ - self.mean___

    def learn(self, x_B___: Tensor) -> None:
        """Take the mean of these rows, (B, *shape of a row); missing cells don't count."""
        alike = [i for i, length in enumerate(self.mean___.shape) if length == 1]
        mean___ = x_B___.double().nanmean(dim=[0, *(i + 1 for i in alike)], keepdim=True)[0]
        self.mean___.copy_(mean___.nan_to_num(nan=0.0))


def centre(network: nn.Module, x_B___: Tensor) -> None:
    """Let every `Centring` of a network learn from these rows."""
    for part in network.modules():
        if isinstance(part, Centring):
            part.learn(x_B___)
