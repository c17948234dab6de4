"""How strange a row is: badly rebuilt, or where few others lie.

Legend: B rows, S sets, R reference rows of a set, M = S x R, U values of a flattened row, `___` the shape of one row.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset
from isthmus.errors import ModelFileError
from isthmus.model import Model
from isthmus.parts import Multinomial, NegativeBinomial
from isthmus.training import Batches, seeded

FLOOR = 1e-3
"""The least scale of an error, and the least look, in prepared units."""
LEAST_SCALE = 0.1
"""The least scale of a cell's error as a share of all cells' root mean square: some cells hardly ever vary."""
MOST_LEARNED, FEWEST_LEARNED = 20_000, 64
"""Rows that scales, references and medians are learned from, at most."""
NEAR = 0.03
"""So near, as a share of how far out it lies, a row may be one of the references."""
AT_ONCE, DISTANCES_AT_ONCE = 2048, 1 << 20
MOST_NUMBERS = 1 << 24
"""Numbers that are held at once on the way to a distance, and that sets of references may hold."""
LEAST_SHARE = 1e-9
"""Of counts, the least share that is expected anywhere."""
DECIMALS = 4
"""Scores are rounded: their last bits depend on how many rows are scored at once, and equal rows are to score alike."""
POSITIVE = ("scale", "medians", "least")


class Sizes(NamedTuple):
    """How many sets there are, and of how many rows each."""

    sets: int
    rows: int


COARSE, FINE = Sizes(50, 8), Sizes(4, 1024)


class Weights(NamedTuple):
    """What each look's logarithm counts for (chosen by measurement: docs/notes/detection.md)."""

    error: float
    place: float
    neighbours: float


UNLABELLED, CLEAN = Weights(1.0, 1.5, 0.0), Weights(0.0, 0.5, 2.0)


def weights_for(normal_only: bool) -> Weights:
    """The weights for rows that are known to be normal, or that may hold anomalies."""
    return CLEAN if normal_only else UNLABELLED


class References(nn.Module):
    """Random sets of rows, and how far a row is from each.

    The distance to a random set of few rows stands in for that to the k-th neighbour among many, k being the number of
    rows over that of the set; it is cheap, and a small set holds few anomalies if any (Sugiyama & Borgwardt, NeurIPS
    2013; as an ensemble: Bandaragoda et al., Computational Intelligence 34, 2018).
    """

    rows_SRU: Tensor

    def __init__(self, rows_SRU: Tensor) -> None:
        super().__init__()
        self.register_buffer("rows_SRU", rows_SRU)

    def forward(self, x_BU: Tensor) -> Tensor:
        """Mean over sets of the distance to the nearest row of the set that isn't the very row, (B,)."""
        sets_SRU = self.rows_SRU.to(x_BU)
        rows = max(1, DISTANCES_AT_ONCE // sets_SRU[..., 0].numel())
        return torch.cat([self._mean_distance(some_bU, sets_SRU) for some_bU in x_BU.split(rows)])

    def _mean_distance(self, x_BU: Tensor, sets_SRU: Tensor) -> Tensor:
        """By a product of matrices, which is fast, but leaves a row some 0.01 away from itself in float32.

        Where a row is so near that it may be the very row, the two least distances are taken once more, exactly.
        """
        rough_BSR = torch.cdist(x_BU, sets_SRU.flatten(0, 1)).unflatten(1, sets_SRU.shape[:2])
        nearest_BS: Tensor = rough_BSR.amin(-1)
        rows_N, sets_N = (nearest_BS <= NEAR * (1 + x_BU.norm(dim=-1, keepdim=True))).nonzero(as_tuple=True)
        each = max(1, MOST_NUMBERS // (2 * x_BU.shape[1]))
        for row_n, set_n in zip(rows_N.split(each), sets_N.split(each), strict=True):
            which_n2 = rough_BSR[row_n, set_n].topk(min(2, sets_SRU.shape[1]), -1, largest=False).indices
            exact_n2 = (sets_SRU[set_n[:, None], which_n2] - x_BU[row_n, None]).norm(dim=-1).sort(-1).values
            nearest_BS[row_n, set_n] = torch.where(exact_n2[:, 0] <= FLOOR, exact_n2[:, -1], exact_n2[:, 0])
        return nearest_BS.mean(-1)


class Strangeness(nn.Module):
    """The score of every row from three looks at it, higher is stranger.

    - its *error*: the root mean square over cells of x - x_hat, in units of each cell's own root mean square error;
    - its *place*: how far its reconstruction, which is where its code lies in the data's own units, is from random sets
      of eight other reconstructions;
    - its *neighbours*: how far it and its errors, side by side, are from random sets of 1,024 rows and theirs. So close
      a look is right where all rows are normal; else an anomaly finds its like.

    Of pictures, error and neighbours are shares of how much there is in the picture: its distance from an empty one,
    all of the commonest value. Else what is nearly empty, a "1" among other digits, passes for normal.

    Counts are compared as square roots of shares, so that a row's total plays no part, and their error is the
    perplexity: the exponential of the cross-entropy between a row's shares and those expected.

    Each look is divided by its median over the rows learned from, and the score is the weighted sum of their
    logarithms: so log-densities add up, of the row given its code and of the code (a distance to neighbours is a
    power of a density).

    Parameters
    ----------
    model : Model
        Fitted.
    shape : tuple of int
        Of one prepared row.
    weights : Weights
    coarse, fine : Sizes
        Of the sets for place and neighbours.
    """

    scale: Tensor
    usual: Tensor
    medians: Tensor
    empty: Tensor
    least: Tensor

    def __init__(self, model: Model, shape: tuple[int, ...], weights: Weights, coarse: Sizes, fine: Sizes) -> None:
        super().__init__()
        self.model, self.shape, self.weights = model, shape, weights
        self.of_counts = isinstance(model.likelihood.inner, (Multinomial, NegativeBinomial))
        width = int(np.prod(shape))
        self.place = References(torch.zeros(*coarse, width))
        self.neighbours = References(torch.zeros(*fine, 2 * width)) if weights.neighbours else None
        for name, like in (
            ("scale", shape), ("usual", shape), ("medians", (3,)), ("empty", ()), ("least", ()),
        ):  # fmt: skip
            self.register_buffer(name, torch.ones(like))

    def errors(self, x_B___: Tensor, expected_B___: Tensor) -> Tensor:
        """Squared errors in units of each cell's mean square error; of a missing cell 0."""
        error_B___ = (x_B___ - expected_B___) / self.scale.to(x_B___)
        return torch.where(x_B___.isnan(), 0.0, error_B___).square()

    def amount(self, x_B___: Tensor) -> Tensor:
        """How much there is in each picture, (B,), at least a tenth of the median fitted; of other rows 1."""
        if len(self.shape) != 3:
            return torch.ones_like(x_B___.flatten(1)[:, 0])
        amount_B: Tensor = (x_B___ - self.empty.to(x_B___)).flatten(1).norm(dim=-1)
        return amount_B.clamp_min(self.least.to(x_B___))

    def compared(self, x_B___: Tensor, expected_B___: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and reconstructions as they are compared: counts as square roots of shares of their totals.

        Then it plays no part how many were counted, and noise is much the same in all cells.
        """
        return (_roots(x_B___), _roots(expected_B___)) if self.of_counts else (x_B___, expected_B___)

    def joint(self, x_B___: Tensor, expected_B___: Tensor) -> Tensor:
        """A row and its errors in their own units side by side, (B, 2 U); a missing cell is as expected."""
        x_B___ = torch.where(x_B___.isnan(), expected_B___, x_B___)
        error_B___ = (x_B___ - expected_B___) / self.scale.to(x_B___)
        return torch.cat([x_B___.flatten(1), error_B___.flatten(1)], -1)

    def looks(self, x_B___: Tensor, told_BC: Tensor | None = None) -> Tensor:
        """Error, place and neighbours of every row, (B, 3)."""
        x_B___, expected_B___ = self.compared(x_B___, self.model.reconstruct(x_B___, told_BC).to(x_B___.dtype))
        amount_B = self.amount(x_B___)
        if self.of_counts:
            error_B = _perplexity(x_B___, expected_B___)
        else:
            known_B = (~x_B___.isnan()).flatten(1).sum(-1).clamp_min(1)
            error_B = (self.errors(x_B___, expected_B___).flatten(1).sum(-1) / known_B).sqrt() / amount_B
        place_B = self.place(expected_B___.flatten(1))
        near_B = torch.ones_like(error_B)
        if self.neighbours is not None:
            near_B = self.neighbours(self.joint(x_B___, expected_B___) / amount_B[:, None])
        return torch.stack([error_B, place_B, near_B], -1)

    def forward(self, x_B___: Tensor, told_BC: Tensor | None = None) -> Tensor:
        looks_B3 = self.looks(x_B___, told_BC) / self.medians.to(x_B___)
        return (looks_B3.clamp_min(FLOOR).log() @ looks_B3.new_tensor(self.weights)).round(decimals=DECIMALS)

    def own_state(self) -> dict[str, Tensor]:
        """What was learned besides the model."""
        return {name: tensor for name, tensor in self.state_dict().items() if not name.startswith("model.")}

    @classmethod
    def of(cls, model: Model, shape: tuple[int, ...], weights: Weights, state: Mapping[str, Tensor]) -> "Strangeness":
        """The same again from `own_state`, which may be hostile.

        Raises
        ------
        ModelFileError
            If a tensor is missing, of another shape, or not finite.
        """
        made = cls(model, shape, weights, Sizes(1, 2), Sizes(1, 2))
        wanted = made.own_state()
        if wanted.keys() != state.keys():
            raise ModelFileError(f"a detector's tensors are {sorted(state)[:9]}")
        for name, tensor in state.items():
            sets = name.endswith("rows_SRU")
            like = (*tensor.shape[:2], wanted[name].shape[2]) if sets else wanted[name].shape
            sound = tuple(tensor.shape) == tuple(like) and bool(torch.isfinite(tensor).all())
            sound = sound and not (sets and (not tensor.shape[0] or tensor.shape[1] < 2))
            if not sound or (name in POSITIVE and not (tensor > 0).all()):
                raise ModelFileError(f"tensor {name!r} of a detector is {tuple(tensor.shape)}, or holds odd values")
            owner, _, own = name.rpartition(".")
            setattr(made.get_submodule(owner), own, tensor.float())
        return made


def learn(autoencoder: Autoencoder, data: Dataset, *, normal_only: bool, seed: int) -> Strangeness:
    """Scales, references and medians of the rows that an autoencoder was fitted on, or of some of them."""
    rng = np.random.default_rng(seed)
    rows: NDArray[np.int64] = np.arange(data.n, dtype=np.int64)
    cells = int(np.prod(autoencoder.preparation_.shape))
    most = min(MOST_LEARNED, max(FEWEST_LEARNED, MOST_NUMBERS // cells))
    if data.n > most:
        rows = np.sort(rng.choice(rows, most, replace=False))
    batches = Batches(data.source, autoencoder.preparation_, rows, batch_size=len(rows), memory=None, seed=0)
    x_B___ = next(batches.in_order()).x_B___.to(next(autoencoder.model_.parameters()).device)
    model, weights = autoencoder.model_.eval(), weights_for(normal_only)
    fine_rows = min(FINE.rows, max(FEWEST_LEARNED, MOST_NUMBERS // (2 * cells * FINE.sets)))
    wanted = (COARSE, Sizes(FINE.sets, fine_rows))
    coarse, fine = (size if size.rows < len(rows) else Sizes(1, len(rows)) for size in wanted)
    made = Strangeness(model, tuple(x_B___.shape[1:]), weights, coarse, fine)
    with torch.no_grad(), seeded(seed, "cpu"):
        raw_B___ = x_B___
        rebuilt_B___ = torch.cat([model.reconstruct(part) for part in raw_B___.split(AT_ONCE)])
        x_B___, expected_B___ = made.compared(raw_B___, rebuilt_B___)
        square___ = (x_B___ - expected_B___).square().nanmean(0).nan_to_num(1.0)
        made.scale = square___.sqrt().clamp_min(max(FLOOR, LEAST_SCALE * square___.mean().sqrt().item()))
        if len(made.shape) == 3:  # cells of a picture are of one kind
            made.scale = torch.ones_like(made.scale)
            made.empty = x_B___.round(decimals=2).flatten().mode().values
            made.least = torch.tensor(FLOOR)
            made.least = LEAST_SCALE * made.amount(x_B___).median().clamp_min(FLOOR)
        made.usual = raw_B___.nanmean(0).nan_to_num(0.0)
        made.place.rows_SRU = _sets(expected_B___, coarse)
        if made.neighbours is not None:
            made.neighbours.rows_SRU = _sets(made.joint(x_B___, expected_B___) / made.amount(x_B___)[:, None], fine)
        looks_B3 = torch.cat([made.looks(part) for part in raw_B___.split(AT_ONCE)])
        made.medians = looks_B3.median(0).values.clamp_min(FLOOR)
    return made


def _roots(counts_BU: Tensor) -> Tensor:
    shares_BU = counts_BU / counts_BU.sum(-1, keepdim=True).clamp_min(LEAST_SHARE)
    return shares_BU.clamp_min(0).sqrt()


def _perplexity(root_BU: Tensor, expected_BU: Tensor) -> Tensor:
    """The exponential of the cross-entropy of shares given by their square roots, (B,): how many it is like guessing
    among. It has the same mean whatever a row's total is. Of an empty row it is as many as there are cells.
    """
    nats_B = -(root_BU.square() * expected_BU.square().clamp_min(LEAST_SHARE).log()).sum(-1)
    return torch.where(root_BU.sum(-1) > 0, nats_B.exp(), float(root_BU.shape[-1]))


def _sets(rows_B___: Tensor, sizes: Sizes) -> Tensor:
    chosen = [torch.randperm(len(rows_B___))[: sizes.rows] for _ in range(sizes.sets)]
    return torch.stack([rows_B___[some].flatten(1) for some in chosen])
