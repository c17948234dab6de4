"""`isthmus edit`: rows changed by changing their codes."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import read_data, refuse_input
from isthmus.data import Dataset, check_output, write_data
from isthmus.data.transformations import TRANSFORMATIONS
from isthmus.data.writing import ROWS
from isthmus.errors import InputError
from isthmus.files import atomic_write
from isthmus.generation.directions import Attribute, Transformation
from isthmus.jobs.edit import FURTHEST, Edited, edit, learn_attribute, learn_transformation

SHEET = ".png"
MOST_ON_SHEET = 1024
LABELS = {"more": 1.0, "less": -1.0}


def edit_command(**asked: Any) -> None:
    """Learn a change of codes, and write the rows changed."""
    output = check_output(asked["output"], asked["force"], endings=(*ROWS, SHEET))
    refuse_input("result", output, Path(asked["data"]), Path(asked["fitted_to"]))
    name, value = _asked_for(asked)
    estimator = Autoencoder.load(asked["model"])
    if estimator.schema_.kind != "images" and (name in TRANSFORMATIONS or output.suffix.lower() == SHEET):
        raise InputError(f"this model's rows are {estimator.schema_.kind}, not pictures: take --more, and no .png")
    learned = read_data(asked["fitted_to"], asked | {"quiet": True}, estimator)
    data = read_data(asked["data"], asked | {"label": None}, estimator)
    change = _learn(estimator, learned, name, value, asked)
    found = edit(estimator, data, change, LABELS.get(name, 1.0) * asked["amount"], learned=learned)
    _write(output, data, found, asked)
    _say(output, found, asked)


def _asked_for(asked: dict[str, Any]) -> tuple[str, Any]:
    """The one change that is asked for."""
    given = {name: asked[name] for name in (*LABELS, *TRANSFORMATIONS) if asked[name] is not None}
    if len(given) != 1:
        names = ", ".join(f"--{name}" for name in (*LABELS, *TRANSFORMATIONS))
        raise InputError(f"{len(given)} changes are asked for: give one of {names}")
    name, value = next(iter(given.items()))
    if name in TRANSFORMATIONS and not (np.isfinite(value) and (name != "zoom" or value > 0)):
        raise InputError(f"--{name} {value}: give a finite number" + (" above 0" if name == "zoom" else ""))
    if not np.isfinite(asked["amount"]):
        raise InputError(f"--amount {asked['amount']}: give a finite number")
    return name, value


def _learn(
    estimator: Autoencoder, learned: Dataset, name: str, value: Any, asked: dict[str, Any]
) -> Attribute | Transformation:
    if name in LABELS:
        return learn_attribute(estimator, learned, value, how=asked["how"])
    return learn_transformation(estimator, learned, lambda pictures: TRANSFORMATIONS[name](pictures, value))


def _write(output: Path, data: Dataset, found: Edited, asked: dict[str, Any]) -> None:
    if output.suffix.lower() != SHEET:
        write_data(output, found.rows, data.schema, names=data.names, force=asked["force"])
        return
    from isthmus.report.sheets import originals_and_reconstructions

    if data.n > MOST_ON_SHEET:
        raise InputError(f"{data.n} pictures: a sheet holds at most {MOST_ON_SHEET:,}; name a folder or a .npy file")
    before, after = (rows.reshape(-1, *data.schema.shape) for rows in (data.source.read(0, data.n), found.rows))
    with atomic_write(output) as file:
        originals_and_reconstructions(before, after, min(data.n, 16)).save(file, "PNG", optimize=True)


def _say(output: Path, found: Edited, asked: dict[str, Any]) -> None:
    typical = float(np.median(found.reach))
    if asked["as_json"]:
        click.echo(json.dumps({"output": str(output), "rows": len(found.rows), "reach": found.reach.tolist()}))
    elif not asked["quiet"]:
        click.echo(f"{output}: {len(found.rows):,} rows")
        bound = " or further" if abs(typical) >= FURTHEST * abs(asked["amount"]) else ""
        click.echo(f"half of them stay on the data up to an amount of {typical:.3g}{bound}")
