"""Which colour and shape a point of a map gets: by label, by number, or all alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from isthmus.report.axes import number, shortened
from isthmus.report.markup import escaped, tag

Places = Sequence[tuple[float, float]]
Draw = Callable[[Places], str]
Rows = NDArray[np.int64]
MOST_LABELS = 12
MANY_VALUES = 20
COLOURS = 6
STEPS = 12
LEGEND_COLUMNS = 4
VIRIDIS = ((72, 36, 117), (65, 68, 135), (53, 95, 141), (42, 120, 142), (33, 145, 140), (34, 168, 132),
           (68, 191, 112), (122, 209, 81), (189, 223, 38))  # fmt: skip


class Colouring(Protocol):
    """Groups of points, how each is drawn, and the legend to them."""

    @property
    def rows(self) -> list[Rows]:
        """The points of each group."""

    @property
    def draw(self) -> list[Draw]:
        """How to draw the points of each group."""

    @property
    def legend_rows(self) -> int:
        """Lines of text that the legend takes."""

    def legend(self, width: float) -> str:
        """The legend as SVG."""

    def names_on_map(self, centres: Sequence[NDArray[np.float64]]) -> str:
        """Names of the groups at their centres, as SVG."""


def colouring(labels: NDArray[np.generic] | None, n: int) -> Colouring:
    """Decide: no labels, numbers of many values, or names.

    Parameters
    ----------
    labels : (n,) or None
    n : int
    """
    if labels is None:
        return ByName([""], [np.arange(n)])
    values = _numbers(labels)
    if values is not None and len(np.unique(values)) > MANY_VALUES:
        return ByNumber(values)
    texts = np.array([str(label) or "(none)" for label in labels.tolist()], dtype=object)
    names, counts = np.unique(texts, return_counts=True)
    frequent = names[np.argsort(-counts, kind="stable")][:MOST_LABELS]
    known = _in_order([str(name) for name in frequent])
    groups = [np.flatnonzero(texts == name) for name in known]
    rest = np.flatnonzero(~np.isin(texts, known))
    return ByName([*known, "other"], [*groups, rest]) if len(rest) else ByName(known, groups)


def _numbers(labels: NDArray[np.generic]) -> NDArray[np.float64] | None:
    """Labels as finite numbers, or None if one of them is no such thing."""
    try:
        values = np.array([float(label) for label in labels.tolist()])
    except (TypeError, ValueError):
        return None
    return values if np.isfinite(values).all() else None


def _in_order(names: list[str]) -> list[str]:
    numeric = _numbers(np.array(names))
    return sorted(names) if numeric is None else [names[i] for i in np.argsort(numeric)]


@dataclass(frozen=True)
class ByName:
    """Six colours as dots, then the same as rings; what is rare is grey."""

    names: list[str]
    rows: list[Rows]

    @property
    def draw(self) -> list[Draw]:
        """How to draw the points of each group."""
        return [self._drawer(index) for index in range(len(self.names))]

    @property
    def legend_rows(self) -> int:
        """Lines of text that the legend takes."""
        return 0 if self.names == [""] else -(-len(self.names) // LEGEND_COLUMNS)

    def legend(self, width: float) -> str:
        """The legend, in four columns."""
        if not self.legend_rows:
            return ""
        places = [
            (i % LEGEND_COLUMNS * width / LEGEND_COLUMNS, i // LEGEND_COLUMNS * 18) for i in range(len(self.names))
        ]
        return "".join(self._entry(i, x, y) for i, (x, y) in enumerate(places))

    def names_on_map(self, centres: Sequence[NDArray[np.float64]]) -> str:
        """Short names at the middle of their points."""
        named = [(n, c) for n, r, c in zip(self.names, self.rows, centres, strict=True) if len(r) and n != "other"]
        if any(len(name) > 12 for name, _ in named):
            return ""
        return "".join(
            tag("text", escaped(n), x=f"{x:.0f}", y=f"{y + 4:.0f}", text_anchor="middle", class_="halo")
            for n, (x, y) in named
            if n
        )

    def _drawer(self, index: int) -> Draw:
        rare = self.names[index] == "other" and index == len(self.names) - 1
        colour = "var(--other)" if rare else f"var(--c{index % COLOURS})"
        ring = not rare and index >= COLOURS
        return lambda places: _dots(places, colour, ring=ring)

    def _entry(self, index: int, x: float, y: float) -> str:
        name = self.names[index]
        short = shortened(name, 16)
        text = tag("text", escaped(short), x=f"{x + 12:.0f}", y=f"{y + 12:.0f}")
        return tag("g", tag("title", escaped(name)), self._drawer(index)([(x + 4, y + 8)]), text)


@dataclass(frozen=True)
class ByNumber:
    """A colour scale (viridis) from the lowest to the highest value, 1% at each end cut off."""

    values: NDArray[np.float64]
    legend_rows: int = 1

    @property
    def ends(self) -> tuple[float, float]:
        """The values of the first and last colour."""
        low, high = np.quantile(self.values, (0.01, 0.99))
        return float(low), float(high)

    @property
    def rows(self) -> list[Rows]:
        """The points of each step of the scale."""
        low, high = self.ends
        steps = np.clip((self.values - low) / ((high - low) or 1.0) * STEPS, 0, STEPS - 1).astype(np.int64)
        return [np.flatnonzero(steps == step) for step in range(STEPS)]

    @property
    def draw(self) -> list[Draw]:
        """How to draw the points of each step."""
        return [self._drawer(step) for step in range(STEPS)]

    def legend(self, width: float) -> str:
        """The scale, with its two ends in numbers."""
        low, high = self.ends
        boxes = (tag("rect", x=60 + 14 * s, y=3, width=14.5, height=10, fill=_viridis(s)) for s in range(STEPS))
        left = tag("text", number(low), x=54, y=12, text_anchor="end")
        return left + "".join(boxes) + tag("text", number(high), x=min(66 + 14 * STEPS, width), y=12)

    def names_on_map(self, centres: Sequence[NDArray[np.float64]]) -> str:  # noqa: ARG002
        """None: a scale has no names."""
        return ""

    def _drawer(self, step: int) -> Draw:
        return lambda places: _dots(places, _viridis(step), ring=False)


def _viridis(step: int) -> str:
    at = step / (STEPS - 1) * (len(VIRIDIS) - 1)
    low = min(int(at), len(VIRIDIS) - 2)
    mixed = (a + (b - a) * (at - low) for a, b in zip(VIRIDIS[low], VIRIDIS[low + 1], strict=True))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


def _dots(places: Places, colour: str, *, ring: bool) -> str:
    """Points as lines without length, whose caps are the dots: twelve bytes a point."""
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
    if not path:
        return ""
    if not ring:
        return tag("path", d=path, stroke=colour, stroke_width=5.4, stroke_linecap="round", opacity=0.8)
    disc = tag("path", d=path, stroke=colour, stroke_width=6.2, stroke_linecap="round")
    return disc + tag("path", d=path, stroke="var(--paper)", stroke_width=3, stroke_linecap="round")
