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

LOWEST, HIGHEST = 1e-8, 1.0
FEWEST_STEPS = 20


@dataclass(frozen=True)
class LearningRates:
    """A trial of rising learning rates.

    `rates` and `losses` (nats per row, the mean of each step's batch) go step by step; `suggestion` is the rate at
    which the smoothed loss falls fastest per factor of the rate, or a tenth of the highest tried if it hardly fell.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float


def ramp(model: Model, settings: Settings, batches: Batches, steps: int = 300) -> LearningRates:
    """Train `model` with a rate that rises exponentially from 1e-8 to 1, until the loss has run away.

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
    """Whether the last losses are clearly above the first; losses in nats may be negative, so no ratio will do."""
    window = max(3, steps // 30)
    if len(losses) < 4 * window:
        return False
    means = np.convolve(losses, np.ones(window) / window, "valid")
    noise = np.std(np.diff(losses[: 4 * window]))
    return bool(means[-1] > means[0] + max(means[0] - means.min(), 5 * noise))


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float:
    """The rate at which a straight line through the neighbouring losses falls fastest over log rate.

    The line goes through a tenth of the steps on either side, which smooths the batches' noise; places count from where
    a tenth of the whole fall is done to where the loss is lowest, for before it there is little but noise. Where no
    fall stands out of the noise it is a tenth of the highest rate that was tried before the loss ran away.
    """
    half = max(2, len(losses) // 10)
    values, offsets = np.asarray(losses), np.arange(-half, half + 1)
    slopes = np.correlate(values, offsets, "valid")
    means = np.convolve(values, np.full(len(offsets), 1 / len(offsets)), "valid")
    lowest = int(np.argmin(means))
    fall, noise = means[0] - means[lowest], np.std(np.diff(values[: len(values) // 2])) / math.sqrt(len(offsets))
    if fall <= 3 * noise:
        return float(rates[-1] / 10)
    begun = int(np.argmax(means <= means[0] - 0.1 * fall))
    return float(rates[half + begun + int(np.argmin(slopes[begun : lowest + 1]))])
