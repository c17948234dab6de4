"""The report's section on counts: which rows are rebuilt worst, and what they hold."""

import numpy as np
from numpy.typing import NDArray

from isthmus.data import CountsSchema
from isthmus.report.axes import number, shortened
from isthmus.report.markup import paragraph, section, table
from isthmus.report.study import Study

WORST, BEST, COLUMNS = 10, 5, 5


def counts_sections(study: Study, schema: CountsSchema, which: str) -> str:
    """The worst and best rows by squared error, each with its largest counts and what was expected of them."""
    worst = study.order[::-1][:WORST]
    best = study.order[: min(BEST, len(study.order) // 2)]
    text = paragraph(f"From the {which}. “12 (3.4)” says that 12 were counted and 3.4 expected.")
    shown = [_table(study, schema, rows, title) for rows, title in ((worst, "Worst"), (best, "Best")) if len(rows)]
    return section("Rows worst and best rebuilt", text, *shown, name="rows")


def _table(study: Study, schema: CountsSchema, positions: NDArray[np.int64], title: str) -> str:
    some = study.data.subset(positions)
    raw, rebuilt = some.source.read(0, some.n), study.estimator.reconstruct_raw(some)
    rows = []
    for i, position in enumerate(positions):
        largest = np.argsort(-raw[i], kind="stable")[:COLUMNS]
        held = [(shortened(schema.columns[j]), raw[i, j], rebuilt[i, j]) for j in largest if raw[i, j] > 0]
        pairs = [f"{name} {count:g} ({expected:.3g})" for name, count, expected in held]
        error, total = number(float(study.errors[position])), f"{raw[i].sum():,.0f}"
        rows.append((study.name(int(position)), total, error, ", ".join(pairs)))
    return table(("Row", "Total", "Error", "Largest counts"), rows, numeric=(1, 2), caption=title)
