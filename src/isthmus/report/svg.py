"""Charts as inline SVG. Colours come from the page's CSS variables, so that light and dark need one drawing.

No namespace is stated, for inside HTML none is needed; every text is escaped; every chart has a title for
readers who can't see it. The six colours are Okabe & Ito's (2008), which those who see
red and green alike can tell apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.report.axes import Range, number, padded, robust_range, shortened, ticks
from isthmus.report.colouring import colouring
from isthmus.report.markup import escaped, tag
from isthmus.report.style import COLOURS, SVG_TEXT

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 520, 320
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 34, 46
MOST_POINTS = 3000
MOST_ON_LINE = 600
MOST_BARS = 40
LONGEST_NAME = 24
DASHES = ("", "6 3", "2 3", "8 3 2 3")
_MARK = {"stroke": "var(--muted)", "stroke_dasharray": "3 3"}


@dataclass(frozen=True)
class Frame:
    """Where a chart's own coordinates lie in the drawing."""

    x: Range
    y: Range
    height: int = HEIGHT
    top: int = TOP

    @property
    def inner(self) -> tuple[float, float]:
        """Width and height of the plotted area."""
        return WIDTH - LEFT - RIGHT, self.height - self.top - BOTTOM

    def across(self, value: float) -> float:
        """The distance of x from the area's left."""
        return _clipped((value - self.x[0]) / (self.x[1] - self.x[0])) * self.inner[0]

    def down(self, value: float) -> float:
        """The distance of y from the area's top."""
        return _clipped((self.y[1] - value) / (self.y[1] - self.y[0])) * self.inner[1]


def line_chart(
    series: Mapping[str, Points],
    x_label: str,
    y_label: str,
    *,
    title: str = "",
    mark: tuple[float, str] | None = None,
    bands: Sequence[tuple[float, float]] = (),
) -> str:
    """Lines over a common axis; far outliers run out of the picture instead of flattening the rest.

    Parameters
    ----------
    series : mapping of str to sequence of (x, y)
        Lines by name; later ones are dashed.
    x_label, y_label : str
    title : str, optional
        What screen readers are told.
    mark : (float, str), optional
        A place on the x axis, and what it is.
    bands : sequence of (float, float), optional
        From where to where on the x axis the ground is shaded.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    lines = {name: [p for p in points if np.isfinite(p).all()] for name, points in series.items()}
    xs = [x for points in lines.values() for x, _ in points] or [0.0, 1.0]
    x_range = (min(xs), max(xs)) if max(xs) > min(xs) else padded(xs[0], xs[0])
    frame = Frame(x_range, robust_range([y for points in lines.values() for _, y in points]))
    drawn = [_line(frame, points, i) for i, points in enumerate(lines.values())]
    marked = "".join(_band(frame, *band) for band in bands) + (_mark(frame, mark[0]) if mark else "")
    return _chart(
        title or f"{y_label} by {x_label}: {', '.join(series)}",
        frame,
        (x_label, y_label),
        _area(frame, marked, *drawn),
        _line_legend(list(series), mark[1] if mark else None),
    )


def as_file(chart: str) -> str:
    """A chart that stands alone: with its namespace, its colours and a background."""
    style = tag("style", f"{COLOURS} svg {{ background:var(--paper); font-family:sans-serif }} {SVG_TEXT}")
    head, _, rest = chart.partition(">")
    head = head.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f"{head}>{style}{rest}\n"


def scatter(
    points: ArrayLike,
    labels: Sequence[object] | NDArray[np.generic] | None = None,
    *,
    x_label: str = "",
    y_label: str = "",
    title: str = "",
) -> str:
    """Points in the plane, at most 3,000 of them.

    Parameters
    ----------
    points : (n, 2)
    labels : sequence, optional
        One a point. Numbers of many values become a colour scale; of anything else the 12 most frequent are
        named, the rest is "other".
    x_label, y_label, title : str, optional

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    places = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    places, labels = _thinned(places, None if labels is None else np.asarray(labels))
    colours = colouring(labels, len(places))
    height = HEIGHT + 60 + 18 * colours.legend_rows
    # a robust range would hide the very rows one looks for in a map
    ranges = [padded(float(axis.min()), float(axis.max()), 0.04) if len(axis) else (0.0, 1.0) for axis in places.T]
    frame = Frame(ranges[0], ranges[1], height - 18 * colours.legend_rows - 6, top=10)
    where = [[(frame.across(x), frame.down(y)) for x, y in places[rows]] for rows in colours.rows]
    dots = [dots_of(at) for dots_of, at in zip(colours.draw, where, strict=True)]
    names = colours.names_on_map([np.median(at, axis=0) if at else np.zeros(2) for at in where])
    legend = tag("g", colours.legend(WIDTH - LEFT - RIGHT), transform=f"translate({LEFT} {frame.height + 4})")
    return _chart(title or "Scatter plot", frame, (x_label, y_label), _area(frame, *dots, names), legend, height=height)


def arrows(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    points: NDArray[np.float64],
    *,
    x_label: str,
    y_label: str,
    title: str,
) -> str:
    """Ways from one place to another, each (n, 2), a dot at its start, over points that lie faintly behind.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    low, high = starts.min(0), starts.max(0)
    frame = Frame(padded(float(low[0]), float(high[0]), 0.02), padded(float(low[1]), float(high[1]), 0.02), top=10)

    def at(places: NDArray[np.float64]) -> list[str]:
        return [f"{frame.across(x):.1f} {frame.down(y):.1f}" for x, y in places]

    behind = tag("path", d=_dots(at(points)), stroke="var(--other)", stroke_width=3, stroke_linecap="round")
    dots = tag("path", d=_dots(at(starts)), stroke="var(--c0)", stroke_width=3.5, stroke_linecap="round")
    ways = "".join(f"M{a}L{b}" for a, b in zip(at(starts), at(ends), strict=True))
    lines = tag("path", d=ways, stroke="var(--c0)", stroke_width=1.2, fill="none")
    return _chart(title, frame, (x_label, y_label), _area(frame, behind, lines, dots), "")


def _dots(places: Sequence[str]) -> str:
    return "".join(f"M{place}h0" for place in places)


def _thinned(
    places: NDArray[np.float64], labels: NDArray[np.generic] | None
) -> tuple[NDArray[np.float64], NDArray[np.generic] | None]:
    keep = np.flatnonzero(np.isfinite(places).all(axis=1))
    if len(keep) > MOST_POINTS:
        keep = np.sort(np.random.default_rng(0).choice(keep, MOST_POINTS, replace=False))
    return places[keep], None if labels is None else labels[keep]


def bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    title: str = "",
    mark: tuple[float, str] | None = None,
) -> str:
    """Horizontal bars in the order given, at most 40.

    Parameters
    ----------
    names : sequence of str
        Long ones are cut, and whole in a tooltip.
    values : sequence of float
        From 0 on.
    title : str, optional
    mark : (float, str), optional
        A value to draw a line at, and what it is.

    Returns
    -------
    str
        An ``<svg>`` element.
    """
    shown = [(name, float(value)) for name, value in zip(names, values, strict=True)][:MOST_BARS]
    left, step, top = 170, 21, 22 if mark else 4
    known = [value for _, value in shown if np.isfinite(value)]
    largest = max([*known, mark[0] if mark else 0.0]) or 1.0
    unit = (WIDTH - left - 60) / largest
    height = top + step * len(shown) + 4
    line = ""
    if mark:
        x = f"{left + mark[0] * unit:.1f}"
        line = tag("path", d=f"M{x} {top - 4}V{height}", **_MARK)
        line += tag("text", escaped(mark[1]), x=x, y=12, text_anchor="middle", class_="muted")
    drawn = (_bar(name, value, unit, (left, top + step * i)) for i, (name, value) in enumerate(shown))
    return _svg(title or "Bars", height, *drawn, line)


def _bar(name: str, value: float, unit: float, at: tuple[float, float]) -> str:
    left, top = at
    long = unit * max(value, 0.0) if np.isfinite(value) else 0.0
    short = shortened(name, LONGEST_NAME)
    whole = tag("title", escaped(f"{name}: {number(value)}"))
    box = tag("rect", x=left, y=top + 3, width=f"{long:.1f}", height=14, fill="var(--c0)")
    text = tag("text", escaped(short), x=left - 8, y=top + 14, text_anchor="end")
    figure = tag(
        "text",
        f"{value:.2f}" if np.isfinite(value) else "–",
        x=f"{left + long + 6:.1f}",
        y=top + 14,
        class_="muted",
    )
    return tag("g", whole, box, text, figure)


def _line(frame: Frame, points: Points, index: int) -> str:
    step = max(1, -(-len(points) // MOST_ON_LINE))
    kept = [*points[::step], *points[-1:]]
    path = "L".join(f"{frame.across(x):.1f} {frame.down(y):.1f}" for x, y in kept)
    colour, dash = f"var(--c{index % 6})", DASHES[index % len(DASHES)]
    return tag(
        "path", d=f"M{path}" if kept else "M0 0", fill="none", stroke=colour, stroke_width=1.8,
        stroke_dasharray=dash or None, stroke_linejoin="round",
    )  # fmt: skip


def _mark(frame: Frame, value: float) -> str:
    return tag("path", d=f"M{frame.across(value):.1f} 0v{frame.inner[1]}", **_MARK)


def _band(frame: Frame, first: float, last: float) -> str:
    """A shaded piece of the ground, wide enough to be seen."""
    left = frame.across(first)
    wide = max(frame.across(last) - left, 2.0)
    return tag(
        "rect", x=f"{left:.1f}", y=0, width=f"{wide:.1f}", height=frame.inner[1], fill="var(--c1)", fill_opacity=0.35
    )  # fmt: skip


def _line_legend(names: Sequence[str], mark: str | None) -> str:
    out, x = [], 0.0
    for index, name in enumerate(names):
        dash = DASHES[index % len(DASHES)] or None
        stroke = {"stroke": f"var(--c{index % 6})", "stroke_width": 2, "stroke_dasharray": dash}
        out.append(tag("path", d=f"M{x:.0f} 8h22", **stroke))
        out.append(tag("text", escaped(name), x=f"{x + 28:.0f}", y=12))
        x += 28 + 7 * len(name) + 22
    if mark:
        out.append(tag("path", d=f"M{x + 4:.0f} 1v14", **_MARK))
        out.append(tag("text", escaped(mark), x=f"{x + 12:.0f}", y=12, class_="muted"))
    return tag("g", *out, transform=f"translate({LEFT} 6)")


def _chart(
    title: str, frame: Frame, labels: tuple[str, str], area: str, legend: str, *, height: int | None = None
) -> str:
    width, tall = frame.inner
    across = tag("text", escaped(labels[0]), x=LEFT + width / 2, y=frame.height - 8, text_anchor="middle")
    up = tag(
        "text",
        escaped(labels[1]),
        transform=f"translate(13 {frame.top + tall / 2}) rotate(-90)",
        text_anchor="middle",
    )
    return _svg(title, height or frame.height, _axes(frame), area, legend, across, up)


def _axes(frame: Frame) -> str:
    width, tall = frame.inner
    rows = [(frame.top + frame.down(v), number(v)) for v in ticks(*frame.y, 5)]
    columns = [(LEFT + frame.across(v), number(v)) for v in ticks(*frame.x, 7)]
    grid = "".join(f"M{LEFT} {y:.1f}h{width}" for y, _ in rows)
    left = (tag("text", t, x=LEFT - 7, y=f"{y + 4:.1f}", text_anchor="end", class_="muted") for y, t in rows)
    below = (
        tag("text", t, x=f"{x:.1f}", y=frame.top + tall + 17, text_anchor="middle", class_="muted") for x, t in columns
    )
    small = "".join(f"M{x:.1f} {frame.top + tall}v4" for x, _ in columns)
    lines = tag("path", d=grid or "M0 0", stroke="var(--grid)") + tag(
        "path", d=f"M{LEFT} {frame.top + tall}h{width}{small}", stroke="var(--muted)", fill="none"
    )
    return lines + "".join(left) + "".join(below)


def _area(frame: Frame, *inside: str) -> str:
    """The plotted area; an inner svg clips what lies outside, and needs no id for it."""
    width, tall = frame.inner
    return tag("svg", *inside, x=LEFT, y=frame.top, width=width, height=tall)


def _svg(title: str, height: float, *inside: str) -> str:
    named = tag("title", escaped(title))
    return tag("svg", named, *inside, viewBox=f"0 0 {WIDTH} {height:.0f}", role="img", aria_label=title)


def _clipped(share: float) -> float:
    """Keep far outliers' coordinates short."""
    return min(max(share, -10.0), 10.0)
