"""The page of `isthmus detect`: the strangest rows, and what is strange about each."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import Dataset, ImageSchema, SeriesSchema
from isthmus.detection import Detector, Reason, Stretch
from isthmus.files import atomic_write
from isthmus.jobs.detect import Found, Judged, names_of
from isthmus.report.axes import number
from isthmus.report.markup import definitions, escaped, figure, paragraph, section, table, tag
from isthmus.report.page import document
from isthmus.report.sections import plural
from isthmus.report.sheets import eight_bit, image_tag, sheet
from isthmus.report.svg import line_chart

MOST_COLUMNS = 12
OPEN, MOST_CHANNELS = 3, 3
PIECES = 299
"""Of a long line: each is drawn by two points, which `line_chart` draws all."""
ACROSS = 3
"""Threes of pictures side by side."""
HEAT = (215, 48, 39)
"""The colour of what is strange."""


def write_detected(
    path: str | Path, detector: Detector, data: Dataset, found: Found, judged: Judged | None, *, title: str
) -> None:
    """Write the strangest rows with their reasons as one self-contained page, atomically.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    rows = plural(data.n, "step" if data.steps else "row")
    lead = f"{int(found.flagged.sum()):,} of {rows} flagged. Promise: {detector.promise}."
    head = tag("header", paragraph("Anomaly report", "kicker"), tag("h1", escaped(title)), paragraph(lead, "lead"))
    main = (_judged(judged) if judged else "", _list(data, found), _details(data, found), _about(detector))
    with atomic_write(path) as file:
        file.write(document(title, head + tag("main", *main)).encode())


def _judged(judged: Judged) -> str:
    rows = [("This detector", number(judged.auroc.value), number(judged.ap.value))]
    rows += [(name, number(auroc), number(ap)) for name, (auroc, ap) in judged.peers.items()]
    said = f"With 95% intervals: AUROC {judged.auroc}, AP {judged.ap}, F1 at the threshold {judged.f1}."
    figures = table(("Detector", "AUROC", "AP"), rows, numeric=(1, 2), strong=0)
    return section(
        "Is it right?", paragraph(judged.verdict, "verdict"), figures, paragraph(said, "note"), name="judged"
    )


def _list(data: Dataset, found: Found) -> str:
    labels = data.labels
    rows = [
        (
            name,
            *(() if labels is None else (str(labels[row]),)),
            number(float(found.scores[row])),
            "yes" if found.flagged[row] else "no",
            reason.text,
        )
        for name, row, reason in zip(names_of(data, found), found.worst, found.reasons, strict=True)
    ]
    heads = ("Stretch" if data.steps else "Row", *(() if labels is None else ("Label",)), "Score", "Flagged", "Why")
    title = f"The strangest {'stretches' if data.steps else 'rows'}"
    return section(title, table(heads, rows, numeric=(len(heads) - 3,)), name="rows")


def _details(data: Dataset, found: Found) -> str:
    if isinstance(data.schema, ImageSchema):
        return _pictures(found)
    if found.stretches is not None:
        return _whole(data, found.stretches)
    draw = _series if isinstance(data.schema, SeriesSchema) else _cells
    shown = (
        tag("details", tag("summary", escaped(name)), draw(reason), open="" if rank < OPEN else None)
        for rank, (name, reason) in enumerate(zip(names_of(data, found), found.reasons, strict=True))
    )
    return section("What is strange about them", *shown, name="reasons")


def _cells(reason: Reason) -> str:
    order = np.argsort(-reason.shares, kind="stable")[:MOST_COLUMNS]
    rows = [(*reason.cells(int(i)), f"{reason.shares[i]:.0%}") for i in order]
    return table(("Column", "Value", "Expected", "Part of the score"), rows, numeric=(1, 2, 3))


def _series(reason: Reason) -> str:
    first, last = reason.stretch
    drawn = ""
    for channel, name in enumerate(reason.schema.names):  # type: ignore[union-attr]
        lines = {
            which: [(float(t), float(v)) for t, v in enumerate(values[:, channel]) if np.isfinite(v)]
            for which, values in (("as it came", reason.row), ("expected", reason.expected))
        }
        drawn += line_chart(lines, "step", name, mark=(float(first), f"strange from here to {last}"))
    return figure(drawn, f"Strangest from step {first} to {last}.")


def _whole(data: Dataset, stretches: list[Stretch]) -> str:
    """The whole series with the stretches listed marked, and a closer look at the first of them."""
    values = data.source.read(0, data.n)[:, -1]
    room = data.source.shape[0]
    close = [(max(0, s.first - room), min(data.n, s.last + room + 1)) for s in stretches[:OPEN]]
    drawn = "".join(_drawn(data, values, stretches, span) for span in [(0, data.n), *close])
    caption = "The whole series, then the strangest stretches from near. The stretches listed are marked."
    return section("Where it is strange", figure(drawn, caption), name="reasons")


def _drawn(data: Dataset, values: NDArray[Any], stretches: list[Stretch], span: tuple[int, int]) -> str:
    bands = [(float(s.first), float(s.last)) for s in stretches if s.first < span[1] and s.last >= span[0]]
    names = data.schema.names[:MOST_CHANNELS]  # type: ignore[union-attr]
    return "".join(
        line_chart({name: outline(values[:, channel], *span)}, "step", name, bands=bands)
        for channel, name in enumerate(names)
    )


def outline(values: NDArray[Any], first: int, last: int) -> list[tuple[float, float]]:
    """Points of the steps from `first` to before `last`; of a long span the lowest and highest of each short piece."""
    steps = np.arange(first, last)[np.isfinite(values[first:last])]
    if len(steps) > 2 * PIECES:
        pieces = np.array_split(steps, PIECES)
        steps = np.array([sorted((p[values[p].argmin()], p[values[p].argmax()])) for p in pieces]).ravel()
    return [(float(step), float(values[step])) for step in steps]


def _pictures(found: Found) -> str:
    """Each picture, what was expected, and the first with its strange places marked."""
    if not found.reasons:
        return ""
    came, expected, heat = (
        np.stack([getattr(reason, what) for reason in found.reasons]) for what in ("row", "expected", "shares")
    )
    both = coloured(eight_bit(np.concatenate([came, expected]), like=came))
    shown = both[: len(came)]
    tiles = np.stack([shown, both[len(came) :], marked(shown, heat)], 1)
    image = sheet(tiles.reshape(-1, *tiles.shape[2:]), 3 * ACROSS)
    caption = "In threes: the picture, what was expected, and where it is strange."
    return section(
        "What is strange about them", figure(image_tag(image, "the strangest pictures"), caption), name="reasons"
    )


def coloured(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures of any number of channels as red, green and blue."""
    return np.repeat(pictures[..., :1], 3, -1) if pictures.shape[-1] < 3 else pictures[..., :3]


def marked(pictures: NDArray[np.uint8], heat: NDArray[Any]) -> NDArray[np.uint8]:
    """Pictures (n, height, width, 3) with their heat maps (n, height, width) laid over in red."""
    most = heat.max((1, 2), keepdims=True)
    strength = 0.8 * np.sqrt(heat / np.where(most > 0, most, 1.0))[..., None]
    return np.rint(pictures * (1 - strength) + np.array(HEAT) * strength).astype(np.uint8)


def _about(detector: Detector) -> str:
    estimator = detector.autoencoder_
    record = estimator.record_
    facts = [
        ("autoencoder", f"{estimator.recipe}, {plural(estimator.model_.bottleneck.latent_dim, 'code value')}"),
        ("fitted on", plural(record["training_rows"] + record["held_out_rows"], "row")),
        ("held out for the promise", plural(len(detector.calibration_scores_), "row")),
        *([] if detector.fdr is not None else [("threshold", number(detector.threshold_))]),
        ("fingerprint", record["data"]["sha256"]),
    ]
    return section("The detector", definitions(facts), name="detector")
