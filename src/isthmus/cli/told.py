"""What is said after a fit that learned to restore: on the screen, as JSON, and on a page."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import click
from rich.console import Console

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import Outputs
from isthmus.jobs.denoise import Example


class Told(NamedTuple):
    """How good a model is at what was held out.

    ``figures`` by name, each with `to_json`; ``held`` counts what they are means over; ``show`` prints them and
    ``section`` draws them; ``examples`` are shown on the page; ``nothing`` is said where there are no figures.
    """

    figures: Mapping[str, Any]
    held: str
    command: str
    show: Callable[[Console], None]
    section: Callable[[], str]
    examples: Iterable[Example] = ()
    nothing: str = "nothing was held out, so there is nothing to judge by: give 10 files or more, or --validation 1"


def tell(asked: dict[str, Any], estimator: Autoencoder, outputs: Outputs, told: Told) -> None:
    """Write the page and say how good a model is."""
    if asked["report"]:
        _write_page(estimator, outputs, told)
    if asked["as_json"]:
        figures = {name: each.to_json() for name, each in told.figures.items()}
        click.echo(json.dumps({"model": str(outputs.model), "figures": figures, "record": estimator.record_}))
        return
    if asked["quiet"]:
        return
    if told.figures:
        click.echo(f"Means over {told.held} held out:")
        told.show(Console(markup=False))
    else:
        click.echo(told.nothing)
    click.echo(f"model: {outputs.model}" + (f"; report: {outputs.report}" if asked["report"] else ""))
    click.echo(f"use it: {told.command}")
    if estimator.record_["stopped"] == "interrupted":
        click.echo("stopped by Ctrl-C: the model so far is kept; --resume goes on from the checkpoint", err=True)


def _write_page(estimator: Autoencoder, outputs: Outputs, told: Told) -> None:
    from isthmus.report import restoredpage

    restoredpage.write_restored(
        outputs.report,
        outputs.report.stem,
        told.section() if told.figures else "",
        restoredpage.examples_section(list(told.examples)),
        *restoredpage.fit_sections(estimator, told.command),
        lead=f"Recipe {estimator.recipe} learned from {estimator.record_['training_rows']:,} patches.",
    )
