"""The running mean of a model's weights, which is often better than the last ones."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

AUTO_POWER = 17.0
"""Of the power profile that "auto" takes: the mean then looks back over about a twentieth of the training."""


class Average:
    """An exponential moving average of weights (Polyak & Juditsky 1992), kept beside them.

        average <- decay_t x average + (1 - decay_t) x weights, after update number t

    decay_t is min(decay, (1 + t) / (10 + t)), so that the weights of the beginning are soon forgotten; with "auto" it
    is (1 - 1/t)^(AUTO_POWER + 1), whose memory grows with the run and needs no choice (Karras et al., "Analyzing and
    improving the training dynamics of diffusion models", CVPR 2024, equation 2).

    Parameters
    ----------
    weights : sequence of Parameter
    decay : float or "auto"
    """

    def __init__(self, weights: Sequence[nn.Parameter], decay: float | str) -> None:
        self.weights, self.decay, self.updates = weights, decay, 0
        self.mean = [weight.detach().clone() for weight in weights]
        self._raw: list[Tensor] | None = None

    def decay_now(self) -> float:
        """The decay of the update that was counted last."""
        if isinstance(self.decay, str):
            return float((1 - 1 / self.updates) ** (AUTO_POWER + 1))
        return min(self.decay, (1 + self.updates) / (10 + self.updates))

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are after a step."""
        self.updates += 1
        torch._foreach_lerp_(self.mean, list(self.weights), 1 - self.decay_now())

    def show(self) -> None:
        """Put the mean into the model; `hide` puts back the weights that training goes on from."""
        if self._raw is None:
            self._raw = [weight.detach().clone() for weight in self.weights]
            _fill(self.weights, self.mean)

    def hide(self) -> None:
        """Put the weights back, if the mean is shown."""
        if self._raw is not None:
            _fill(self.weights, self._raw)
            self._raw = None

    @contextmanager
    def shown(self) -> Iterator[None]:
        """A context in which the model holds the mean."""
        self.show()
        try:
            yield
        finally:
            self.hide()

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold."""
        return {str(i): mean for i, mean in enumerate(self.mean)} | {"updates": torch.tensor(self.updates)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `tensors` gave."""
        self.updates = int(tensors["updates"])
        _fill(self.mean, [tensors[str(i)] for i in range(len(self.mean))])


@torch.no_grad()
def _fill(targets: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for target, value in zip(targets, values, strict=True):
        target.copy_(value)
