"""The rows that a detector keeps in order to go on learning: a bounded, uniform sample of all that came."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Dataset, Schema, split
from isthmus.data.source import ArraySource

Rows = NDArray[np.int64]
Labels = NDArray[np.bool_]
MOST_ROWS, FEWEST_ROWS, MOST_BYTES = 20_000, 64, 64 << 20


@dataclass(frozen=True)
class Memory:
    """Raw rows in the order in which they came, and what each is for.

    Every row that comes draws a key; of the rows to learn from, and of those held out, the ones of the smallest keys
    are kept. So whatever the batches, either sample is a uniform one of all rows seen, and which rows are held out is
    drawn without a look at them: the held-out ones stay exchangeable with normal rows to come.

    Parameters
    ----------
    rows : (k, *shape)
        Raw.
    held : (k,) of bool
        Whether a row is held out to calibrate by.
    keys : (k,)
        Uniform between 0 and 1.
    share : float
        Of the rows to come that are to be held out.
    seen : int
        Rows that came in all.
    steps : int
        Of training that the first of them had.
    """

    rows: NDArray[np.generic]
    held: Labels
    keys: NDArray[np.float64]
    share: float
    seen: int
    steps: int = 0

    @classmethod
    def of(
        cls, data: Dataset, parts: tuple[Rows, Rows], share: float, rng: np.random.Generator, fewest: int
    ) -> "Memory":
        """A sample of the rows learned from and held out, `parts`; of held-out ones `fewest` stay if there are."""
        order = np.sort(np.concatenate(parts))
        held, keys = np.isin(order, parts[1]), rng.random(len(order))
        kept = _smallest(keys, held, _most(data.source.shape, data.source.dtype), fewest)
        return cls(data.source.take(order[kept]), held[kept], keys[kept], share, data.n)

    def with_more(self, later: "Memory", fewest: int) -> "Memory":
        """A sample of all rows that either is a sample of."""
        held, keys = np.concatenate([self.held, later.held]), np.concatenate([self.keys, later.keys])
        rows = joined(self.rows, later.rows)
        kept = _smallest(keys, held, _most(rows.shape[1:], rows.dtype), fewest)
        return Memory(rows[kept], held[kept], keys[kept], self.share, self.seen + later.seen, self.steps)

    def parts_of(self, data: Dataset, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """Which of the rows that come are learned from, and which held out: each by a draw of its own, be they few.

        Windows that share steps are parted in one block, as `split` does.
        """
        if data.overlap:
            return split(data.n, self.share, int(rng.integers(2**31)), data.overlap)
        held = rng.random(data.n) < self.share
        return np.flatnonzero(~held), np.flatnonzero(held)

    def passes(self, new: int, batch_size: int) -> int:
        """How often to go over so many new rows and as many others: they get their share of the steps, or one pass."""
        share = new / (new + int((~self.held).sum()))
        return max(1, round(self.steps * share / math.ceil(2 * new / batch_size)))

    def some(self, most: int, rng: np.random.Generator) -> NDArray[np.generic]:
        """Up to so many of the rows to learn from."""
        which = np.flatnonzero(~self.held)
        chosen: NDArray[np.generic] = self.rows[np.sort(rng.choice(which, min(most, len(which)), replace=False))]
        return chosen

    def dataset(self, schema: Schema, *, learned: bool = False) -> Dataset:
        """All rows, or those to learn from."""
        return Dataset(schema, ArraySource(self.rows[~self.held] if learned else self.rows))


def joined(first: NDArray[np.generic], second: NDArray[np.generic]) -> NDArray[np.generic]:
    """Rows one after the other; of series the shorter ones end in NaN."""
    if first.ndim == 3 and first.shape[1] != second.shape[1]:
        longest = max(first.shape[1], second.shape[1])
        first, second = (
            np.pad(rows.astype(np.float64), ((0, 0), (0, longest - rows.shape[1]), (0, 0)), constant_values=np.nan)
            for rows in (first, second)
        )
    return np.concatenate([first, second])


def _most(shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> int:
    return min(MOST_ROWS, max(FEWEST_ROWS, MOST_BYTES // max(1, math.prod(shape) * dtype.itemsize)))


def _smallest(keys: NDArray[np.float64], held: Labels, most: int, fewest: int) -> Rows:
    """The rows of the smallest keys, so many of either kind, in the order in which they came."""
    found = [
        which[np.argsort(keys[which], kind="stable")[:limit]]
        for which, limit in ((np.flatnonzero(~held), most), (np.flatnonzero(held), max(most, fewest)))
    ]
    return np.sort(np.concatenate(found)).astype(np.int64)
