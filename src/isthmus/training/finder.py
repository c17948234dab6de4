"""Which learning rate suits: train at a rate that rises without end, and see where the loss falls fastest."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from isthmus.errors import InputError, TrainingError
from isthmus.model import Model
from isthmus.training.arithmetic import fast
from isthmus.training.batches import Batch, Batches
from isthmus.training.settings import Settings
from isthmus.training.step import Trainer, grouped, seeded

LOWEST, HIGHEST = 1e-6, 1.0
FEWEST_STEPS = 20


@dataclass(frozen=True)
class LearningRates:
    """A trial of rising learning rates.

    `rates` and `losses` (nats per row, the mean of each step's batch) go step by step; `suggestion` is the rate at
    which the smoothed loss falls fastest per factor of the rate.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float


def ramp(model: Model, settings: Settings, batches: Batches, steps: int = 300) -> LearningRates:
    """Train `model` with a rate that rises exponentially from 1e-6 to 1, until the loss has run away.

    The model is spoilt by it: give a copy. Weights of terms stand where a whole training would end.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3.

    Raises
    ------
    InputError
        If `steps` is less than 20.
    TrainingError
        If the loss isn't finite at the lowest rates already.
    """
    if not (isinstance(steps, int) and steps >= FEWEST_STEPS):
        raise InputError(f"steps={steps!r}: give a whole number, {FEWEST_STEPS} or more")
    trainer = Trainer(model, replace(settings, learning_rate=HIGHEST, ema=0))
    rates, losses = np.geomspace(LOWEST, HIGHEST, steps), []
    model.train()
    with (
        seeded(settings.seed, settings.device),
        fast(settings.precision, settings.device, model, settings.batch_size),
    ):
        for rate, group in zip(rates, grouped(_endless(batches), settings.accumulate), strict=False):
            loss = _loss_of_step(trainer, group, rate / HIGHEST)
            if not math.isfinite(loss):
                break
            losses.append(loss)
            if _ran_away(losses, steps):
                break
    if len(losses) < FEWEST_STEPS // 2:
        raise TrainingError(f"the loss was no longer finite after {len(losses)} steps: look for extreme values")
    tried = tuple(rates[: len(losses)].tolist())
    return LearningRates(tried, tuple(losses), steepest(tried, losses))


def _endless(batches: Batches) -> Iterator[Batch]:
    for epoch in count():
        yield from batches.epoch(epoch)


def _loss_of_step(trainer: Trainer, group: Sequence[Batch], rate: float) -> float:
    trainer.totals.zero_()
    trainer.step_of(group, progress=1.0, rate=rate)
    loss, _, _, rows = trainer.totals.tolist()
    return float(loss / rows)


def _ran_away(losses: Sequence[float], steps: int) -> bool:
    """Whether the last losses are above the first by as much as the best was below them; losses may be negative."""
    window = max(3, steps // 30)
    if len(losses) < 4 * window:
        return False
    start, now = np.mean(losses[:window]), np.mean(losses[-window:])
    means = np.convolve(losses, np.ones(window) / window, "valid")
    return bool(now > start + (start - means.min()) + 1e-3 * abs(start))


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float:
    """The rate at which a straight line through the neighbouring losses falls fastest over log rate.

    The line goes through a tenth of the steps on either side, which smooths the batches' noise.
    """
    half = max(2, len(losses) // 10)
    offsets = np.arange(-half, half + 1)
    slopes = np.correlate(np.asarray(losses), offsets, "valid")
    return float(rates[half + int(np.argmin(slopes))])
