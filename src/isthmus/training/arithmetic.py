"""Making the processor do its best at this model, and leaving it as it was found.

Measured (docs/notes/arithmetic.md has the table): Adam's moments of weights that see only zeros decay into
denormal numbers, on which a step takes four times as long: they are flushed to zero. Matrix products may round
their inputs to bfloat16 where the processor has instructions for it.
"""

import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import Any

import torch
from torch import nn

WORTH_BFLOAT16 = 1 << 24
"""Multiplications in a layer's product from which bfloat16 pays its overhead."""
WORTH_THREADS = 1 << 27
"""Multiplications in a layer's product from which a second thread pays its overhead."""
ALONE = threading.RLock()
"""What `fast` and `seeded` change belongs to the whole process: fits in several threads take turns."""
LARGE_BATCH = 512
"""Rows from which autocast beats rounding inside each product, on processors with matrix units."""


def choose_precision(model: nn.Module, batch_size: int, device: str) -> str:
    """bfloat16 where the machine has it in hardware and the model is large enough to gain."""
    if device != "cpu":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    worth = largest_product(model, batch_size) >= WORTH_BFLOAT16
    return "bfloat16" if worth and _cpu_has_bfloat16() else "float32"


@lru_cache
def _cpu_has_bfloat16() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and bool(torch.cpu._is_avx512_bf16_supported())


@lru_cache
def permission_rounds() -> bool:
    """Whether oneDNN really rounds float32 products when it is permitted to.

    With AVX512-bf16 alone it doesn't, and is still faster than the default path on AMD; with AMX it does.
    """
    a, b = torch.randn(2, 256, 256, generator=torch.Generator().manual_seed(0))
    exact = a.double() @ b.double()
    with _products_in("bf16"):
        error = (a @ b - exact).norm() / exact.norm()
    return bool(error > 1e-5)


@contextmanager
def _products_in(precision: str) -> Iterator[None]:
    mkldnn: Any = torch.backends.mkldnn
    backends = [mkldnn.matmul, mkldnn.conv]
    before = [backend.fp32_precision for backend in backends]
    for backend in backends:
        backend.fp32_precision = precision
    try:
        yield
    finally:
        for backend, old in zip(backends, before, strict=True):
            backend.fp32_precision = old


@contextmanager
def _flushing_denormals() -> Iterator[None]:
    was_flushing = (torch.tensor(1e-310, dtype=torch.float64) * 1.0).item() == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(was_flushing)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def fast(precision: str, device: str, model: nn.Module, batch_size: int) -> Iterator[None]:
    """Do what suits this model for the time of a `with` block, then put everything back.

    A small model gets one thread. Sharing out small products gains at most a quarter, and threads that wait for
    each other spinning are many times slower as soon as another process keeps a core busy. The choice goes by size
    alone, never by the machine's load, for results may depend on the number of threads in their last bits.
    """
    if device != "cpu":
        yield
        return
    product = largest_product(model, batch_size)
    permitted = product >= WORTH_BFLOAT16 and (precision == "bfloat16" or not permission_rounds())
    with (
        ALONE,
        _flushing_denormals(),
        _products_in("bf16") if permitted else nullcontext(),
        nullcontext() if product >= (WORTH_THREADS if _waits_are_short() else math.inf) else _threads(1),
    ):
        yield


def is_convolutional(model: nn.Module) -> bool:
    """Whether any layer convolves."""
    return any(isinstance(module, nn.Conv2d) for module in model.modules())


def _waits_are_short() -> bool:
    """Whether OpenMP was told to spin briefly: by the user, or by `import isthmus` before torch was loaded."""
    return "GOMP_SPINCOUNT" in os.environ or os.environ.get("OMP_WAIT_POLICY", "").upper() == "PASSIVE"


def largest_product(model: nn.Module, batch_size: int) -> float:
    """Multiplications in the largest matrix product that a batch passes; a convolution counts as large."""
    if is_convolutional(model):
        return math.inf
    return max((weight.numel() for weight in model.parameters()), default=0) * batch_size


def autocast(precision: str, device: str, model: nn.Module, batch_size: int) -> Any:
    """The context for one forward pass: autocast to bfloat16 where that is the faster way to it."""
    wanted = precision == "bfloat16"
    if device == "cpu" and wanted:
        wanted = is_convolutional(model) or batch_size >= LARGE_BATCH or not permission_rounds()
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=wanted)
