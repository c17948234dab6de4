"""A mask's edges belong where the picture has some.

Legend: B rows of the batch, C x H x W a picture.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.checks import check_positive
from isthmus.parts.terms import Steady
from isthmus.parts.trip import Trip

if TYPE_CHECKING:
    from isthmus.model import Model


class EdgeContrast(Steady):
    """strength x sum over neighbouring pixels i, j and channels of |m_i - m_j| exp(-|x_i - x_j|^2 / contrast^2).

    m is the mask that comes out, from 0 to 1, and |x_i - x_j|^2 the mean over channels of the squared difference of
    what the encoder sees; neighbours are beside or below each other. So a step of the mask costs nothing where the
    picture steps by much more than `contrast`, and `strength` for each pixel of its length where the picture is even.

    Parameters
    ----------
    strength : float
    contrast : float
        In units of which white is 1.

    References
    ----------
    Boykov & Jolly, "Interactive graph cuts for optimal boundary & region segmentation of objects in N-D images", ICCV
    2001, equation 3, of which this is the relaxation to masks between 0 and 1.
    """

    def __init__(self, strength: float, contrast: float = 0.1) -> None:
        super().__init__(strength)
        self.contrast = check_positive("contrast", contrast)

    def for_rows(self, shape: tuple[int, ...]) -> "EdgeContrast":
        if len(shape) != 3:
            raise InputError(f"edges are of pictures; rows of these data have the shape {tuple(shape)}: leave them out")
        return self

    def forward(self, model: "Model", trip: Trip) -> Tensor:
        mask_BCHW = model.likelihood.mean(trip.raw_B___)
        seen_BCHW = trip.seen_B___[:, : mask_BCHW.shape[1]]
        return torch.stack([self._along(axis, mask_BCHW, seen_BCHW) for axis in (-2, -1)]).sum(0)

    def _along(self, axis: int, mask_BCHW: Tensor, seen_BCHW: Tensor) -> Tensor:
        """The sum over neighbours along rows or columns, (B,)."""
        contrast_B1HW = seen_BCHW.diff(dim=axis).square().mean(1, keepdim=True)
        even_B1HW = (-contrast_B1HW / self.contrast**2).exp()
        return (mask_BCHW.diff(dim=axis).abs() * even_B1HW).flatten(1).sum(-1)
