"""Figures of restored pictures, on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from isthmus.jobs.denoise import Figures, mean_figures
from isthmus.jobs.inpaint import Figures as Filled


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
