"""Filling gaps by what rows that are known resemble, and weighing that against the search for a code.

Legend: B rows, N rows that are recalled, F features, C cells,
T temperatures.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from isthmus.autoencoder import Autoencoder
from isthmus.errors import InputError

TEMPERATURES = tuple(float(t) for t in np.geomspace(0.003, 3.0, 16))
"""In squared prepared units, which are standard deviations of columns."""
SHARE = 0.2
"""Of the cells of rows that are recalled, hidden from them to learn by."""
MOST = 2000
"""Rows that this is learned by."""
CELLS = 1 << 22
"""Pairs of rows that are compared at once."""


def recall(x_BF: Tensor, rows_NF: Tensor, temperatures: Sequence[float], own_B: Tensor | None = None) -> Tensor:
    """The mean of rows that are known, each by how well it agrees with what is known of x, (T, B, F).

    Weights are exp(-E / t), E the mean over known cells of the squared difference: kernel regression (Nadaraya 1964;
    Watson 1964) on the cells that are known.

    Parameters
    ----------
    x_BF : Tensor
        Prepared rows whose unknown cells are NaN.
    rows_NF : Tensor
        Prepared rows without gaps.
    own_B : Tensor, optional
        Which of the rows recalled each of these is itself, which then isn't recalled.
    """
    parts = []
    for some_b in torch.arange(len(x_BF)).split(max(1, CELLS // len(rows_NF))):
        known_bF = (~x_BF[some_b].isnan()).to(rows_NF.dtype)
        x_bF = x_BF[some_b].nan_to_num(nan=0.0)
        squares_bN = x_bF.square().sum(-1, keepdim=True) - 2 * x_bF @ rows_NF.mT + known_bF @ rows_NF.square().mT
        cost_bN = squares_bN.clamp_min(0) / known_bF.sum(-1, keepdim=True).clamp_min(1)
        if own_B is not None:
            cost_bN[torch.arange(len(some_b)), own_B[some_b]] = torch.inf
        parts.append(torch.stack([(-cost_bN / t).softmax(-1) @ rows_NF for t in temperatures]))
    return torch.cat(parts, 1)


def numeric_features(estimator: Autoencoder) -> NDArray[np.bool_]:
    """Which prepared features are numbers; the others are categories, spread over several.

    Raises
    ------
    InputError
        If none is.
    """
    groups = estimator.preparation_.groups  # type: ignore[attr-defined]
    numeric = np.repeat([kind == "numeric" for kind, _ in groups], [width for _, width in groups])
    if not numeric.any():
        raise InputError("blend is weighed by columns of numbers; this table has none: leave it out")
    return numeric


def hide(
    x_BF: Tensor, numeric_F: NDArray[np.bool_], seed: int, most: int = MOST
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Up to `most` rows, at random, and which numbers of them are hidden: a fifth, but never all that is known."""
    numbers = np.random.default_rng(seed)
    rows = np.sort(numbers.permutation(len(x_BF))[: min(most, MOST)])
    known = ~np.isnan(x_BF[torch.from_numpy(rows)].numpy())
    hidden = (numbers.random(known.shape) < SHARE) & known & numeric_F
    hidden[(hidden | ~known).all(1)] = False
    return rows, hidden


def best_temperature(found_TBF: Tensor, x_BF: Tensor, hidden_BF: Tensor) -> int:
    """Which temperature gives the hidden cells back with the least squared error."""
    error_TBF = (found_TBF - x_BF).square()
    return int(torch.stack([error_BF[hidden_BF].mean() for error_BF in error_TBF]).argmin())


def weigh(one_BF: Tensor, other_BF: Tensor, x_BF: Tensor, hidden_BF: Tensor) -> float:
    """The share (0 to 1) of one way to fill, the rest being the other, that comes nearest to the hidden cells.

    Least squares of weights that are not negative and sum to one, stacked regression (Breiman, Machine Learning 1996).
    """
    apart_C = (one_BF - other_BF)[hidden_BF]
    share = ((x_BF - other_BF)[hidden_BF] * apart_C).sum() / apart_C.square().sum().clamp_min(1e-12)
    return float(share.clamp(0, 1))
