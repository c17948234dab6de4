"""The one training loop: epochs of steps, looks at the held-out part, checkpoints, and a graceful end."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from isthmus.training.arithmetic import fast
from isthmus.training.batches import Batches
from isthmus.training.checkpoints import Checkpoint
from isthmus.training.interrupts import Interrupt, interruptible
from isthmus.training.schedules import warmup_cosine
from isthmus.training.step import Trainer, grouped, seeded

SECONDS_BETWEEN_LOOKS = 0.2


@dataclass
class Progress:
    """Where a run stands: what a checkpoint holds beside tensors, and what watchers are shown."""

    epoch: int = 0
    step: int = 0
    step_of_epoch: int = 0
    seconds: float = 0.0
    best: float = math.inf
    best_epoch: int = 0
    stopped: str = ""
    history: list[dict[str, float]] = field(default_factory=list)
    fraction: float = 0.0
    latest: dict[str, float] = field(default_factory=dict)
    epoch_done: bool = False


Watcher = Callable[[Progress], None]


class Run:
    """A whole training run: epochs of steps, looks at the held-out part, checkpoints, and a graceful end.

    Parameters
    ----------
    trainer : Trainer
    training : Batches
    held : Batches or None
        Rows that decide which weights are best and when to stop.
    watchers : sequence of callables
        Called with `Progress` a few times a second and at the end of each epoch.
    checkpoint : Checkpoint or None
    """

    def __init__(
        self,
        trainer: Trainer,
        training: Batches,
        held: Batches | None,
        *,
        watchers: Sequence[Watcher] = (),
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self.trainer, self.training, self.held = trainer, training, held
        self.watchers, self.checkpoint = watchers, checkpoint
        self.progress = Progress()
        self.best: dict[str, Tensor] = {}
        self.settings = trainer.settings

    def go(self) -> Progress:
        """Train to the end; leaves the best weights in the model.

        Raises
        ------
        TrainingError
            If the loss is no longer finite.
        """
        settings = self.settings
        with (
            seeded(settings.seed, settings.device),
            fast(settings.precision, settings.device, self.trainer.model, settings.batch_size),
            interruptible() as interrupt,
        ):
            if self.checkpoint is not None:
                self._restore(self.checkpoint)
            self.trainer.model.train()
            self.started = time.monotonic() - self.progress.seconds
            self.looked = time.monotonic()
            while not self.progress.stopped:
                self._epoch(interrupt)
        if self.trainer.average is not None:
            self.trainer.average.show()
        if self.best:
            self.trainer.model.load_state_dict(self.best)
        self.trainer.model.eval()
        return self.progress

    def _epoch(self, interrupt: Interrupt) -> None:
        progress, each = self.progress, self.settings.accumulate
        for batches in grouped(self.training.epoch(progress.epoch, progress.step_of_epoch * each), each):
            self.trainer.step_of(batches, progress.fraction, warmup_cosine(progress.fraction))
            progress.step += 1
            progress.step_of_epoch += 1
            progress.seconds = time.monotonic() - self.started
            progress.fraction = self._fraction()
            if interrupt.asked and self.checkpoint is not None:
                self._save(self.checkpoint)
            if interrupt.asked or progress.fraction >= 1:
                break
            self._look()
        self._close_epoch(interrupt)

    def _fraction(self) -> float:
        settings, progress = self.settings, self.progress
        steps = math.ceil(len(self.training) / settings.accumulate)
        by_epochs = progress.step / (settings.epochs * steps) if settings.epochs else 0.0
        by_time = progress.seconds / (60 * settings.minutes) if settings.minutes else 0.0
        return min(1.0, max(by_epochs, by_time))

    def _look(self) -> None:
        now = time.monotonic()
        if self.checkpoint is not None and self.checkpoint.due(now):
            self._save(self.checkpoint)
        if now - self.looked >= SECONDS_BETWEEN_LOOKS:
            self.looked = now
            self._tell(self.trainer.means(), epoch_done=False)

    def _save(self, checkpoint: Checkpoint) -> None:
        self.trainer.means()  # raises rather than keep weights that are not finite
        checkpoint.save(self._tensors(), self._state())

    def _close_epoch(self, interrupt: Interrupt) -> None:
        progress = self.progress
        progress.epoch += 1
        progress.step_of_epoch = 0
        metrics = self.trainer.means()
        self.trainer.totals.zero_()
        if self.held is not None:
            with self.trainer.averaged():
                metrics |= self.trainer.held_out(self.held.in_order())
                self._keep_best(metrics["held_loss"])
        metrics |= {
            "epoch": progress.epoch,
            "step": progress.step,
            "seconds": time.monotonic() - self.started,
        }
        progress.history.append(metrics)
        progress.stopped = self._reason_to_stop(interrupt)
        self._tell(metrics, epoch_done=True)

    def _keep_best(self, held_loss: float) -> None:
        if self.settings.keep_last or held_loss < self.progress.best:
            self.progress.best, self.progress.best_epoch = held_loss, self.progress.epoch
            self.best = {name: t.detach().clone() for name, t in self.trainer.model.state_dict().items()}

    def _reason_to_stop(self, interrupt: Interrupt) -> str:
        waited = self.progress.epoch - self.progress.best_epoch
        if interrupt.asked:
            return "interrupted"
        if self.progress.fraction >= 1:
            return "finished"
        early = self.held is not None and self.settings.patience is not None and waited >= self.settings.patience
        return "early" if early else ""

    def _tell(self, metrics: dict[str, float], *, epoch_done: bool) -> None:
        self.progress.latest, self.progress.epoch_done = metrics, epoch_done
        for watcher in self.watchers:
            watcher(self.progress)

    def _tensors(self) -> dict[str, Tensor]:
        trainer = self.trainer
        tensors = {f"model.{name}": t for name, t in trainer.model.state_dict().items()}
        tensors |= {f"best.{name}": t for name, t in self.best.items()}
        for player, optimizer in trainer.players.items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {f"{player}.{index}.{name}": t for name, t in state.items()}
        if trainer.average is not None:
            tensors |= {f"average.{name}": t for name, t in trainer.average.tensors().items()}
        tensors |= {
            "totals": trainer.totals,
            "usual_norm": trainer.usual_norm,
            "random": torch.get_rng_state(),
        }
        if self.settings.device != "cpu":
            tensors["random_cuda"] = torch.cuda.get_rng_state(self.settings.device)
        return tensors

    def _state(self) -> dict[str, Any]:
        state = asdict(self.progress) | {"latest": {}, "epoch_done": False}
        return state | {"best": None if math.isinf(self.progress.best) else self.progress.best}

    def _restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint, if there is one."""
        kept = checkpoint.load()
        if kept is None:
            return
        state, tensors = kept
        self.progress = Progress(**state | {"best": math.inf if state["best"] is None else state["best"]})
        trainer = self.trainer
        trainer.model.load_state_dict(_under("model.", tensors))
        self.best = _under("best.", tensors)
        for player, optimizer in trainer.players.items():
            _restore_optimizer(optimizer, _under(f"{player}.", tensors))
        if trainer.average is not None:
            trainer.average.restore(_under("average.", tensors))
        trainer.totals.copy_(tensors["totals"])
        trainer.usual_norm = tensors["usual_norm"].to(self.settings.device)
        torch.set_rng_state(tensors["random"])
        if "random_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random_cuda"], self.settings.device)


def one_epoch(trainer: Trainer, batches: Batches, epoch: int) -> dict[str, float]:
    """One pass at the peak learning rate, outside of any run; gives its means."""
    settings, model = trainer.settings, trainer.model
    model.train()
    with (
        seeded(settings.seed + epoch, settings.device),
        fast(settings.precision, settings.device, model, settings.batch_size),
    ):
        if trainer.average is not None:
            trainer.average.hide()
        for group in grouped(batches.epoch(epoch), settings.accumulate):
            trainer.step_of(group, progress=1.0, rate=1.0)
        if trainer.average is not None:
            trainer.average.show()
    model.eval()
    means = trainer.means()
    trainer.totals.zero_()
    return means


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state = optimizer.state_dict()
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        weight = weights[int(index)]
        # a fused step walks moments and weights side by side: they must lie alike in memory (channels last)
        alike = torch.empty_like(weight).copy_(tensor) if tensor.shape == weight.shape else tensor
        state["state"].setdefault(int(index), {})[key] = alike
    optimizer.load_state_dict(state)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
