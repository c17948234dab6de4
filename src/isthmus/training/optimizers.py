"""The ways of stepping that users may choose from."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

Maker = Callable[..., torch.optim.Optimizer]


def _sgd(weights: Any, betas: tuple[float, float], **options: Any) -> torch.optim.Optimizer:  # noqa: ARG001
    return torch.optim.SGD(weights, momentum=0.9, nesterov=True, **options)


OPTIMIZERS: dict[str, Maker] = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": _sgd}
"""adamw: weight decay apart from the gradient (Loshchilov & Hutter, ICLR 2019). adam: decay as part of the gradient
(Kingma & Ba, ICLR 2015). sgd: Nesterov momentum of 0.9 (Sutskever et al., ICML 2013), decay as part of the gradient."""


def make_optimizer(
    name: str,
    weights: Sequence[nn.Parameter],
    learning_rate: float,
    weight_decay: float,
    betas: tuple[float, float] = (0.9, 0.999),
) -> torch.optim.Optimizer:
    """The optimiser of this name, its step fused into one pass over the weights; `betas` are Adam's alone."""
    return OPTIMIZERS[name](weights, lr=learning_rate, weight_decay=weight_decay, betas=betas, fused=True)
