"""`isthmus lr-find`."""

import json
import math
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from isthmus.cli.files import read_data
from isthmus.cli.fitting import by_captions, estimator_of
from isthmus.data import check_output
from isthmus.files import atomic_write
from isthmus.report.terminal import show_rates
from isthmus.training import LearningRates

NO_RUN: dict[str, Any] = {
    "epochs": None, "minutes": None, "patience": "auto", "learning_rate": None, "checkpoint_every": 30.0,
}  # fmt: skip


def find_rate_command(**asked: Any) -> None:
    """Try rising rates, say which suits, draw the curve if asked."""
    output: Path | None = asked["output"]
    if output:
        check_output(output, asked["force"], endings=(".svg",), folder=False)
    asked = by_captions(asked)
    estimator = estimator_of(NO_RUN | asked)
    found = estimator.find_learning_rate(read_data(asked["data"], asked), steps=asked["steps"])
    if output:
        _draw(output, found)
    if asked["as_json"]:
        click.echo(json.dumps({"suggestion": found.suggestion, "rates": found.rates, "losses": found.losses}))
        return
    if not asked["quiet"]:
        show_rates(Console(), found)
    click.echo(f"suggested: --learning-rate {found.suggestion:.2g}")


def _draw(path: Path, found: LearningRates) -> None:
    from isthmus.report.svg import as_file, line_chart

    points = [(math.log10(rate), loss) for rate, loss in zip(found.rates, found.losses, strict=True)]
    mark = (math.log10(found.suggestion), "suggested")
    with atomic_write(path) as file:
        chart = line_chart({"loss": points}, "log10 of the learning rate", "loss, nats per row", mark=mark)
        file.write(as_file(chart).encode())
