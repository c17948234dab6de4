"""What the input suffers in training before the encoder sees it; the target stays clean."""

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.spec import Part


class GaussianNoise(Part):
    """Adds N(0, std^2) to every cell, in prepared units (Vincent et al., ICML 2008)."""

    def __init__(self, std: float) -> None:
        super().__init__()
        if not std >= 0:
            raise InputError(f"std={std}: the noise's standard deviation is 0 or more")
        self.std = std

    def forward(self, x_B___: Tensor) -> Tensor:
        return x_B___ + self.std * torch.randn_like(x_B___)
