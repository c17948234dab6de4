"""Why a row is strange: which columns, region or stretch of time, and what was expected there.

Legend: B rows, C columns, F prepared columns, `___` the shape of one prepared row.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from isthmus.detection.steps import LastStep
from isthmus.detection.strangeness import Strangeness

AT_ONCE = 8192
"""Changed rows that are scored together."""
ROUNDS, WORST = 10, 0.1
"""How often, and which share of the cells, the worst rebuilt are taken out of the input."""
BLUR = 3
"""Side of the square, or number of steps, over which errors are averaged."""


def of_columns(strangeness: Strangeness, x_BF: Tensor, widths: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Each column's share of the score of every row, (B, C), and what was expected in its place, (B, F).

    What a column should hold is what the autoencoder makes of the row with that column at its usual value: the row's
    other columns alone then speak. Its share is by how much the score falls when it holds that, the others staying as
    they are; no fall is no share. Where no column alone makes the score fall, several being off, the shares are those
    of the errors.
    """
    starts = [sum(widths[:i]) for i in range(len(widths))]
    falls_BC = x_BF.new_zeros(len(x_BF), len(widths))
    expected_BF = x_BF.clone()
    score_B = strangeness(x_BF)
    each = max(1, AT_ONCE // max(1, len(x_BF)))
    for first in range(0, len(widths), each):
        columns = [(i, slice(starts[i], starts[i] + widths[i])) for i in range(first, min(first + each, len(widths)))]
        changed_NF = x_BF.repeat(len(columns), 1)
        blocks = changed_NF.view(len(columns), *x_BF.shape)
        for block_BF, (_, place) in zip(blocks, columns, strict=True):
            block_BF[:, place] = strangeness.usual[place].to(x_BF)
        rebuilt = strangeness.model.reconstruct(changed_NF).view_as(blocks)
        for block_BF, rebuilt_BF, (_, place) in zip(blocks, rebuilt, columns, strict=True):
            expected_BF[:, place] = block_BF[:, place] = rebuilt_BF[:, place].to(x_BF)
        score_cB = strangeness(changed_NF).view(len(columns), -1)
        for fallen_B, (column, _) in zip(score_B - score_cB, columns, strict=True):
            falls_BC[:, column] = fallen_B.clamp_min(0)
    several_B = falls_BC.sum(-1) == 0
    if several_B.any():
        odd_BF = x_BF[several_B]
        errors_BF = strangeness.errors(odd_BF, strangeness.model.reconstruct(odd_BF).to(odd_BF))
        blamed = [errors.sum(-1) for errors in errors_BF.split(list(widths), -1)]
        falls_BC[several_B] = torch.stack(blamed, -1).to(falls_BC)
    return _shares(falls_BC), expected_BF


def of_counts(strangeness: Strangeness, x_BF: Tensor) -> tuple[Tensor, Tensor]:
    """Each count's share of the deviance of its row, (B, F), as of Poisson counts; and the counts expected."""
    expected_BF = strangeness.model.reconstruct(x_BF).to(x_BF)
    deviance_BF = torch.xlogy(x_BF, x_BF / expected_BF.clamp_min(1e-9)) - (x_BF - expected_BF)
    return _shares(deviance_BF.clamp_min(0)), expected_BF


def of_pixels(strangeness: Strangeness, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """A heat map of every picture, (B, H, W), that sums to 1, and the picture expected, (B, C, H, W)."""
    expected_BCHW = _without_the_worst(strangeness, x_BCHW)
    heat_B1HW = (x_BCHW - expected_BCHW).square().sum(1, keepdim=True)
    heat_BHW = F.avg_pool2d(heat_B1HW, BLUR, 1, BLUR // 2)[:, 0]
    return _shares(heat_BHW), expected_BCHW


def of_steps(strangeness: Strangeness, x_BTC: Tensor) -> tuple[Tensor, Tensor]:
    """The share of every step of each series, (B, T), and the series expected, (B, T, C)."""
    expected_BTC = strangeness.model.reconstruct(x_BTC)
    error_B1T = strangeness.errors(x_BTC, expected_BTC).sum(-1)[:, None]
    return _shares(F.avg_pool1d(error_B1T, BLUR, 1, BLUR // 2)[:, 0]), expected_BTC


def of_last_steps(last: LastStep, x_BTC: Tensor) -> tuple[Tensor, Tensor]:
    """Each channel's share of the error of the last step, (B, C), and the windows expected, (B, T, C)."""
    expected_BTC = last.model.reconstruct(x_BTC)
    return _shares(last.errors(x_BTC, expected_BTC).nan_to_num(0.0)), expected_BTC


def _without_the_worst(strangeness: Strangeness, x_B___: Tensor) -> Tensor:
    """What is expected by the cells that are rebuilt well: the worst are replaced by what was expected, and again.

    A strange place spoils the code, and so what is expected elsewhere; a few rounds of this take it out of the input.
    """
    expected_B___ = strangeness.model.reconstruct(x_B___).to(x_B___)
    for _ in range(ROUNDS):
        error_B = (x_B___ - expected_B___).square().flatten(1)
        worst_B = error_B >= error_B.quantile(1 - WORST, -1, keepdim=True)
        mended_B___ = torch.where(worst_B.view_as(x_B___), expected_B___, x_B___)
        expected_B___ = strangeness.model.reconstruct(mended_B___).to(x_B___)
    return expected_B___


def _shares(error_B___: Tensor) -> Tensor:
    total_B = error_B___.flatten(1).sum(-1).clamp_min(torch.finfo(error_B___.dtype).tiny)
    return error_B___ / total_B.view(-1, *[1] * (error_B___.dim() - 1))
