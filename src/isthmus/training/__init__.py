"""The one loop, what it is fed, and what it leaves behind; the only room that asks for gradients."""

from isthmus.training.arithmetic import choose_precision, fast
from isthmus.training.batches import Batch, Batches
from isthmus.training.checkpoints import Checkpoint
from isthmus.training.density import fit_density
from isthmus.training.finder import LearningRates, ramp
from isthmus.training.logs import JsonLines, TensorBoard
from isthmus.training.loop import Progress, Run, Watcher, one_epoch
from isthmus.training.optimizers import OPTIMIZERS
from isthmus.training.settings import Settings
from isthmus.training.step import Trainer, grouped, seeded

__all__ = [
    "OPTIMIZERS",
    "Batch",
    "Batches",
    "Checkpoint",
    "JsonLines",
    "LearningRates",
    "Progress",
    "Run",
    "Settings",
    "TensorBoard",
    "Trainer",
    "Watcher",
    "choose_precision",
    "fast",
    "fit_density",
    "grouped",
    "one_epoch",
    "ramp",
    "seeded",
]
