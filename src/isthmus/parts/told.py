"""What encoder and decoder are told of a row besides.

Legend: B rows of the batch, C condition values, `___` the shape of one prepared row.
"""

import torch
from torch import Tensor

from isthmus.parts.checks import check_share, check_whole
from isthmus.parts.spec import Part


class Told(Part):
    """Conditions as they are given, zeros where there are none; in training a share of them is forgotten.

    So a model learns at once what to make of a row when it knows the condition and when it doesn't, and zeros stand
    for "unknown" (as for classifier-free guidance: Ho & Salimans 2022, section 3.2).

    Parameters
    ----------
    condition_dim : int
        Length of a condition.
    drop : float
        Share of rows whose condition is replaced by zeros in training, from 0 to 1.
    """

    def __init__(self, condition_dim: int, drop: float = 0.1) -> None:
        super().__init__()
        self.condition_dim, self.drop = check_whole("condition_dim", condition_dim), check_share("drop", drop)

    def forward(self, condition_BC: Tensor | None, x_B___: Tensor) -> Tensor:
        """The conditions (B, C) of these rows."""
        if condition_BC is None:
            return x_B___.new_zeros(len(x_B___), self.condition_dim)
        if self.training and self.drop:
            kept_B1 = torch.rand(len(condition_BC), 1, device=condition_BC.device) >= self.drop
            return condition_BC * kept_B1
        return condition_BC
