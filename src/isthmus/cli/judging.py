"""`isthmus evaluate` and `doctor`: judging a model file on data."""

import json
from typing import Any

import click
from rich.console import Console

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import read_data
from isthmus.errors import DataError
from isthmus.jobs.reduce import Judged, judged_rows
from isthmus.report.terminal import show_diagnoses, show_evaluation

FEW_SAID = "rows are too few to say anything of the code or of over-fitting"


def _judged(asked: dict[str, Any]) -> tuple[Autoencoder, Judged]:
    estimator = Autoencoder.load(asked["model"])
    data = read_data(asked["data"], asked, estimator)
    if data.n < 2:
        raise DataError(f"{asked['data']}: {data.n} row; judging takes 2 or more")
    return estimator, judged_rows(estimator, data)


def evaluate_command(**asked: Any) -> None:
    """Every figure that applies."""
    from isthmus.jobs.evaluate import evaluate

    estimator, judged = _judged(asked)
    found = evaluate(estimator, judged, draws=asked["draws"])
    if asked["as_json"]:
        click.echo(json.dumps(found.to_json()))
        return
    show_evaluation(Console(), found)


def doctor_command(**asked: Any) -> None:
    """What went wrong, in plain words."""
    from isthmus.jobs.doctor import FEWEST_ROWS, examine

    estimator, judged = _judged(asked)
    diagnoses = examine(estimator, judged)
    if asked["as_json"]:
        click.echo(json.dumps([diagnosis.to_json() for diagnosis in diagnoses]))
        return
    show_diagnoses(Console(), diagnoses)
    if not diagnoses:
        few = len(judged.rows) < FEWEST_ROWS
        click.echo(f"nothing found{f' ({FEW_SAID})' if few else ''}")
