"""Drawing new rows.

Legend: N rows, Z code values.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from isthmus import choices, conditioning
from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, restore
from isthmus.data.preparation.curves import Curves, fit_curves
from isthmus.data.preparation.tables import TablePreparation
from isthmus.errors import DataError, InputError
from isthmus.generation.sources import DENSITIES, Source, near, of_flow, of_mixture, of_prior
from isthmus.model import Model
from isthmus.names import nearest
from isthmus.training import seeded

DRAWS = ("auto", "mean", "sample")
SPREAD = 0.3
"""Usual, in standard deviations of codes."""
MANY = 10_000
"""Rows drawn to find how numbers are distributed that a model draws."""


@dataclass(frozen=True, eq=False)
class Generator:
    """A fitted model and where its codes are to come from.

    ``sampled`` tells whether rows are drawn from p(x|z); ``curves``, if any, then give each prepared column the
    distribution that it had where it was learned.
    """

    estimator: Autoencoder
    source: Source
    label: Any
    sampled: bool
    curves: Curves | None = None

    @property
    def piece(self) -> int:
        """How many rows are drawn at a time."""
        return self.estimator._rows_at_once()

    def rows(self, n: int, seed: int) -> Iterator[NDArray[Any]]:
        """`n` raw rows, piece by piece, so that memory is bounded."""
        for codes, piece_seed in self._pieces(n, seed):
            yield self._decoded(codes, piece_seed)

    def codes(self, n: int, seed: int) -> NDArray[np.float64]:
        """The codes that `rows` decodes, (n, Z)."""
        return np.concatenate([codes for codes, _ in self._pieces(n, seed)])

    def _pieces(self, n: int, seed: int) -> Iterator[tuple[NDArray[np.float64], int]]:
        for number, start in enumerate(range(0, n, self.piece)):
            piece_seed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) >> 1
            with torch.no_grad(), seeded(piece_seed, "cpu"):
                codes = self.source.sample(min(self.piece, n - start)).numpy().astype(np.float64)
            yield codes, piece_seed + 1

    def _decoded(self, codes: NDArray[np.float64], seed: int) -> NDArray[Any]:
        if not self.sampled:
            return self.estimator.decode_raw(codes, self.label)
        with seeded(seed, choices.device(self.estimator.device)):
            prepared = self.estimator.decode_prepared(codes, self.label, function=_drawn)
        prepared = prepared if self.curves is None else self.curves.bend(prepared)
        raw = self.estimator.preparation_.undo(prepared)
        return _as_learned(raw, self.estimator, seed) if self.estimator.schema_.kind == "table" else raw


def generator(
    estimator: Autoencoder,
    *,
    density: str = "prior",
    fitted_to: Any = None,
    label: Any = None,
    like: Any = None,
    spread: float = SPREAD,
    temperature: float = 1.0,
    draw: str = "auto",
    random_state: int = 0,
) -> Generator:
    """Prepare to draw rows as `generate` does, piece by piece.

    Raises
    ------
    InputError
        As `generate`.
    """
    check_is_fitted(estimator, "model_")
    check_draws(spread=spread, temperature=temperature, draw=draw)
    if density not in DENSITIES:
        raise InputError(f"density={density!r}: {nearest(density, DENSITIES)}")
    everything = data = None if fitted_to is None else estimator._open(fitted_to, fewest=1)
    told = None
    if label is not None and estimator.conditions_ is not None:
        told = estimator.conditions_.spelt([label])
    elif label is not None:
        data = _labelled(data, label, estimator.recipe)
        density = "mixture" if density == "prior" else density
    source = _source(estimator, density, data, temperature, random_state)
    if like is not None:
        row = _one_row(estimator, like)
        source = _near(estimator, source, row, spread * temperature)
        told = conditioning.own_labels(estimator.conditions_, row) if told is None else told
    sampled = draw == "sample" or (draw == "auto" and estimator.schema_.kind == "table")
    found = Generator(estimator, source, told, sampled)
    if not (sampled and told is None and _bends(estimator)):
        return found
    if label is not None or like is not None or temperature != 1:
        source = _source(estimator, density, everything, 1.0, random_state)
    return replace(found, curves=_curves(estimator, source, random_state))


def _bends(estimator: Autoencoder) -> bool:
    learned = estimator.preparation_
    return isinstance(learned, TablePreparation) and learned.curves is not None


def _curves(estimator: Autoencoder, usual: Source, seed: int) -> Curves:
    """What takes numbers that are drawn by the usual source to normal scores, as those learned from are."""
    learned = estimator.preparation_
    assert isinstance(learned, TablePreparation)  # for the type checker
    assert learned.curves is not None
    with torch.no_grad(), seeded(seed, choices.device(estimator.device)):
        prepared = estimator.decode_prepared(usual.sample(MANY).numpy().astype(np.float64), function=_drawn)
    kinds = np.array([kind for kind, width in learned.groups for _ in range(width)])
    return fit_curves(prepared, kinds == "numeric", learned.curves.furthest)


def generate(estimator: Autoencoder, n: int = 1, *, random_state: int = 0, **options: Any) -> Any:
    """New rows, like the fitted ones in columns and types.

    Parameters
    ----------
    estimator : Autoencoder
        Fitted.
    n : int
    density : {"prior", "mixture", "flow"}
        Where codes are drawn from: the model's prior, or a gaussian mixture or normalising flow that is fitted to the
        codes of the rows `fitted_to`, the training ones at best.
    fitted_to : like X of `fit`, optional
        Also rows to choose by their labels.
    label : optional
        Rows of one class: a conditional model is told it; of another model the density is fitted to the codes of those
        rows of `fitted_to` that have it.
    like : one row, optional
        Codes are drawn about its code, N(code, (spread x s)^2), s the codes' own standard deviations. A conditional
        model is told the row's own label, unless `label` names another.
    spread : float, default=0.3
    temperature : float, default=1
        Below 1 codes are drawn nearer to the middle of the density: more usual rows, and fewer kinds of them.
    draw : {"auto", "mean", "sample"}
        The mean of p(x|z) of each code, or a row drawn from p(x|z): "auto" draws tables and takes means of all else.
        Drawn numbers are kept within the range of those learned from, and cells are missing as often as there. Of a
        model whose numbers are bent ("quantile") each column, were rows drawn of no one class and at temperature 1,
        would be distributed as it was there.
    random_state : int
        The same seed gives the same rows.

    Returns
    -------
    array or DataFrame
        What `Autoencoder.sample` gives.

    Raises
    ------
    InputError
        If there is no prior to draw from and no density is fitted, the class is unknown, or a number out of range.
    """
    n = choices.whole_number("n", n)
    found = generator(estimator, random_state=random_state, **options)
    raw = np.concatenate(list(found.rows(n, random_state)))
    container = estimator.record_.get("data", {}).get("container", "numpy")
    given = restore(raw, estimator.schema_, container)
    return torch.from_numpy(given) if container == "torch" else given


def check_draws(*, spread: float = SPREAD, temperature: float = 1.0, draw: str = "auto") -> None:
    """Refuse what no rows can be drawn by.

    Raises
    ------
    InputError
        If a number is below 0 or no number, or the way to draw isn't known.
    """
    if draw not in DRAWS:
        raise InputError(f"draw={draw!r}: {nearest(draw, DRAWS)}")
    for name, value in (("spread", spread), ("temperature", temperature)):
        if not (np.isfinite(value) and value >= 0):
            raise InputError(f"{name}={value!r}: give a number, 0 or more")


def _labelled(data: Dataset | None, label: Any, recipe: str) -> Dataset:
    """The rows that have a label."""
    if data is None or data.labels is None:
        raise InputError(
            f"recipe {recipe!r} isn't told classes: give labelled rows to whose codes a density is fitted "
            "(--fitted-to DATA, in Python fitted_to=), or fit recipe 'conditional'"
        )
    labels = data.labels.astype(str)
    rows = np.flatnonzero(labels == str(label))
    if not len(rows):
        known = sorted(set(labels.tolist()))
        raise InputError(f"no row has the label {str(label)!r}: {nearest(str(label), known[:20])}")
    return data.subset(rows)


def _source(estimator: Autoencoder, density: str, data: Dataset | None, temperature: float, seed: int) -> Source:
    if density == "prior":
        return of_prior(estimator.model_, temperature)
    if data is None:
        raise InputError(f"density={density!r} is fitted to codes: give the training rows (--fitted-to, fitted_to=)")
    codes = estimator.transform(data).astype(np.float64)
    return (of_mixture if density == "mixture" else of_flow)(codes, temperature, seed)


def _one_row(estimator: Autoencoder, like: Any) -> Dataset:
    row = estimator._open(like, fewest=1)
    if row.n != 1:
        raise DataError(f"{row.n} rows to be like: give one")
    return row


def _near(estimator: Autoencoder, source: Source, row: Dataset, spread: float) -> Source:
    code_Z = estimator.transform(row)[0].astype(np.float64)
    return near(torch.from_numpy(code_Z), source.spread_Z, spread)


def _drawn(model: Model, z_NZ: torch.Tensor, condition_NC: torch.Tensor | None) -> torch.Tensor:
    """Rows drawn from p(x|z), in prepared units."""
    raw_N___ = model.decoder(model.bottleneck.sent(z_NZ), model.conditions(condition_NC, z_NZ))
    return model.likelihood.draw(raw_N___)


def _as_learned(raw: NDArray[np.float64], estimator: Autoencoder, seed: int) -> NDArray[np.float64]:
    """Numbers within the range learned from; cells missing as often as there, each column by itself."""
    learned = estimator.preparation_
    assert isinstance(learned, TablePreparation)  # for the type checker
    if learned.lows is None or learned.gaps is None:  # a model of an earlier version
        return raw
    missing = np.random.default_rng(seed).random(raw.shape) < learned.gaps
    return np.where(missing, np.nan, np.clip(raw, learned.lows, learned.highs))
