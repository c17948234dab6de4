"""The report's sections on single rows: pictures beside their reconstructions, or a table's worst rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isthmus.data import TableSchema
from isthmus.report.axes import number, share, shortened
from isthmus.report.markup import escaped, figure, paragraph, section, table, tag
from isthmus.report.sheets import image_tag, originals_and_reconstructions
from isthmus.report.study import Columns, Study
from isthmus.report.svg import MOST_BARS, bars

TYPICAL, EXTREMES = 16, 8
WORST, BEST, OPEN, AT_FAULT = 10, 5, 2, 3
MOST_COLUMNS = 60


def pictures_section(study: Study, which: str) -> str:
    """Typical, worst and best pictures, each above its reconstruction."""
    order = study.order
    count = len(order)
    middle = np.unique(np.linspace(0.1 * (count - 1), 0.9 * (count - 1), TYPICAL).round().astype(np.int64))
    extremes = min(EXTREMES, count // 2)
    shown = [_sheet(study, order[middle], "Typical: errors evenly spread from small to large, without the extremes.")]
    if extremes:
        shown.append(_sheet(study, order[::-1][:extremes], "Worst, the worst first"))
        shown.append(_sheet(study, order[:extremes], "Best, the best first"))
    text = paragraph(f"From the {which}. In each pair of lines the originals stand above, their reconstructions below.")
    return section("Pictures and their reconstructions", text, *shown, name="rows")


def _sheet(study: Study, positions: NDArray[np.int64], caption: str) -> str:
    originals, rebuilt = study.pictures(positions)
    image = originals_and_reconstructions(originals, rebuilt)
    if not caption.endswith("."):
        named = (f"{study.name(i)} ({number(float(f'{study.errors[i]:.3g}'))})" for i in positions)
        caption = f"{caption}, with their errors: {', '.join(named)}."
    return figure(image_tag(image, f"{len(positions)} pictures, each above its reconstruction"), caption)


def table_sections(study: Study, schema: TableSchema, which: str) -> str:
    """The worst and best rows, and the error of each column."""
    columns = Columns.of(study, schema)
    return _columns_section(columns, which) + _rows_section(study, columns, which)


def _columns_section(columns: Columns, which: str) -> str:
    names = [column.name for column in columns.columns]
    known = np.flatnonzero(np.isfinite(columns.shares))
    order = known[np.argsort(-columns.shares[known], kind="stable")]
    drawn = bars(
        [names[i] for i in order],
        [float(columns.shares[i]) for i in order],
        title="Error of each column as a share of its variance",
        mark=(1.0, "guessing the mean"),
    )
    caption = "Squared error of each column, as a share of its variance on these rows: 0 is perfect."
    caption += f" The {MOST_BARS} worst of {len(order)} columns." if len(order) > MOST_BARS else ""
    constant = [names[i] for i in range(len(names)) if i not in set(known.tolist())]
    note = f"Constant on these rows, so without a share: {', '.join(constant[:20])}." if constant else ""
    return section(
        "Which columns survive",
        paragraph(f"On the {which}."),
        figure(drawn, caption) if len(order) else "",
        paragraph(note, "note") if note else "",
        _categories(columns),
        name="columns",
    )


def _categories(columns: Columns) -> str:
    rows = []
    for i, column in enumerate(columns.columns):
        found = columns.right(i)
        if found:
            rows.append((column.name, len(column.categories) or 2, share(found[0]), share(found[1])))
    heads = ("Column", "Categories", "Rebuilt right", "Always the commonest")
    return table(heads, rows[:MOST_COLUMNS], numeric=(1, 2, 3), caption="Categories rebuilt right") if rows else ""


def _rows_section(study: Study, columns: Columns, which: str) -> str:
    worst, best = study.order[::-1][:WORST], study.order[: min(BEST, len(study.order) // 2)]
    details = (_detail(study, columns, int(position), rank < OPEN) for rank, position in enumerate(worst))
    return section(
        "Rows worst and best rebuilt",
        paragraph(
            f"From the {which}. A row rebuilt badly is often a rare one, or holds a wrong cell. "
            f"The median error is {number(float(np.median(study.errors)))}."
        ),
        _summary(study, columns, worst, "Worst"),
        _summary(study, columns, best, "Best") if len(best) else "",
        tag("h3", "The worst rows, cell by cell"),
        *details,
        name="rows",
    )


def _summary(study: Study, columns: Columns, positions: Sequence[int] | NDArray[np.int64], what: str) -> str:
    rows = [
        (study.name(int(i)), *_label(study, int(i)), number(float(study.errors[i])), _blame(columns, int(i)))
        for i in positions
    ]
    labelled = ("Label",) if study.data.labels is not None else ()
    heads = ("Row", *labelled, "Error", "Columns that contribute most")
    return table(heads, rows, numeric=(1 + len(labelled),), caption=what)


def _label(study: Study, position: int) -> tuple[str, ...]:
    return () if study.data.labels is None else (shortened(str(study.data.labels[position])),)


def _blame(columns: Columns, position: int) -> str:
    total = columns.errors[position].sum() or 1.0
    worst = columns.most_at_fault(position)[:AT_FAULT]
    return ", ".join(f"{columns.columns[i].name} ({columns.errors[position, i] / total:.0%})" for i in worst)


def _detail(study: Study, columns: Columns, position: int, opened: bool) -> str:
    total = columns.errors[position].sum() or 1.0
    order = columns.most_at_fault(position)
    rows = [
        (
            columns.columns[i].name,
            columns.text(columns.raw, position, int(i)),
            columns.text(columns.rebuilt, position, int(i)),
            f"{columns.errors[position, i] / total:.0%}",
        )
        for i in order[:MOST_COLUMNS]
    ]
    title = tag("summary", escaped(f"{study.name(position)}, error {number(float(study.errors[position]))}"))
    inside = table(("Column", "Original", "Rebuilt", "Part of the error"), rows, numeric=(1, 2, 3))
    more = paragraph(f"And {len(order) - MOST_COLUMNS} columns more.", "note") if len(order) > MOST_COLUMNS else ""
    return tag("details", title, inside, more, open="" if opened else None)
