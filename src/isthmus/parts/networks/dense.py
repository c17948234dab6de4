"""Fully connected bodies, for rows of any shape.

Legend: B rows of the batch, I inputs of a row once flattened, C condition values, `___` the shape of one row.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.networks.centring import Centring
from isthmus.parts.spec import Part

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU, "elu": nn.ELU, "tanh": nn.Tanh,
}  # fmt: skip
MOST_LAYERS = 256


def activation_of(name: str) -> nn.Module:
    """The activation of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in ACTIVATIONS:
        raise InputError(f"activation={name!r}: choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]()


def check_widths(name: str, widths: Sequence[int]) -> None:
    """Raise InputError unless every width is a positive whole number and there are not absurdly many."""
    if len(widths) > MOST_LAYERS or not all(isinstance(w, int) and w >= 1 for w in widths):
        raise InputError(f"{name}={list(widths)[:8]}: give positive whole numbers, at most {MOST_LAYERS}")


class Dense(Part):
    """Flatten, layers of the given widths with an activation after each but the last, reshape.

    Serves as encoder (row -> h) and as decoder (code -> row).

    Parameters
    ----------
    inputs, outputs : sequence of int
        Shape of one row on either side.
    hidden : sequence of int
        Widths of the hidden layers; empty makes the map affine.
    activation : str
        Name of the squashing function.
    condition_dim : int
        Length of the condition vector appended to the input; 0 for none.
    norm : bool
        Whether a layer norm (Ba, Kiros & Hinton 2016) stands before each activation.
    missing : bool
        Whether cells may be NaN. They are then read as 0 (the mean of a standardised column) and a second set of
        inputs says which were missing.
    centred : bool
        Whether what rows have in common is taken away first; see `Centring`.
    """

    def __init__(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int],
        hidden: Sequence[int] = (),
        activation: str = "silu",
        condition_dim: int = 0,
        missing: bool = False,
        norm: bool = False,
        centred: bool = False,
    ) -> None:
        super().__init__()
        for name, widths in (("inputs", inputs), ("outputs", outputs), ("hidden", hidden)):
            check_widths(name, widths)
        self.outputs, self.missing = tuple(outputs), missing
        self.centring = Centring(inputs) if centred else None
        cells = math.prod(inputs) * (2 if missing else 1)
        widths = [cells + condition_dim, *hidden, math.prod(outputs)]
        self.layers = nn.Sequential(*_layers(widths, activation, norm))

    def forward(self, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        x_BI = (x_B___ if self.centring is None else self.centring(x_B___)).flatten(1)
        if self.missing:
            x_BI = torch.cat([x_BI.nan_to_num(nan=0.0), x_BI.isnan().to(x_BI.dtype)], -1)
        if condition_BC is not None:
            x_BI = torch.cat([x_BI, condition_BC], -1)
        raw_BO: Tensor = self.layers(x_BI)
        return raw_BO.reshape(-1, *self.outputs)


def _layers(widths: Sequence[int], activation: str, norm: bool) -> Iterator[nn.Module]:
    for index, (wide_in, wide_out) in enumerate(pairwise(widths)):
        if index:
            if norm:
                yield nn.LayerNorm(wide_in)
            yield activation_of(activation)
        yield nn.Linear(wide_in, wide_out)
