"""Running a fitted model over many rows.

Legend: `___` the shape of one prepared row.
"""

import copy
import math
from collections.abc import Callable, Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn

from isthmus.training import Batch, fast
from isthmus.training.arithmetic import is_convolutional

Network = TypeVar("Network", bound=nn.Module)
Function = Callable[[Network, Tensor, Tensor | None], Tensor]


def rows_at_once(shape: tuple[int, ...]) -> int:
    """Rows per batch where nothing is learned: about 4 MB of them."""
    return min(max((1 << 20) // math.prod(shape), 16), 32768)


def run(
    function: Function[Network], model: Network, batches: Iterable[Batch], *, device: str, double: bool, rows: int
) -> Tensor:
    """The results of a function of (model, rows, conditions) over all batches, joined, on the CPU.

    With `double` the work is done in double precision: for tables, whose networks are small. A row's result then
    doesn't depend on its neighbours beyond 1e-15, where float32 products of other sizes differ by 1e-7.
    """
    dtype = torch.float64 if double else torch.float32
    model = (copy.deepcopy(model).double() if double else model).to(device).eval()
    if is_convolutional(model):  # as in training: a model from a file is to give the same bits as the one it was
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with fast("float32", device, model, rows), torch.no_grad():
        results = [function(model, *batch.to(device, dtype)[:2]).cpu() for batch in batches]
    return torch.cat(results)
