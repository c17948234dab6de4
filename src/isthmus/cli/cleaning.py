"""`isthmus denoise` of tables."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import DATA_OPTIONS, read_data, refuse_input
from isthmus.data import check_output, write_data
from isthmus.errors import InputError
from isthmus.jobs.clean_table import clean_table, judge_clean, numeric_columns
from isthmus.report.restored import show_filled

TABLES = (".csv", ".parquet", ".feather", ".arrow", ".npy", ".npz")
LEFT_OUT: dict[str, Any] = dict.fromkeys(DATA_OPTIONS) | {"kind": "auto", "skip_bad": False, "drop": (), "memory": None}
"""The options of how a table is read, none of which this command has."""


def clean_command(source: Path, model: Path | None, asked: dict[str, Any]) -> None:
    """Take the noise from the numbers of a table, write it, and judge it where a clean one is given."""
    clean = asked["clean"]
    if model is None:
        raise InputError(
            f"{source}: no model of tables comes along; fit one with `isthmus fit TABLE --corruption gaussian:0.3`, "
            "and name it first"
        )
    _check(source, asked)
    output = check_output(asked["output"], asked["force"])
    refuse_input("result", output, source, *([clean] if clean else []))
    estimator = Autoencoder.load(model)
    estimator.device = asked["device"]
    choices.device(estimator.device)
    numeric_columns(estimator)  # refuses a model of something else
    how = asked | LEFT_OUT
    data = read_data(str(source), how, estimator)
    reference = None if clean is None else read_data(str(clean), how | {"quiet": True}, estimator)
    found, figures = clean_table(estimator, data), None
    if reference is not None:
        noisy, truth = (each.source.read(0, each.n) for each in (data, reference))
        figures = judge_clean(estimator, found, noisy, truth)
    write_data(output, found, data.schema, names=data.names, force=asked["force"])
    if asked["as_json"]:
        judged = None if figures is None else figures.to_json()
        click.echo(json.dumps({"output": str(output), "rows": data.n, "figures": judged}))
        return
    if asked["quiet"]:
        return
    click.echo(f"{output}: {int(numeric_columns(estimator).sum())} columns of numbers in {data.n:,} rows")
    if figures is not None:
        show_filled(Console(markup=False), figures)


def _check(source: Path, asked: dict[str, Any]) -> None:
    """Refuse what says nothing of a table."""
    for name in ("level", "report"):
        if asked[name] is not None:
            raise InputError(f"--{name} {asked[name]}: is of pictures: leave it out for a table")
    if asked["skip_bad"]:
        raise InputError(f"--skip-bad passes over files of a folder: leave it out for the table {source}")
