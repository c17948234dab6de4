"""Figures of restored pictures, on the terminal."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from isthmus.jobs.denoise import Figures, mean_figures
from isthmus.jobs.inpaint import Figures as Filled
from isthmus.jobs.segment import Overlaps, mean_overlaps


def show_figures(console: Console, found: Sequence[tuple[str, Figures]], unit: str = "PSNR in dB") -> None:
    """PSNR of pictures (or what `unit` says) before and after, beside the classical methods', and their means."""
    table = Table(unit, box=None, pad_edge=False)
    peers = list(dict.fromkeys(peer for _, figures in found for peer in figures.peers))
    for name in ("before", "Isthmus", *peers):
        table.add_column(name, justify="right")
    mean = mean_figures([figures for _, figures in found])
    for name, figures in [*found, *([("mean", mean)] if len(found) > 1 else [])]:
        numbers = (figures.before, figures.after, *(figures.peers.get(peer) for peer in peers))
        table.add_row(name, *("-" if number is None else f"{number:.2f}" for number in numbers))
    console.print(table)
    console.print(f"{mean.verdict}.")


def show_filled(console: Console, found: Filled) -> None:
    """How well gaps were filled, beside the classical methods."""
    table = Table(found.unit, box=None, pad_edge=False)
    for name in ("Isthmus", *found.peers):
        table.add_column(name, justify="right")
    table.add_row("", *(f"{number:.3f}" for number in (found.ours, *found.peers.values())))
    console.print(table)
    console.print(f"{found.verdict}.")


def show_holes(console: Console, found: Mapping[str, Filled]) -> None:
    """How well each kind of hole was filled, beside the classical methods."""
    first = next(iter(found.values()))
    table = Table(first.unit, box=None, pad_edge=False)
    for name in ("Isthmus", *first.peers):
        table.add_column(name, justify="right")
    for kind, each in found.items():
        table.add_row(kind, *(f"{number:.2f}" for number in (each.ours, *each.peers.values())))
    console.print(table)
    for kind, each in found.items():
        console.print(f"{kind}: {each.verdict}.")


def show_masks(console: Console, found: Sequence[tuple[str, Overlaps]]) -> None:
    """How far masks agree with the true ones, beside the classical methods', and their means."""
    mean = mean_overlaps([overlaps for _, overlaps in found])
    table = Table(" / ".join(each.unit for each in mean), box=None, pad_edge=False)
    for name in ("Isthmus", *mean.iou.peers):
        table.add_column(name, justify="right")
    for name, overlaps in [*found, *([("mean", mean)] if len(found) > 1 else [])]:
        columns = zip(*((each.ours, *each.peers.values()) for each in overlaps), strict=True)
        table.add_row(name, *(" / ".join(f"{number:.3f}" for number in column) for column in columns))
    console.print(table)
    console.print(f"IoU: {mean.iou.verdict}.")
