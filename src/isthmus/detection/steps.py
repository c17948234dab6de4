"""Scores of one long series, one a step: how improbable the step's error is among those of the steps before it.

Legend: B windows, T steps of a window, C channels.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.stats import halfnorm
from torch import Tensor, nn

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset
from isthmus.errors import ModelFileError
from isthmus.model import Model
from isthmus.training import Batches

FLOOR = 1e-3
"""The least scale of an error in prepared units, and the least error in units of it."""
MOST_LEARNED = 20_000
"""Windows that the scale is learned from, at most."""
MEMORY, BEFORE = 5000, 100
"""Errors that a step is compared with, the last ones; and how many stand for those before the first step."""
TAIL, LEAST_SLOPE = 0.05, 0.01
"""The share of errors that the tail's slope is learned from, and the least slope."""


class LastStep(nn.Module):
    """The error of a window's last step, (B,): the root mean square over channels, in units of the errors fitted.

    So a step's score depends on nothing after it. A step whose channels are all missing has none: NaN.
    """

    scale: Tensor

    def __init__(self, model: Model, channels: int) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("scale", torch.ones(channels))

    def errors(self, x_BTC: Tensor, expected_BTC: Tensor) -> Tensor:
        """Squared errors of the last step in units of each channel's mean square, (B, C)."""
        return ((x_BTC[:, -1] - expected_BTC[:, -1].to(x_BTC)) / self.scale.to(x_BTC)).square()

    def forward(self, x_BTC: Tensor, told_BC: Tensor | None = None) -> Tensor:
        return self.errors(x_BTC, self.model.reconstruct(x_BTC, told_BC)).nanmean(-1).sqrt()

    def own_state(self) -> dict[str, Tensor]:
        """What was learned besides the model."""
        return {"scale": self.scale}

    @classmethod
    def of(cls, model: Model, channels: int, state: Mapping[str, Tensor]) -> "LastStep":
        """The same again from `own_state`, which may be hostile.

        Raises
        ------
        ModelFileError
            If the tensor is missing, of another shape, or holds odd values.
        """
        made, scale = cls(model, channels), state.get("scale")
        if len(state) != 1 or scale is None or scale.shape != made.scale.shape:
            raise ModelFileError(f"a detector's tensors are {sorted(state)[:9]}, of odd shapes")
        if not (torch.isfinite(scale) & (scale > 0)).all():
            raise ModelFileError("tensor 'scale' of a detector holds odd values")
        made.scale = scale.float()
        return made


def learn_last(autoencoder: Autoencoder, data: Dataset, *, seed: int) -> LastStep:
    """The scale of each channel's error in the windows that an autoencoder was fitted on, or in some of them."""
    rows = np.arange(data.n, dtype=np.int64)
    if data.n > MOST_LEARNED:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_LEARNED, replace=False))
    batches = Batches(data.source, autoencoder.preparation_, rows, batch_size=2048, memory=0, seed=0)
    model = autoencoder.model_.eval()
    made = LastStep(model, data.source.shape[-1])
    device = next(model.parameters()).device
    with torch.no_grad():
        parts = (batch.x_B___.to(device) for batch in batches.in_order())
        square_BC = torch.cat([made.errors(x_BTC, model.reconstruct(x_BTC)).cpu() for x_BTC in parts])
    made.scale = square_BC.nanmean(0).nan_to_num(1.0).sqrt().clamp_min(FLOOR)
    return made


def improbability(errors: ArrayLike) -> NDArray[np.float64]:
    """Of every step, minus the logarithm to base 10 of the probability of so large an error, by the steps before it.

    The probability is the share of the last 5,000 errors that are as large, as in a conformal p-value. Beyond the
    largest twentieth of them, of size u or more, it falls as a power law: 0.05 (e / u)^(-1 / g), g being the mean
    logarithm of these over u; of light tails that is rather too large. Before the first step stand the 100 quantiles
    of a standard half-normal distribution: errors are in units of those fitted.

    Parameters
    ----------
    errors : (n,)
        In the order of time; NaN where a step is missing, whose score is 0.

    Returns
    -------
    (n,), 0 or more; each depends on nothing after it

    References
    ----------
    Hill, Annals of Statistics 3, 1975 (the power law); Siffer, Fouque, Termier & Largouet, KDD 2017 (tails of streams);
    Ahmad, Lavin, Purdy & Agha, Neurocomputing 262, 2017 (an error's probability among recent ones as its score).
    """
    logs = np.log(np.maximum(np.asarray(errors, np.float64), FLOOR))
    before = np.log(halfnorm.ppf((np.arange(BEFORE) + 0.5) / BEFORE)).tolist()
    recent, ranked, scores = deque(before), before, np.zeros(len(logs))
    for step, log in enumerate(logs.tolist()):
        if log != log:  # missing
            continue
        scores[step] = _rarity(ranked, log)
        recent.append(log)
        insort(ranked, log)
        if len(ranked) > MEMORY:
            del ranked[bisect_left(ranked, recent.popleft())]
    return np.asarray(scores / np.log(10))


def _rarity(ranked: list[float], log: float) -> float:
    """Minus the natural logarithm of the probability of an error whose logarithm is this or more."""
    n = len(ranked)
    tail = int(TAIL * n)
    least = ranked[-tail - 1]
    if log <= least:
        return float(np.log((n + 1) / (1 + n - bisect_left(ranked, log))))
    slope = max(sum(ranked[-tail:]) / tail - least, LEAST_SLOPE)
    return float(np.log((n + 1) / (tail + 1)) + (log - least) / slope)


@dataclass(frozen=True)
class Stretch:
    """Neighbouring steps that are flagged.

    Parameters
    ----------
    first, last : int
        Its steps, both of them in it.
    peak : int
        The strangest of them.
    score : float
        That one's.
    """

    first: int
    last: int
    peak: int
    score: float


def stretches(flagged: ArrayLike, scores: ArrayLike, apart: int) -> list[Stretch]:
    """The flagged steps as stretches, the strangest first; steps that are at most so far apart are in one.

    Parameters
    ----------
    flagged : (n,) of bool
    scores : (n,)
    apart : int
    """
    scores = np.asarray(scores, np.float64)
    places = np.flatnonzero(flagged)
    groups = np.split(places, np.flatnonzero(np.diff(places) > apart) + 1) if len(places) else []
    found = []
    for group in groups:
        peak = int(group[scores[group].argmax()])
        found.append(Stretch(int(group[0]), int(group[-1]), peak, float(scores[peak])))
    return sorted(found, key=lambda stretch: -stretch.score)
