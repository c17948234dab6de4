"""How to train, apart from what."""

import math
from dataclasses import dataclass
from typing import Any

from isthmus.errors import InputError
from isthmus.names import nearest
from isthmus.training.optimizers import OPTIMIZERS


@dataclass(frozen=True)
class Settings:
    """Everything that shapes a training run besides data and model.

    Parameters
    ----------
    epochs : int or None
        Passes over the training part.
    minutes : float or None
        A time budget; the schedule anneals to its end. With `epochs` too, whichever ends first.
    batch_size : int
    learning_rate : float
        The peak, reached after the warm-up.
    weight_decay : float
        AdamW's own; for the others it is part of the gradient.
    clip : float
        Largest norm of the whole gradient, as a multiple of its running mean.
    patience : int or None
        Epochs without a better held-out objective after which to stop; None never stops early.
    keep_last : bool
        Keep the last weights rather than those best on held-out rows, and never stop early.
    shift : int
        Pictures are moved by up to this many pixels each way, at random, input and target alike.
    turn : bool
        Pictures are mirrored and turned by quarters, at random, input and target alike.
    binarize : bool
        Every cell is drawn anew as 0 or 1 at every step, its value being the probability of 1.
    precision : {"float32", "bfloat16"}
    device : str
        As torch names it.
    seed : int
    optimizer : str
        A name of `OPTIMIZERS`.
    ema : float or "auto"
        Decay of the moving average of weights that is looked at and kept (see `Average`); 0 keeps the last weights.
    accumulate : int
        Batches that make one step together, as one batch of so many times the rows would.
    """

    epochs: int | None
    minutes: float | None
    batch_size: int
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    clip: float = 4.0
    patience: int | None = None
    keep_last: bool = False
    shift: int = 0
    turn: bool = False
    binarize: bool = False
    precision: str = "float32"
    device: str = "cpu"
    seed: int = 0
    optimizer: str = "adamw"
    ema: float | str = 0
    accumulate: int = 1

    @property
    def identity(self) -> dict[str, Any]:
        """What a checkpoint is known by; where nothing is turned that is left out, for older ones don't know of it."""
        return {name: value for name, value in self.__dict__.items() if name != "turn" or value}

    def __post_init__(self) -> None:
        rules: list[tuple[str, Any, bool, str]] = [
            ("epochs", self.epochs, self.epochs is None or self.epochs >= 1, "1 or more"),
            ("minutes", self.minutes, self.minutes is None or 0 < self.minutes < math.inf, "more than 0"),
            ("batch_size", self.batch_size, self.batch_size >= 1, "1 or more"),
            ("learning_rate", self.learning_rate, 0 < self.learning_rate < 10, "between 0 and 10"),
            ("weight_decay", self.weight_decay, 0 <= self.weight_decay < math.inf, "0 or more"),
            ("clip", self.clip, self.clip > 0, "more than 0"),
            ("patience", self.patience, self.patience is None or self.patience >= 1, "1 or more"),
            ("shift", self.shift, self.shift >= 0, "0 or more"),
            ("precision", self.precision, self.precision in ("float32", "bfloat16"), "float32 or bfloat16"),
            ("ema", self.ema, _is_decay(self.ema), "auto, or from 0 (off) to less than 1"),
            ("accumulate", self.accumulate, _is_count(self.accumulate), "a whole number, 1 or more"),
        ]
        faults = [f"{name}={value!r} must be {rule}" for name, value, holds, rule in rules if not holds]
        if self.optimizer not in tuple(OPTIMIZERS):
            faults.append(f"optimizer={self.optimizer!r}: {nearest(str(self.optimizer), OPTIMIZERS)}")
        if self.epochs is None and self.minutes is None:
            faults.append("give epochs, minutes or both")
        if faults:
            raise InputError("; ".join(faults))


def _is_decay(value: Any) -> bool:
    return value == "auto" if isinstance(value, str) else _is_number(value) and 0 <= value < 1


def _is_count(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
