"""The page of restored pictures: figures, before and after, how the model learned or the codes were found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus import __version__
from isthmus.autoencoder import Autoencoder
from isthmus.files import atomic_write
from isthmus.jobs.denoise import Example, Figures, mean_figures
from isthmus.jobs.inpaint import Figures as Filled
from isthmus.jobs.segment import Overlaps, mean_overlaps
from isthmus.report import sections
from isthmus.report.markup import escaped, figure, paragraph, section, table, tag
from isthmus.report.page import document
from isthmus.report.sheets import image_tag, sheet
from isthmus.report.svg import line_chart

SHOWN_SIDE = 192
"""Of examples, in pixels."""
MOST_LINES = 6
"""Of energy drawn one by one."""


def write_restored(path: Path, title: str, *inside: str, lead: str = "") -> None:
    """Write a self-contained page of sections on restored pictures, atomically.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    head = tag("header", paragraph("Restoration report", "kicker"), tag("h1", escaped(title)), paragraph(lead, "lead"))
    foot = tag("footer", escaped(f"Written by Isthmus {__version__}. This page holds everything it shows."))
    with atomic_write(path) as file:
        file.write(document(title, head + tag("main", *inside) + foot).encode())


def fit_sections(estimator: Autoencoder, command: str) -> tuple[str, ...]:
    """How a restoring model learned, what it is, and how it is used."""
    use = paragraph("Use it:") + tag("pre", tag("code", escaped(command)))
    return (
        sections.learning_section(estimator),
        sections.model_section(estimator),
        section("How to use this model", use, name="use"),
    )


def figures_section(found: Sequence[tuple[str, Figures]], unit: str = "PSNR in dB") -> str:
    """PSNR, or what `unit` says, before and after, beside the classical methods'."""
    if not found:
        return ""
    mean = mean_figures([figures for _, figures in found])
    rows = {
        name: {"before": f.before, "Isthmus": f.after, **f.peers}
        for name, f in [*found, *([("mean", mean)] if len(found) > 1 else [])]
    }
    return _beside(unit, rows, mean.verdict)


def filled_section(found: Mapping[str, Filled]) -> str:
    """How well each kind of gap was filled, beside the classical methods."""
    if not found:
        return ""
    rows = {name: {"Isthmus": each.ours, **each.peers} for name, each in found.items()}
    verdicts = [f"{name}: {each.verdict}" if len(found) > 1 else each.verdict for name, each in found.items()]
    return _beside(next(iter(found.values())).unit, rows, "; ".join(verdicts))


def masks_section(found: Sequence[tuple[str, Overlaps]]) -> str:
    """How far masks agree with the true ones, beside the classical methods'."""
    if not found:
        return ""
    mean = mean_overlaps([overlaps for _, overlaps in found])
    rows = {
        f"{name}, {each.unit}": {"Isthmus": each.ours, **each.peers} for name, overlaps in found for each in overlaps
    }
    return _beside("overlap, from 0 to 1", rows, mean.iou.verdict)


def _beside(unit: str, rows: Mapping[str, Mapping[str, float]], verdict: str) -> str:
    """Figures by row and by method, and what they say."""
    methods = list(dict.fromkeys(method for row in rows.values() for method in row))
    cells = [(name, *(_three_digits(row.get(method)) for method in methods)) for name, row in rows.items()]
    shown = table((unit, *methods), cells, numeric=range(1, len(methods) + 1))
    return section("Is it better than classical methods?", paragraph(f"{verdict}.", "verdict"), shown, name="figures")


def _three_digits(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def examples_section(examples: Sequence[Example]) -> str:
    """Each picture before and after, their difference, and the clean one where it is known."""
    shown = [_side_by_side(example) for example in examples]
    if not shown:
        return ""
    known = any(example.clean is not None for example in examples)
    alike = all(example.alike for example in examples)
    what = ["before", "after", *(["their difference"] if alike else []), *(["as it should be"] if known else [])]
    text = f"From left to right: {', '.join(what)}."
    text += " The difference is grey where nothing changed; its contrast is stretched." if alike else ""
    drawn = (figure(image, escaped(example.name)) for image, example in zip(shown, examples, strict=True))
    return section("Before and after", paragraph(text), *drawn, name="examples")


def _side_by_side(example: Example) -> str:
    pictures = [example.seen, example.restored]
    if example.alike:
        taken = example.seen - example.restored
        pictures.append(0.5 + taken * (0.5 / max(float(np.quantile(abs(taken), 0.999)), 1 / 255)))
    pictures += [] if example.clean is None else [example.clean]
    image = sheet(np.clip(np.stack(pictures), 0, 1), len(pictures), largest=SHOWN_SIDE)
    return image_tag(image, f"{example.name}: before, after, difference")


def energy_section(energies: NDArray[np.floating], names: Sequence[str]) -> str:
    """The energy of the rows' best starts after every step, (steps + 1, m): their mean, and the first few."""
    if not energies.size:
        return ""
    lines: Mapping[str, list[tuple[float, float]]] = {"mean of all": _line(energies.mean(1))} | {
        name: _line(energies[:, i]) for i, name in enumerate(names[:MOST_LINES])
    }
    drawn = line_chart(lines, "step", "energy (nats)", title="Energy by step")
    caption = "Distortion over what is known + beta x rate, of each row's best start. Lower is better."
    return section("How the codes were found", figure(drawn, caption), name="energy")


def _line(values: NDArray[np.floating]) -> list[tuple[float, float]]:
    return [(float(step), float(value)) for step, value in enumerate(values)]
