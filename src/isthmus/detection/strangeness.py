"""How strange a row is: badly rebuilt, or where few others lie.

Legend: B rows, S sets, R reference rows of a set, U values that say where a row lies, `___` the shape of one row.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset
from isthmus.errors import ModelFileError
from isthmus.model import Model
from isthmus.training import Batches, seeded

SETS = 32
SIZE = 64
MOST_LEARNED = 20_000
"""Rows that scales and reference sets are learned from, at most."""
FLOOR = 1e-3
"""The least scale of an error, in prepared units: exactly rebuilt columns would else make any error infinite."""


class Strangeness(nn.Module):
    """The score of every row from two looks at it, higher is stranger.

    - the *error*: root mean square over cells of x - x_hat, each in units of that cell's own root mean square error;
    - the *distance*: the mean over S random sets of R rows each of the distance to the nearest of the set. One small
      set can hold few anomalies, if any, and a mean over sets is smooth (Sugiyama & Borgwardt, NeurIPS 2013; as an
      ensemble Bandaragoda et al., Computational Intelligence 2018). Where a row lies is said by its cells and their
      errors side by side.

    Each look is divided by its median over the rows learned from, and the score is the sum of their logarithms.

    Parameters
    ----------
    model : Model
        Fitted.
    sets, size : int
        S and R.
    """

    scale: Tensor
    usual: Tensor
    references_SRU: Tensor
    medians: Tensor

    def __init__(self, model: Model, shape: tuple[int, ...], sets: int, size: int) -> None:
        super().__init__()
        self.model, self.shape = model, shape
        width = 2 * int(np.prod(shape))
        self.register_buffer("scale", torch.ones(shape))
        self.register_buffer("usual", torch.zeros(shape))
        self.register_buffer("references_SRU", torch.zeros(sets, size, width))
        self.register_buffer("medians", torch.ones(2))

    def own_state(self) -> dict[str, Tensor]:
        """What was learned besides the model."""
        return dict(self.named_buffers(recurse=False))

    @classmethod
    def of(cls, model: Model, shape: tuple[int, ...], state: Mapping[str, Tensor]) -> "Strangeness":
        """The same again from `own_state`, which may be hostile.

        Raises
        ------
        ModelFileError
            If a tensor is missing, of another shape, or not finite.
        """
        made = cls(model, shape, 1, 1)
        wide = made.references_SRU.shape[2]
        fits = {
            "scale": shape,
            "usual": shape,
            "references_SRU": (*state["references_SRU"].shape[:2], wide),
            "medians": (2,),
        }
        for name, wanted in fits.items():
            if tuple(state[name].shape) != wanted or not torch.isfinite(state[name]).all() or not state[name].numel():
                raise ModelFileError(f"tensor {name!r} of a detector is {tuple(state[name].shape)}, or not finite")
            setattr(made, name, state[name].float())
        return made

    def errors(self, x_B___: Tensor, expected_B___: Tensor) -> Tensor:
        """Squared errors in units of each cell's mean square error; of a missing cell 0."""
        error_B___ = (x_B___ - expected_B___) / self.scale.to(x_B___)
        return torch.where(x_B___.isnan(), 0.0, error_B___).square()

    def place(self, x_B___: Tensor, expected_B___: Tensor) -> Tensor:
        """Where a row lies, (B, U)."""
        x_B___ = torch.where(x_B___.isnan(), expected_B___, x_B___)
        error_B___ = (x_B___ - expected_B___) / self.scale.to(x_B___)
        return torch.cat([x_B___.flatten(1), error_B___.flatten(1)], -1)

    def looks(self, x_B___: Tensor, told_BC: Tensor | None = None) -> Tensor:
        """Error and distance of every row, (B, 2)."""
        expected_B___ = self.model.reconstruct(x_B___, told_BC).to(x_B___.dtype)
        error_B = self.errors(x_B___, expected_B___).flatten(1).mean(-1).sqrt()
        place_BU, references_SRU = self.place(x_B___, expected_B___), self.references_SRU.to(x_B___)
        nearest_SB = torch.stack([torch.cdist(place_BU, set_RU).amin(-1) for set_RU in references_SRU])
        return torch.stack([error_B, nearest_SB.mean(0)], -1)

    def forward(self, x_B___: Tensor, told_BC: Tensor | None = None) -> Tensor:
        looks_B2 = self.looks(x_B___, told_BC) / self.medians.to(x_B___)
        return torch.log(looks_B2 + FLOOR).sum(-1)


def learn(autoencoder: Autoencoder, data: Dataset, *, normal_only: bool, seed: int) -> Strangeness:
    """Scales, reference sets and medians of the rows that an autoencoder was fitted on, or of some of them."""
    rng = np.random.default_rng(seed)
    rows: NDArray[np.int64] = np.arange(data.n, dtype=np.int64)
    if data.n > MOST_LEARNED:
        rows = np.sort(rng.choice(rows, MOST_LEARNED, replace=False))
    batches = Batches(data.source, autoencoder.preparation_, rows, batch_size=len(rows), memory=None, seed=0)
    x_B___ = next(batches.in_order()).x_B___
    made = Strangeness(autoencoder.model_, tuple(x_B___.shape[1:]), SETS, min(SIZE, len(rows)))
    with torch.no_grad(), seeded(seed, "cpu"):
        model = autoencoder.model_.eval()
        expected_B___ = torch.cat([model.reconstruct(part) for part in x_B___.split(4096)])
        error_B___ = x_B___ - expected_B___
        made.scale = error_B___.square().nanmean(0).sqrt().nan_to_num(1.0).clamp_min(FLOOR)
        made.usual = x_B___.nanmean(0).nan_to_num(0.0)
        place_BU = made.place(x_B___, expected_B___)
        chosen = [torch.randperm(len(rows))[: made.references_SRU.shape[1]] for _ in range(SETS)]
        made.references_SRU = torch.stack([place_BU[some] for some in chosen])
        looks_B2 = torch.cat([made.looks(part) for part in x_B___.split(4096)])
        made.medians = looks_B2.median(0).values.clamp_min(FLOOR)
    return made
