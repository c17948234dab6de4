"""Reasons as data: where a row is strange, in the terms of its kind of data, and in a line of words."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.data import CountsSchema, Dataset, ImageSchema, Preparation, Schema, SeriesSchema, TableSchema
from isthmus.detection import explaining
from isthmus.detection.steps import LastStep
from isthmus.detection.strangeness import Strangeness

MOST_NAMED = 3


@dataclass(frozen=True)
class Reason:
    """Why a row is strange.

    Parameters
    ----------
    shares : array
        What part of the score each cell is to blame for: (columns,) of a table or counts, (height, width) of a picture,
        (time,) of a series, (channels,) of one step of a long one. They add up to 1, or are all 0 where nothing
        stands out.
    row, expected : array
        The row as it came, and what was expected in its place.
    schema : Schema
    """

    shares: NDArray[np.float64]
    row: NDArray[Any]
    expected: NDArray[Any]
    schema: Schema

    @property
    def text(self) -> str:
        """The most blamed columns with their values and what was expected; or the region, or the stretch of time."""
        if isinstance(self.schema, ImageSchema):
            top, left, bottom, right = self.region
            return f"rows {top} to {bottom}, columns {left} to {right}"
        if isinstance(self.schema, SeriesSchema) and self.row.ndim == 2:
            first, last = self.stretch
            return f"steps {first} to {last}"
        worst = [i for i in np.argsort(-self.shares, kind="stable")[:MOST_NAMED] if self.shares[i] >= 0.05]
        said = [(*self.cells(int(i)), self.shares[i]) for i in worst]
        told = [f"{name} is {was}, expected {meant} ({share:.0%})" for name, was, meant, share in said if was != meant]
        thing = "channel" if isinstance(self.schema, SeriesSchema) else "column"
        return "; ".join(told) or f"no {thing} stands out"

    def cells(self, i: int) -> tuple[str, str, str]:
        """A column's name, its value, and what was expected, as texts."""
        names = self.schema.names if isinstance(self.schema, SeriesSchema) else self.schema.feature_names  # type: ignore[union-attr]
        name = names[i]
        return name, self._cell(self.row, i), self._cell(self.expected, i)

    def _cell(self, row: NDArray[Any], i: int) -> str:
        value = row[i]
        if np.isnan(value):
            return "missing"
        if isinstance(self.schema, TableSchema) and self.schema.columns[i].categories:
            return repr(self.schema.columns[i].categories[int(value)])
        return f"{value:.4g}"

    @property
    def region(self) -> tuple[int, int, int, int]:
        """Of a picture: first row, first column, last row and last column of the smallest box that holds the half
        of the score that is most to blame.
        """
        places = np.argwhere(_blamed(self.shares))
        (top, left), (bottom, right) = places.min(0), places.max(0)
        return int(top), int(left), int(bottom), int(right)

    @property
    def stretch(self) -> tuple[int, int]:
        """Of a series: first and last step of the shortest stretch that holds the half that is most to blame."""
        places = np.flatnonzero(_blamed(self.shares))
        return int(places[0]), int(places[-1])


def _blamed(shares: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The cells that bear most, together half of it."""
    order = np.argsort(-shares, axis=None, kind="stable")
    count = int(np.searchsorted(np.cumsum(shares.ravel()[order]), 0.5 * shares.sum())) + 1
    found = np.zeros(shares.size, bool)
    found[order[:count]] = True
    return found.reshape(shares.shape)


def reasons(strangeness: Strangeness | LastStep, preparation: Preparation, data: Dataset) -> list[Reason]:
    """Why each of these (few) rows is strange."""
    raw = data.source.read(0, data.n)
    x = torch.from_numpy(preparation.apply(raw)).to(strangeness.scale.device)
    with torch.no_grad():
        strangeness = strangeness.eval()
        if isinstance(strangeness, LastStep):
            shares, expected = explaining.of_last_steps(strangeness, x)
        elif isinstance(data.schema, ImageSchema):
            shares, expected = explaining.of_pixels(strangeness, x)
        elif isinstance(data.schema, SeriesSchema):
            shares, expected = explaining.of_steps(strangeness, x)
        elif isinstance(data.schema, CountsSchema):
            shares, expected = explaining.of_counts(strangeness, x)
        else:
            widths = [len(column.categories) or 1 for column in data.schema.columns]
            shares, expected = explaining.of_columns(strangeness, x, widths)
    undone = preparation.undo(expected.cpu().numpy())
    if isinstance(strangeness, LastStep):  # the window is there for its last step
        raw, undone = raw[:, -1], undone[:, -1]
    return [
        Reason(share.cpu().double().numpy(), row, should_be, data.schema)
        for share, row, should_be in zip(shares, raw, undone, strict=True)
    ]
