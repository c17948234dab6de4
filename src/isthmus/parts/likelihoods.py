"""What a reconstruction is: p(x|z), and so the distortion -log p(x|z), in nats.

Legend: B rows of the batch, F features, `___` the shape of one row. `raw` is the decoder's output.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.checks import check_positive
from isthmus.parts.spec import Part

LOG_2PI = math.log(2 * math.pi)
SMALLEST_LOG_SCALE = -6.0


class Likelihood(Part, ABC):
    """The slot: a density per cell, and the mean of p(x|z)."""

    @abstractmethod
    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        """-log p of every cell, in nats, of x's shape."""

    @abstractmethod
    def mean(self, raw_B___: Tensor) -> Tensor:
        """The mean of p(x|z), in prepared units."""

    def mean_of_row(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:  # noqa: ARG002
        """The mean of p(x|z) where it depends on something of the row that is given, such as its total count."""
        return self.mean(raw_B___)

    def draw(self, raw_B___: Tensor) -> Tensor:  # noqa: ARG002
        """Rows drawn from p(x|z), in prepared units, by torch's global random numbers.

        Raises
        ------
        InputError
            If this density can't be drawn from.
        """
        raise InputError(f"rows can't be drawn from a density of {type(self).__name__}: take its mean")

    @property
    def inner(self) -> "Likelihood":
        """The density of a cell, within those around it that say which cells are known, or what is near."""
        return self

    def nll(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        """-log p(x|z) of every row, in nats, shape (B,)."""
        return self.cells(raw_B___, x_B___).flatten(1).sum(-1)


class _Scale(nn.Module):
    """One positive scale for all cells, fixed or learned.

    The learned logarithm is kept above -6 by a soft clip (Rybkin, Daniilidis & Levine, ICML 2021), for data that
    can be given back exactly would drive it to minus infinity. It is stored divided by 10, so that an optimiser
    whose steps are all of one size moves it ten times as fast as a weight: its optimum, the log of the residual's
    root mean square, is far from 0 and moves as the network learns.
    """

    GAIN = 10.0

    fixed_log: float | None

    def __init__(self, fixed: float | None) -> None:
        super().__init__()
        self.fixed_log = None if fixed is None else math.log(check_positive("scale", fixed))
        self.tenth = nn.Parameter(torch.zeros(())) if fixed is None else None

    def log(self) -> Tensor | float:
        if self.tenth is None:
            return self.fixed_log or 0.0
        return SMALLEST_LOG_SCALE + F.softplus(self.GAIN * self.tenth - SMALLEST_LOG_SCALE)


def _exp(log: Tensor | float) -> Tensor | float:
    return log.exp() if isinstance(log, Tensor) else math.exp(log)


class Normal(Likelihood):
    """x ~ N(raw, s^2 I) with one scale s: learned (`scale=None`), or fixed.

    With `bounded`, the mean is sigmoid(raw), for values from 0 to 1.

    With s fixed at 1 the distortion is half the squared error, up to a constant. Learning s balances distortion
    and rate without a weight to tune (sigma-VAE: Rybkin, Daniilidis & Levine, ICML 2021).
    """

    def __init__(self, scale: float | None = None, bounded: bool = False) -> None:
        super().__init__()
        self.scale, self.bounded = _Scale(scale), bounded

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        log_s = self.scale.log()
        return 0.5 * ((x_B___ - self.mean(raw_B___)) / _exp(log_s)) ** 2 + (log_s + 0.5 * LOG_2PI)

    def mean(self, raw_B___: Tensor) -> Tensor:
        return raw_B___.sigmoid() if self.bounded else raw_B___

    def draw(self, raw_B___: Tensor) -> Tensor:
        mean_B___ = self.mean(raw_B___)
        return mean_B___ + _exp(self.scale.log()) * torch.randn_like(mean_B___)


class Laplace(Likelihood):
    """x ~ Laplace(raw, s): absolute errors, less moved by outliers than `Normal`. s learned or fixed."""

    def __init__(self, scale: float | None = None, bounded: bool = False) -> None:
        super().__init__()
        self.scale, self.bounded = _Scale(scale), bounded

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        log_s = self.scale.log()
        return (x_B___ - self.mean(raw_B___)).abs() / _exp(log_s) + (log_s + math.log(2))

    def mean(self, raw_B___: Tensor) -> Tensor:
        return raw_B___.sigmoid() if self.bounded else raw_B___

    def draw(self, raw_B___: Tensor) -> Tensor:
        mean_B___ = self.mean(raw_B___)
        u_B___ = torch.rand_like(mean_B___) - 0.5
        return mean_B___ - _exp(self.scale.log()) * u_B___.sign() * (-2 * u_B___.abs()).log1p()


class Bernoulli(Likelihood):
    """x ~ Bernoulli(sigmoid(raw)), for cells that are 0 or 1, and as a cross-entropy for cells between them.

    For x strictly between 0 and 1 this isn't a normalised density (Loaiza-Ganem & Cunningham, NeurIPS 2019):
    compare its nats with other Bernoulli models only.
    """

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(raw_B___, x_B___, reduction="none")

    def mean(self, raw_B___: Tensor) -> Tensor:
        return raw_B___.sigmoid()

    def draw(self, raw_B___: Tensor) -> Tensor:
        return self.mean(raw_B___).bernoulli()


class Masked(Likelihood):
    """Another likelihood over the known cells: one that is NaN (a gap, or padding) costs and teaches nothing.

    Parameters
    ----------
    likelihood : Likelihood
        The density of a known cell.

    Notes
    -----
    As for `Mixed`: right when cells are missing at random.
    """

    def __init__(self, likelihood: Likelihood) -> None:
        super().__init__()
        self.likelihood = likelihood

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        known = ~x_B___.isnan()
        return torch.where(known, self.likelihood.cells(raw_B___, torch.where(known, x_B___, 0.0)), 0.0)

    def mean(self, raw_B___: Tensor) -> Tensor:
        return self.likelihood.mean(raw_B___)

    def draw(self, raw_B___: Tensor) -> Tensor:
        return self.likelihood.draw(raw_B___)

    @property
    def inner(self) -> Likelihood:
        return self.likelihood.inner


class Mixed(Likelihood):
    """Columns of several kinds side by side, for tables and the channels of series; missing cells (NaN) cost nothing.

    Parameters
    ----------
    groups : sequence of (kind, width)
        The columns from left to right: `("numeric", 1)` is Normal with one learned scale for all numeric columns
        (they are standardised, so one scale weighs them alike), `("binary", 1)` Bernoulli, `("categorical", k)`
        k one-hot columns under one softmax.

    Notes
    -----
    Leaving missing cells out of the sum is the likelihood of the observed ones when cells are missing at random
    (Nazabal et al., Pattern Recognition 2020).
    """

    def __init__(self, groups: list[tuple[str, int]]) -> None:
        super().__init__()
        unknown = {kind for kind, _ in groups} - {"numeric", "binary", "categorical"}
        if unknown:
            raise InputError(f"Mixed: unknown kind of column {sorted(unknown)[0]!r}")
        self.runs = list(_runs(groups))
        self.normal, self.bernoulli = Normal(), Bernoulli()

    def cells(self, raw_B___: Tensor, x_B___: Tensor) -> Tensor:
        known = ~x_B___.isnan()
        x_BF = torch.where(known, x_B___, 0.0)
        costs = [self._cost(kind, raw_B___[..., a:b], x_BF[..., a:b]) for kind, a, b in self.runs]
        return torch.cat(costs, -1) * known

    def _cost(self, kind: str, raw_Bf: Tensor, x_Bf: Tensor) -> Tensor:
        if kind == "categorical":
            return -x_Bf * raw_Bf.log_softmax(-1)
        return (self.normal if kind == "numeric" else self.bernoulli).cells(raw_Bf, x_Bf)

    def mean(self, raw_B___: Tensor) -> Tensor:
        return torch.cat([self._mean(kind, raw_B___[..., a:b]) for kind, a, b in self.runs], -1)

    def _mean(self, kind: str, raw_Bf: Tensor) -> Tensor:
        if kind == "categorical":
            return raw_Bf.softmax(-1)
        return (self.normal if kind == "numeric" else self.bernoulli).mean(raw_Bf)

    def draw(self, raw_B___: Tensor) -> Tensor:
        return torch.cat([self._draw(kind, raw_B___[..., a:b]) for kind, a, b in self.runs], -1)

    def _draw(self, kind: str, raw_Bf: Tensor) -> Tensor:
        if kind == "categorical":
            chosen_N = torch.multinomial(raw_Bf.softmax(-1).flatten(0, -2), 1)[:, 0]
            return F.one_hot(chosen_N, raw_Bf.shape[-1]).to(raw_Bf.dtype).reshape(raw_Bf.shape)
        return (self.normal if kind == "numeric" else self.bernoulli).draw(raw_Bf)


def _runs(groups: list[tuple[str, int]]) -> Iterator[tuple[str, int, int]]:
    """Neighbouring columns of one kind as one (kind, start, stop); a categorical column stays by itself."""
    run: tuple[str, int, int] | None = None
    for kind, width in groups:
        start = run[2] if run else 0
        if run and run[0] == kind and kind != "categorical":
            run = (kind, run[1], start + width)
            continue
        if run:
            yield run
        run = (kind, start, start + width)
    if run:
        yield run
