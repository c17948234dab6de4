"""Interpolate: rows on the way from one row to another, beside the fade of one into the other."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.conditioning import shared_label
from isthmus.data import Dataset
from isthmus.errors import DataError, InputError
from isthmus.generation.paths import path

MOST_CELLS = 1 << 27
"""Of all rows on a way: 1 GB in float64."""


@dataclass(frozen=True)
class Evenness:
    """How evenly rows change along a way: distances of neighbours in prepared units."""

    move: float
    """Their mean."""
    jump: float
    """The largest over the mean from one stop to the next, averaged over the stops: 1 is perfectly even."""

    @classmethod
    def of(cls, rows: NDArray[Any], steps: int) -> "Evenness":
        """Of rows (S, ...) in order, so many steps from one stop to the next."""
        moves = np.linalg.norm(np.diff(rows.reshape(len(rows), -1).astype(np.float64), axis=0), axis=1)
        legs = moves.reshape(-1, steps)
        means = legs.mean(1)
        jumps = np.where(means > 0, legs.max(1) / np.where(means > 0, means, 1.0), 1.0)
        return cls(float(moves.mean()), float(jumps.mean()))


@dataclass(frozen=True)
class Tour:
    """Rows decoded on the way through the codes of given rows, and faded from one given row to the next.

    ``codes`` (S, latent_dim); ``rows`` and ``faded`` (S, ...) are raw rows. The way through the codes passes what the
    model makes of the given rows, not these themselves.
    """

    codes: NDArray[np.float64]
    rows: NDArray[Any]
    faded: NDArray[Any]
    evenness: Evenness
    fade: Evenness


def interpolate(estimator: Autoencoder, data: Dataset, *, steps: int = 10, way: str = "linear") -> Tour:
    """Go from each row to the next, in codes and in the data.

    A conditional model is told the label of the rows if it is the same of all, else that it is unknown.

    Parameters
    ----------
    estimator : Autoencoder
        Fitted.
    data : Dataset
        Two rows or more, the stops in order.
    steps : int
        From one stop to the next.
    way : {"linear", "spherical"}
        Through codes, as `isthmus.generation.paths.path` goes.

    Raises
    ------
    DataError
        If there are fewer than two rows, or missing cells to fade.
    InputError
        If the numbers are out of range, or more rows are asked for than a gigabyte holds.
    """
    if data.n < 2:
        raise DataError(f"{data.n} row; a way goes from one row to another: give two or more")
    count = (data.n - 1) * steps + 1
    if count * math.prod(estimator.preparation_.shape) > MOST_CELLS:
        raise InputError(f"{data.n:,} rows in {steps:,} steps make {count:,} rows: name fewer rows, or steps")
    codes = path(estimator.transform(data).astype(np.float64), steps, way=way)
    prepared = estimator.decode_prepared(codes, shared_label(estimator.conditions_, data))
    stops = estimator.preparation_.apply(data.source.read(0, data.n)).astype(np.float64)
    if np.isnan(stops).any():
        raise DataError(
            "rows with missing cells, or series of unequal lengths, can't be faded into one another: fill cells first "
            "(isthmus inpaint)"
        )
    faded = path(stops.reshape(data.n, -1), steps).reshape(-1, *stops.shape[1:])
    undo = estimator.preparation_.undo
    return Tour(codes, undo(prepared), undo(faded), Evenness.of(prepared, steps), Evenness.of(faded, steps))
