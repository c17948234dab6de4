"""One step of training. Terms stay one number per row until the line that averages them.

Legend: B rows of the batch, `___` the shape of one prepared row.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice

import torch
from torch import Tensor, nn

from isthmus.errors import TrainingError
from isthmus.model import Model
from isthmus.parts import Annealed, Critic, Trip
from isthmus.training.arithmetic import ALONE, autocast, is_convolutional
from isthmus.training.augmentation import shift_pictures, transpose_melodies, turn_pictures
from isthmus.training.averaging import Average
from isthmus.training.batches import Batch
from isthmus.training.optimizers import make_optimizer
from isthmus.training.settings import Settings

HELD_OUT_SEED = 20240229
CRITICS_BETAS = (0.5, 0.9)
"""A critic's task moves as the model learns: a short memory follows it (Kim & Mnih, ICML 2018, take the same)."""


class Trainer:
    """A model, its optimiser, and the one way to take a step.

    Parameters
    ----------
    model : Model
    settings : Settings
    """

    def __init__(self, model: Model, settings: Settings) -> None:
        self.settings = settings
        self.model = model.to(settings.device)
        if is_convolutional(model):
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.autocast = autocast(settings.precision, settings.device, model, settings.batch_size)
        self.critics = [term for term in model.terms if isinstance(term, Critic)]
        self.annealed = [part for part in model.modules() if isinstance(part, Annealed)]
        theirs = [weight for critic in self.critics for weight in critic.parameters()]
        self.weights = [weight for weight in model.parameters() if not any(weight is other for other in theirs)]
        self.players = {"optimizer": self._player(self.weights)}
        if theirs:
            self.players["critics"] = self._player(theirs, CRITICS_BETAS)
        self.average = Average(self.weights, settings.ema) if settings.ema else None
        self.usual_norm = torch.zeros((), device=settings.device)
        self.totals = torch.zeros(4, device=settings.device)

    def _player(self, weights: list[nn.Parameter], betas: tuple[float, float] = (0.9, 0.999)) -> torch.optim.Optimizer:
        settings = self.settings
        return make_optimizer(settings.optimizer, weights, settings.learning_rate, settings.weight_decay, betas)

    def step(self, batch: Batch, progress: float, rate: float) -> None:
        """One step of the optimiser (and of the critics') at `rate` times the peak learning rate."""
        self.step_of((batch,), progress, rate)

    def step_of(self, batches: Sequence[Batch], progress: float, rate: float) -> None:
        """One step by the mean over all rows of these batches, of which one at a time is in work."""
        for player in self.players.values():
            for group in player.param_groups:
                group["lr"] = self.settings.learning_rate * rate
        for part in self.annealed:
            part.anneal(progress)
        for weight in self.weights:
            weight.grad = None
        rows = sum(len(batch.x_B___) for batch in batches)
        shares = [len(batch.x_B___) / rows for batch in batches]
        trips = [self._backward(batch, progress, share) for batch, share in zip(batches, shares, strict=True)]
        self._clip()
        self.players["optimizer"].step()
        self._step_of_critics(trips, shares)
        if self.average is not None:
            self.average.update()

    def _backward(self, batch: Batch, progress: float, share: float) -> Trip | None:
        """Add a batch's share of the gradient; the trip is kept for the critics, if there are any."""
        x_B___, condition_BC, seen_B___ = self._viewed(batch.to(self.settings.device))
        x_B___ = self._binarized(x_B___)
        with self._critics_at_rest(), self.autocast:
            trip = self.model(x_B___, condition_BC, seen_B___=seen_B___)
            loss_B = self.model.objective(trip, progress)
        _shared(loss_B.mean(), share).backward()
        with torch.no_grad():
            sums = (loss_B.mean(), trip.nll_B.mean(), trip.rate_B.mean(), loss_B.new_ones(()))
            self.totals += len(x_B___) * torch.stack(sums)
        return trip if self.critics else None

    def _viewed(self, batch: Batch) -> Batch:
        """Other views of the same pictures or melodies; what is seen of them is moved and turned alike."""
        x_B___, condition_BC, seen_B___ = batch
        if not (self.settings.shift or self.settings.turn):
            return batch
        both_B___ = x_B___ if seen_B___ is None else torch.cat([x_B___, seen_B___], 1)
        if self.settings.shift:
            moved = transpose_melodies if x_B___.ndim == 3 else shift_pictures
            both_B___ = moved(both_B___, self.settings.shift)
        if self.settings.turn:
            both_B___ = turn_pictures(both_B___)
        return Batch(both_B___, condition_BC) if seen_B___ is None else Batch.of_pairs(both_B___, condition_BC)

    def _binarized(self, x_B___: Tensor) -> Tensor:
        return x_B___.bernoulli() if self.settings.binarize else x_B___

    @contextmanager
    def _critics_at_rest(self) -> Iterator[None]:
        """A context in which no gradient is worked out for the critics' weights."""
        for critic in self.critics:
            critic.requires_grad_(False)
        yield
        for critic in self.critics:
            critic.requires_grad_(True)

    def _step_of_critics(self, trips: Sequence[Trip | None], shares: Sequence[float]) -> None:
        if not self.critics:
            return
        self.players["critics"].zero_grad(set_to_none=True)
        for trip, share in zip(trips, shares, strict=True):
            with self.autocast:
                loss = torch.stack([critic.own_loss(self.model, trip) for critic in self.critics if trip]).sum()
            _shared(loss, share).backward()
        self.players["critics"].step()

    def averaged(self) -> AbstractContextManager[None]:
        """A context in which the model holds the weights to be looked at and kept: the averaged ones, if any."""
        return nullcontext() if self.average is None else self.average.shown()

    @torch.no_grad()
    def _clip(self) -> None:
        """Scale the gradient down to `clip` times its usual norm.

        The bound follows the running mean of norms, for in nats a gradient grows a hundredfold as a learned scale
        narrows (after Seetharaman et al., "AutoClip", MLSP 2020, which takes a percentile).
        """
        gradients = [w.grad for w in self.weights if w.grad is not None]
        norm = nn.utils.get_total_norm(gradients, foreach=True)
        bound = torch.where(self.usual_norm > 0, self.settings.clip * self.usual_norm, norm)
        scale = (bound / norm.clamp_min(1e-30)).clamp_max(1.0)
        self.usual_norm = torch.lerp(torch.where(self.usual_norm > 0, self.usual_norm, norm), norm * scale, 0.02)
        if norm.device.type != "cpu" or scale.item() < 1.0:
            torch._foreach_mul_(gradients, scale)

    def means(self) -> dict[str, float]:
        """Means per row since the totals were last zeroed.

        Raises
        ------
        TrainingError
            If the loss is no longer finite.
        """
        loss, distortion, rate, rows = self.totals.tolist()
        self._check_finite("loss", loss)
        rows = max(rows, 1.0)
        return {"loss": loss / rows, "distortion": distortion / rows, "rate": rate / rows}

    def _check_finite(self, name: str, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"the {name} is no longer finite. Try a smaller learning rate (now "
                f"{self.settings.learning_rate:g}), precision float32 (now {self.settings.precision}), or look "
                "for extreme values in the data"
            )

    @torch.no_grad()
    def held_out(self, batches: Iterable[Batch]) -> dict[str, float]:
        """Mean objective, distortion and rate of rows not trained on, with the same noise at every call.

        Raises
        ------
        TrainingError
            If the objective isn't finite.
        """
        self.model.eval()
        with seeded(HELD_OUT_SEED, self.settings.device):
            sums = torch.zeros(4, dtype=torch.float64)
            for batch in batches:
                x_B___, condition_BC, seen_B___ = batch.to(self.settings.device)
                trip = self.model(self._binarized(x_B___), condition_BC, sample=True, seen_B___=seen_B___)
                per_row = (self.model.objective(trip), trip.nll_B, trip.rate_B, torch.ones_like(trip.nll_B))
                sums += torch.stack([values_B.double().sum().cpu() for values_B in per_row])
        self.model.train()
        loss, distortion, rate = (sums[:3] / sums[3]).tolist()
        self._check_finite("held-out loss", loss)
        return {"held_loss": loss, "held_distortion": distortion, "held_rate": rate}


def _shared(loss: Tensor, share: float) -> Tensor:
    return loss if share == 1 else share * loss


def grouped(batches: Iterable[Batch], size: int) -> Iterator[tuple[Batch, ...]]:
    """Batches in groups of `size`, the last one perhaps smaller."""
    dealt = iter(batches)
    while group := tuple(islice(dealt, size)):
        yield group


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """A context in which torch's global random numbers start at `seed`, and after which they are as before."""
    with ALONE, torch.random.fork_rng([torch.device(device)] if device != "cpu" else []):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would touch every CUDA device too
        if device != "cpu":
            torch.cuda.manual_seed(seed)
        yield
