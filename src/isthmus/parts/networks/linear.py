"""Bodies of one layer that mean something by themselves: a transposed encoder, a choice of inputs.

Legend: B rows of the batch, F features of a flattened row, K = Z code values, C condition values, `___` a row's shape.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.networks.dense import Dense, check_widths
from isthmus.parts.spec import Annealed, EncoderReader, Part


class TiedLinear(EncoderReader):
    """The decoder W'z + c of the encoder Wx + b: one matrix for both ways, and so few weights.

    With squared errors the rows of W span the subspace of the first principal components (Baldi & Hornik, Neural
    Networks 1989).

    Parameters
    ----------
    outputs : sequence of int
        Shape of one row.

    Raises
    ------
    InputError
        If the encoder isn't a single dense layer for rows of this shape.
    """

    def __init__(self, outputs: Sequence[int]) -> None:
        super().__init__()
        check_widths("outputs", outputs)
        self.outputs, self.features = tuple(outputs), math.prod(outputs)
        self.offset = nn.Parameter(torch.zeros(self.features))

    def read(self, encoder: Part) -> None:
        layers = list(encoder.layers) if isinstance(encoder, Dense) else []
        if not (len(layers) == 1 and isinstance(layers[0], nn.Linear) and layers[0].in_features >= self.features):
            raise InputError("tied weights take an encoder of one dense layer: leave `hidden` empty, network='dense'")
        super().read(encoder)

    def forward(self, z_BZ: Tensor, condition_BC: Tensor | None = None) -> Tensor:  # noqa: ARG002
        # further columns of W belong to the marks of missing cells and to conditions, which are not given back
        weight_ZF: Tensor = self.__dict__["encoder"].layers[0].weight[:, : self.features]
        return (z_BZ @ weight_ZF + self.offset).reshape(-1, *self.outputs)


class Selector(Annealed):
    """Each code value is one of the inputs; training finds out which (concrete autoencoder, Balin et al., 2019).

    In training value k is sum over f of m_kf x_f, with m_k drawn from a concrete distribution: softmax((logits_k +
    Gumbel noise) / temperature), one draw a batch. The temperature falls from `start` to `end` along a geometric
    curve, and m_k hardens to a single input. In evaluation it is the likeliest one. Two values may choose the same.

    Parameters
    ----------
    inputs : sequence of int
        Shape of one row.
    outputs : int
        How many inputs are chosen.
    start, end : float
        Temperatures.

    References
    ----------
    Balin, Abid & Zou, "Concrete autoencoders", ICML 2019.
    """

    GAIN = 10.0
    """Logits are stored divided by it: they must travel far, and an optimiser's steps are all of one size."""

    def __init__(self, inputs: Sequence[int], outputs: int, start: float = 10.0, end: float = 0.01) -> None:
        super().__init__()
        check_widths("inputs", inputs)
        check_widths("outputs", (outputs,))
        if not 1e-4 <= end <= start <= 1e4:
            raise InputError(f"start={start}, end={end}: temperatures fall, from at most 10,000 to at least 0.0001")
        self.start, self.end, self.temperature = start, end, start
        self.logits = nn.Parameter(0.01 * torch.randn(outputs, math.prod(inputs)))

    def anneal(self, progress: float) -> None:
        self.temperature = self.start * (self.end / self.start) ** progress

    def chosen(self) -> Tensor:
        """Which input each code value is, as its place in a flattened row, (K,)."""
        return self.logits.argmax(-1)

    def forward(self, x_B___: Tensor, condition_BC: Tensor | None = None) -> Tensor:  # noqa: ARG002
        x_BF = x_B___.flatten(1)
        return x_BF @ self._drawn().to(x_BF.dtype).T if self.training else x_BF[:, self.chosen()]

    def _drawn(self) -> Tensor:
        noise_KF = torch.empty_like(self.logits).exponential_().clamp_min(1e-20).log().neg()
        return ((self.GAIN * self.logits + noise_KF) / self.temperature).softmax(-1)
