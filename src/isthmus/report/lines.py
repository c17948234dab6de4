"""The report's section on single series: lines of what went in and of what came back."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data import SeriesSchema
from isthmus.report.axes import number
from isthmus.report.markup import figure, paragraph, section, tag
from isthmus.report.study import Study
from isthmus.report.svg import line_chart

EACH, CHANNELS = 2, 3


def series_section(study: Study, schema: SeriesSchema, which: str) -> str:
    """Typical, worst and best series, each with its reconstruction; of many channels the first three."""
    order = study.order
    middle = np.unique(np.linspace(0.3 * (len(order) - 1), 0.7 * (len(order) - 1), EACH).round().astype(np.int64))
    picks = {"typical": order[middle], "worst": order[::-1][:EACH], "best": order[:EACH]}
    shown: dict[int, str] = {}
    for word, positions in picks.items():
        for position in positions.tolist():
            shown.setdefault(position, word)
    drawn = [_charts(study, schema, position, word) for position, word in shown.items()]
    more = f" Of {len(schema.names)} channels the first {CHANNELS} are shown." if len(schema.names) > CHANNELS else ""
    text = paragraph(f"From the {which}. A line ends where its series does; a gap in it is a missing value.{more}")
    return section("Series and their reconstructions", text, tag("div", *drawn, class_="figures"), name="rows")


def _charts(study: Study, schema: SeriesSchema, position: int, word: str) -> str:
    some = study.data.subset(np.array([position], dtype=np.int64))
    raw = some.source.read(0, 1)
    rebuilt = study.estimator.reconstruct_raw(some)
    charts = []
    for channel, name in list(enumerate(schema.names))[:CHANNELS]:
        lines = {"original": _points(raw[0, :, channel]), "rebuilt": _points(rebuilt[0, :, channel])}
        caption = f"{study.name(position)} ({word}), error {number(float(f'{study.errors[position]:.3g}'))}."
        charts.append(figure(line_chart(lines, "step", name), caption))
    return "".join(charts)


def _points(values: NDArray[np.generic]) -> list[tuple[float, float]]:
    return [(float(step), float(value)) for step, value in enumerate(values.tolist())]
