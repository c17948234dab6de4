"""`isthmus evaluate` and `doctor`: judging a model file on data."""

import json
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import read_data
from isthmus.errors import DataError
from isthmus.jobs.reduce import Judged, judged_rows
from isthmus.report.terminal import show_diagnoses, show_evaluation, show_measurement

if TYPE_CHECKING:
    from isthmus.jobs.samples import Measurement

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
    samples = None if asked["samples"] is None else _samples(estimator, judged, asked["samples"])
    if asked["as_json"]:
        click.echo(json.dumps(found.to_json() | ({} if samples is None else {"samples": samples.to_json()})))
        return
    show_evaluation(Console(), found)
    if samples is not None:
        show_measurement(Console(), samples)


def _samples(estimator: Autoencoder, judged: Judged, n: int) -> "Measurement":
    from isthmus.jobs.samples import measure

    return measure(estimator, judged, n=n)


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
