"""Numbers by their ranks: columns bent so that each is normally distributed, and bent back.

Legend: n rows, C columns, L levels.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from isthmus.data.preparation.checks import numbers, part
from isthmus.errors import DataError

Floats = NDArray[np.float64]
LEVELS = 257
FURTHEST = 3.5
MOST_ROWS = 20_000
"""That quantiles are found of; of more rows so many are drawn."""


@dataclass(frozen=True, eq=False)
class Curves:
    """For each column that is bent the values that have the normal scores from -`furthest` to `furthest`.

    A value's score is that of a normal variable of the same rank: spikes, skew and heavy tails are gone (van der
    Waerden, 1952), and order is kept. Between the `LEVELS` values known, which are evenly spaced in scores, it is
    linear; a value that many rows share has the score of the middle of their ranks. Columns of ``None`` stay as they
    are.
    """

    quantiles: tuple[Floats | None, ...]
    furthest: float

    @property
    def _scores_L(self) -> Floats:
        return np.linspace(-self.furthest, self.furthest, LEVELS)

    def bend(self, values: NDArray[Any]) -> Floats:
        """Values (n, C) to scores; beyond the values known it is the last score."""
        out, scores_L = np.array(values, np.float64), self._scores_L
        for i, known_L in enumerate(self.quantiles):
            if known_L is not None:  # of a value shared by many the last score, and the first
                last = np.interp(out[:, i], known_L, scores_L)
                first = -np.interp(-out[:, i], -known_L[::-1], scores_L)
                out[:, i] = np.where(first == last, last, ndtri((ndtr(first) + ndtr(last)) / 2))
        return out

    def unbend(self, scores: NDArray[Any]) -> Floats:
        """Scores (n, C) to values, within those known."""
        out, scores_L = np.array(scores, np.float64), self._scores_L
        for i, known_L in enumerate(self.quantiles):
            if known_L is not None:
                out[:, i] = np.interp(out[:, i], scores_L, known_L)
        return out

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        known = [None if known_L is None else known_L.tolist() for known_L in self.quantiles]
        return {"quantiles": known, "furthest": self.furthest}

    @classmethod
    def from_json(cls, description: Mapping[str, Any], bent: Iterable[bool]) -> "Curves":
        """Rebuild; anything unexpected is a DataError."""
        known, furthest = part(description, "quantiles"), numbers([part(description, "furthest")], 1)[0]
        bent = list(bent)
        if not isinstance(known, list) or [item is not None for item in known] != bent or not 0 < furthest < 10:
            raise DataError("preparation: curves are not those of its numeric columns")
        found = tuple(None if item is None else numbers(item, LEVELS) for item in known)
        if any(known_L is not None and (np.diff(known_L) < 0).any() for known_L in found):
            raise DataError("preparation: a curve that falls")
        return cls(found, float(furthest))


def fit_curves(values: NDArray[Any], bent: NDArray[np.bool_], furthest: float | None = None) -> Curves:
    """Learn the curves of some columns from rows (n, C); missing cells are passed over.

    The furthest score, if it isn't given, is that of the largest of n values.
    """
    if furthest is None:
        furthest = min(FURTHEST, float(ndtri(1 - 0.5 / max(len(values), 2))))
    shares_L = ndtr(np.linspace(-furthest, furthest, LEVELS))
    shares_L[[0, -1]] = 0, 1
    return Curves(tuple(_quantiles(values[:, i], shares_L) if bent[i] else None for i in range(len(bent))), furthest)


def _quantiles(column: NDArray[Any], shares_L: Floats) -> Floats:
    known = column[~np.isnan(column)].astype(np.float64)
    return np.quantile(known, shares_L) if len(known) else np.zeros(LEVELS)


class Some:
    """At most `MOST_ROWS` rows of those that pass, each with the same chance; the same rows give the same ones."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._rows: list[NDArray[Any]] = []
        self._keys: NDArray[np.float64] = np.empty(0)

    def watching(self, chunks: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """The same pieces, looked at as they pass."""
        for chunk in chunks:
            keys = np.concatenate([self._keys, self._random.random(len(chunk))])
            kept = np.sort(np.argsort(keys)[:MOST_ROWS])
            self._rows, self._keys = [np.concatenate([*self._rows, chunk])[kept]], keys[kept]
            yield chunk

    def found(self) -> NDArray[Any]:
        """The rows."""
        return self._rows[0]
