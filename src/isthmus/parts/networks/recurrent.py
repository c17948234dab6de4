"""Recurrent bodies, for series of varying length whose ends are padded with NaN.

The encoder reads a series backwards, from its last known step to its first, and the decoder writes it forwards: so the
decoder gives back in the reverse of the order of reading, and what was read last is written first (Srivastava,
Mansimov & Salakhutdinov, ICML 2015).

Legend: B rows of the batch, T steps, S steps of one series, D channels of a step, Z code values, H encoder outputs.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.networks.dense import check_widths
from isthmus.parts.spec import Part

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
MOST_STEPS = 1 << 16
CLOCK = 8
"""Values that tell the decoder which step it writes."""


def _layers(cell: str, inputs: int, widths: Sequence[int]) -> nn.ModuleList:
    sizes = zip([inputs, *widths[:-1]], widths, strict=True)
    layers = [CELLS[cell](wide_in, wide_out, batch_first=True) for wide_in, wide_out in sizes]
    for layer, width in zip(layers, widths, strict=True):
        if cell == "lstm":  # begin by remembering (Jozefowicz, Zaremba & Sutskever, ICML 2015)
            with torch.no_grad():
                layer.get_parameter("bias_ih_l0")[width : 2 * width] += 1.0
    return nn.ModuleList(layers)


def _check(shape: Sequence[int], widths: Sequence[int], cell: str) -> None:
    check_widths("series' shape", shape)
    check_widths("hidden", widths)
    if len(shape) != 2 or shape[0] > MOST_STEPS:
        raise InputError(
            f"a recurrent network takes series (time, channels) of at most {MOST_STEPS:,} steps, not {tuple(shape)}: "
            "cut longer ones into windows"
        )
    if not widths:
        raise InputError("hidden=[]: a recurrent network takes one width or more")
    if cell not in CELLS:
        raise InputError(f"cell={cell!r}: choose one of {', '.join(CELLS)}")


def lengths(x_BTD: Tensor) -> Tensor:
    """Steps of every series up to its last known one, at least 1, shape (B,), on the CPU."""
    steps = x_BTD.shape[1]
    if x_BTD.is_meta:  # shapes alone are asked for
        return torch.full((len(x_BTD),), steps, device="cpu")
    known_BT = ~x_BTD.isnan().all(-1)
    count_T = torch.arange(1, steps + 1, device=x_BTD.device)
    return (known_BT * count_T).amax(-1).clamp_min(1).cpu()


class RecurrentEncoder(Part):
    """Recurrent layers over a series read backwards, then one linear layer from the last state to h.

    Series are packed by their lengths: steps beyond the last known one are never read, so the padding's length
    doesn't change a result. A gap before that is read as 0 (the mean of a standardised channel).

    Parameters
    ----------
    shape : (time, channels)
    outputs : int
        Length of h.
    widths : sequence of int
        State of each layer.
    cell : {"lstm", "gru"}
        Hochreiter & Schmidhuber (Neural Computation 1997), or Cho et al. (EMNLP 2014).
    condition_dim : int
        Length of the condition vector that joins the last state; 0 for none.
    missing : bool
        Whether values may be NaN before a series' end. A second set of inputs then says which.

    Raises
    ------
    InputError
        If the shape is no series', or cell or widths are unknown or out of range.
    """

    def __init__(
        self,
        shape: Sequence[int],
        outputs: int,
        widths: Sequence[int] = (64,),
        cell: str = "lstm",
        condition_dim: int = 0,
        missing: bool = False,
    ) -> None:
        super().__init__()
        _check(shape, widths, cell)
        self.missing = missing
        self.layers = _layers(cell, shape[1] * (2 if missing else 1), widths)
        self.to_code = nn.Linear(widths[-1] + condition_dim, outputs)

    def forward(self, x_BTD: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        last_BS = self._read(self._cells(x_BTD), lengths(x_BTD))
        if condition_BC is not None:
            last_BS = torch.cat([last_BS, condition_BC], -1)
        h_BH: Tensor = self.to_code(last_BS)
        return h_BH

    def _cells(self, x_BTD: Tensor) -> Tensor:
        known_BTD = x_BTD.nan_to_num(nan=0.0)
        return torch.cat([known_BTD, x_BTD.isnan().to(x_BTD.dtype)], -1) if self.missing else known_BTD

    def _read(self, x_BTD: Tensor, lengths_B: Tensor) -> Tensor:
        if x_BTD.is_meta:
            return self._states(x_BTD, x_BTD)
        # step t of the turned series is step (length - 1 - t) of the series; what is negative is never read
        back_BT = lengths_B[:, None] - 1 - torch.arange(x_BTD.shape[1])
        turned_BTD = x_BTD.gather(1, back_BT.clamp_min(0).to(x_BTD.device)[..., None].expand_as(x_BTD))
        packed = nn.utils.rnn.pack_padded_sequence(turned_BTD, lengths_B, batch_first=True, enforce_sorted=False)
        return self._states(packed, x_BTD)

    def _states(self, steps: Any, x_BTD: Tensor) -> Tensor:
        """The last layer's state after all steps, (B, S)."""
        state: Any = x_BTD
        for layer in self.layers:
            steps, state = layer(steps)
        last_1BS: Tensor = state[0] if isinstance(state, tuple) else state
        return last_1BS[0]


class RecurrentDecoder(Part):
    """Recurrent layers that write a series forwards from its code, then one linear layer from each state to a step.

    The code gives the first state of every layer, and is read again at every step beside a clock: sines and cosines
    of the step's number (Vaswani et al., NeurIPS 2017), without which a long series' end is hard to learn. Nothing of
    what was written is read back, so a step doesn't depend on how many follow.

    Parameters are those of `RecurrentEncoder`; the layers stand in the reverse order.
    """

    def __init__(
        self,
        latent_dim: int,
        shape: Sequence[int],
        widths: Sequence[int] = (64,),
        cell: str = "lstm",
        condition_dim: int = 0,
    ) -> None:
        super().__init__()
        _check(shape, widths, cell)
        self.steps, widths = shape[0], list(widths)[::-1]
        inputs = latent_dim + condition_dim
        self.layers = _layers(cell, inputs + CLOCK, widths)
        states = 2 if cell == "lstm" else 1
        self.starts = nn.ModuleList(nn.Linear(inputs, states * width) for width in widths)
        self.to_step = nn.Linear(widths[-1], shape[1])

    def forward(self, z_BZ: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        if condition_BC is not None:
            z_BZ = torch.cat([z_BZ, condition_BC], -1)
        told_BTZ = z_BZ[:, None].expand(-1, self.steps, -1)
        clock_BTK = clock(self.steps, z_BZ).expand(len(z_BZ), -1, -1)
        steps_BTS = torch.cat([told_BTZ, clock_BTK], -1)
        for start, layer in zip(self.starts, self.layers, strict=True):
            first = tuple(part.contiguous() for part in start(z_BZ).tanh()[None].split(layer.hidden_size, -1))
            steps_BTS, _ = layer(steps_BTS, first if len(first) == 2 else first[0])
        raw_BTD: Tensor = self.to_step(steps_BTS)
        return raw_BTD


def clock(steps: int, like: Tensor) -> Tensor:
    """Sines and cosines of each step's number, with periods of 8, 64, 512 and 4096 steps, shape (steps, 8)."""
    step_T1 = torch.arange(steps, device=like.device, dtype=like.dtype)[:, None]
    angle_Tk = step_T1 * (2 * torch.pi / 8.0 ** torch.arange(1, CLOCK // 2 + 1, device=like.device, dtype=like.dtype))
    return torch.cat([angle_Tk.sin(), angle_Tk.cos()], -1)
