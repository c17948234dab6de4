"""Rows in, batches out: from memory, or streamed through a window when they don't fit.

Rows that fit are prepared once into one tensor and sliced by a permutation. Else runs of neighbouring rows are read
in random order into a window, mixed there, and dealt out, while a thread reads the next window. The order depends on
seed and epoch alone.

Legend: B rows of the batch, C condition values, `___` the shape of one prepared row.
"""

import math
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rows = NDArray[np.int64]
WINDOW_BYTES = 96 << 20
RUN_BYTES = 1 << 19


class Batch(NamedTuple):
    """Prepared rows, what the model is told besides, if anything, and what the encoder sees of them, if given."""

    x_B___: Tensor
    condition_BC: Tensor | None = None
    seen_B___: Tensor | None = None

    @classmethod
    def of_pairs(cls, both_B___: Tensor, condition_BC: Tensor | None) -> "Batch":
        """Rows and what is seen of them, of which each row is joined along its first axis."""
        x_B___, seen_B___ = both_B___.chunk(2, 1)
        return cls(x_B___, condition_BC, seen_B___)

    def to(self, device: str, dtype: torch.dtype | None = None) -> "Batch":
        """The same on a device, and in a type of numbers."""
        moved = (None if each is None else each.to(device, dtype, non_blocking=True) for each in self)
        return Batch(*moved)  # type: ignore[arg-type]


class RowSource(Protocol):
    """Where raw rows come from."""

    @property
    def nbytes(self) -> int:
        """Size of all rows."""

    @property
    def resident(self) -> bool:
        """Whether they are in memory already."""

    def __len__(self) -> int: ...

    def take(self, rows: Rows, /) -> NDArray[np.generic]:
        """These rows, in this order."""


class Preparer(Protocol):
    """What turns raw rows into the numbers a network likes."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one prepared row."""

    def apply(self, raw: NDArray[np.generic], /) -> NDArray[np.float32]:
        """The prepared rows."""


class Batches:
    """The training (or held-out) rows of a source, batch by batch, the last short one included.

    Parameters
    ----------
    source, preparation
    rows : array of int, ascending
        Which rows of the source.
    batch_size : int
    conditions : array of float32, (len(source), C), optional
        What the model is told of each row of the source.
    memory : int or None
        Bytes that the prepared rows may take; beyond it they are streamed. None: no bound.
    seed : int
    seen : RowSource, optional
        What the encoder sees of the source's rows: as many, prepared alike.
    """

    def __init__(
        self,
        source: RowSource,
        preparation: Preparer,
        rows: Rows,
        *,
        batch_size: int,
        memory: int | None,
        seed: int,
        conditions: NDArray[np.float32] | None = None,
        seen: RowSource | None = None,
    ) -> None:
        self.source, self.seen, self.preparation, self.rows = source, seen, preparation, rows
        self.batch_size, self.seed = batch_size, seed
        sources = [each for each in (source, seen) if each is not None]
        self.row_bytes = 4 * math.prod(preparation.shape) * len(sources)
        held = sum(each.nbytes for each in sources if each.resident) + self.row_bytes * len(rows)
        self.streamed = memory is not None and held > memory
        self.window = WINDOW_BYTES if memory is None else min(WINDOW_BYTES, max(memory // 8, self.row_bytes))
        self._all: Tensor | None = None
        self._told = None if conditions is None else torch.from_numpy(conditions[rows])

    def __len__(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def epoch(self, epoch: int, skip: int = 0) -> Iterator[Batch]:
        """The batches of one epoch in random order, from number `skip` on."""
        generator = torch.Generator().manual_seed((self.seed << 24) + epoch)
        if self.streamed:
            return self._deal(self._windows(generator), skip * self.batch_size)
        return self._slice(generator, skip)

    def in_order(self) -> Iterator[Batch]:
        """The batches in the source's order."""
        for start in range(0, len(self.rows), self.batch_size):
            chunk = slice(start, start + self.batch_size)
            x_B___ = self._prepare(self.rows[chunk]) if self.streamed else self._whole()[chunk]
            yield self._told_of(x_B___, chunk)

    def _prepare(self, rows: Rows) -> Tensor:
        """The prepared rows; with what is seen of each joined to it."""
        if self.seen is None:
            return torch.from_numpy(self.preparation.apply(self.source.take(rows)))
        first, *others = self.preparation.shape
        both_B___ = torch.empty(len(rows), 2 * first, *others)
        step = max(1, RUN_BYTES // self.row_bytes)  # piece by piece: a second copy of all may not fit
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            for half, source in enumerate((self.source, self.seen)):
                part = torch.from_numpy(self.preparation.apply(source.take(some)))
                both_B___[start : start + step, half * first : (half + 1) * first] = part
        return both_B___

    def _whole(self) -> Tensor:
        if self._all is None:
            self._all = self._prepare(self.rows)
        return self._all

    def _slice(self, generator: torch.Generator, skip: int) -> Iterator[Batch]:
        order, whole = torch.randperm(len(self.rows), generator=generator), self._whole()
        for start in range(skip * self.batch_size, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            yield self._told_of(whole.index_select(0, chosen), chosen)

    def _windows(self, generator: torch.Generator) -> Iterator[Rows]:
        """Positions in `rows`, run by run in random order, a window's worth at a time, mixed within it."""
        run = max(1, RUN_BYTES // self.row_bytes)
        runs_each = max(1, self.window // (run * self.row_bytes))
        starts = torch.randperm(math.ceil(len(self.rows) / run), generator=generator) * run
        for some in starts.split(runs_each):
            ranges = [np.arange(start, min(start + run, len(self.rows))) for start in some.tolist()]
            inside = np.concatenate(ranges)
            yield inside[torch.randperm(len(inside), generator=generator).numpy()]

    def _deal(self, windows: Iterator[Rows], drop: int) -> Iterator[Batch]:
        """Batches from windows that one thread reads ahead; the first `drop` rows are passed over unread."""
        rest, places = torch.empty(0, *self.preparation.shape), torch.empty(0, dtype=torch.int64)
        for window, more in self._read_ahead(_without_first(windows, drop)):
            rest = torch.cat([rest, window]) if len(rest) else window
            places = torch.cat([places, more])
            whole = len(rest) // self.batch_size * self.batch_size
            for start in range(0, whole, self.batch_size):
                chunk = slice(start, start + self.batch_size)
                yield self._told_of(rest[chunk], places[chunk])
            rest, places = rest[whole:].clone(), places[whole:]
        if len(rest):
            yield self._told_of(rest, places)

    def _told_of(self, x_B___: Tensor, places: Tensor | slice) -> Batch:
        told_BC = None if self._told is None else self._told[places]
        return Batch(x_B___, told_BC) if self.seen is None else Batch.of_pairs(x_B___, told_BC)

    def _read_ahead(self, windows: Iterator[Rows]) -> Iterator[tuple[Tensor, Tensor]]:
        with ThreadPoolExecutor(1) as reader:
            upcoming: Future[tuple[Tensor, Tensor]] | None = None
            for window in windows:
                ready, upcoming = upcoming, reader.submit(self._read_window, window)
                if ready is not None:
                    yield ready.result()
            if upcoming is not None:
                yield upcoming.result()

    def _read_window(self, window: Rows) -> tuple[Tensor, Tensor]:
        """Rows and their places: read in the source's order, which disks like, and dealt in the window's."""
        order = np.argsort(window)
        read_B___ = self._prepare(self.rows[window[order]])
        dealt_B___ = torch.empty_like(read_B___)
        dealt_B___[torch.from_numpy(order)] = read_B___
        return dealt_B___, torch.from_numpy(window)


def _without_first(windows: Iterator[Rows], drop: int) -> Iterator[Rows]:
    for window in windows:
        if drop < len(window):
            yield window[drop:]
        drop = max(0, drop - len(window))
