"""`isthmus edit`: rows changed by changing their codes."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import read_data, refuse_input
from isthmus.data import Dataset, check_output, write_data
from isthmus.data.transformations import TRANSFORMATIONS
from isthmus.data.writing import ROWS
from isthmus.errors import InputError
from isthmus.files import atomic_write
from isthmus.generation.directions import Attribute, Transformation
from isthmus.jobs.edit import FURTHEST, Edited, edit, learn_attribute, learn_from_pairs, learn_transformation

SHEET = ".png"
MOST_ON_SHEET = 1024
MOST_AMOUNT = 1000.0
SIGNS = {"more": 1.0, "less": -1.0}
CHANGES = (*SIGNS, *TRANSFORMATIONS, "pairs")


def edit_command(**asked: Any) -> None:
    """Learn a change of codes, and write the rows changed."""
    output = check_output(asked["output"], asked["force"], endings=(*ROWS, SHEET))
    read = [asked["data"], asked["fitted_to"], *(asked["pairs"] or ())]
    refuse_input("result", output, *(Path(each) for each in read if each is not None))
    name = _asked_for(asked)
    estimator = Autoencoder.load(asked["model"])
    if estimator.schema_.kind != "images" and (name in TRANSFORMATIONS or output.suffix.lower() == SHEET):
        raise InputError(
            f"this model's rows are {estimator.schema_.kind}, not pictures: take --more, --less or --pairs, and no .png"
        )
    data = read_data(asked["data"], _unlabelled(asked["data"], asked), estimator)
    _check_sheet(output, data)
    change, learned = _learn(estimator, name, asked)
    sign = SIGNS.get(name, 1.0)
    found = edit(
        estimator, data, change, sign * asked["amount"], learned=learned, keep_detail=asked["keep_detail"]
    )  # fmt: skip
    _write(output, data, found, asked)
    _say(output, sign * found.reach, asked)


def _asked_for(asked: dict[str, Any]) -> str:
    """The one change that is asked for."""
    given = [name for name in CHANGES if asked[name] is not None]
    if len(given) != 1:
        names = ", ".join(f"--{name}" for name in CHANGES)
        raise InputError(f"{len(given)} changes are asked for: give one of {names}")
    name, value = given[0], asked[given[0]]
    if name in TRANSFORMATIONS and not (np.isfinite(value) and (name != "zoom" or value > 0)):
        raise InputError(f"--{name} {value}: give a finite number" + (" above 0" if name == "zoom" else ""))
    if name != "pairs" and asked["fitted_to"] is None:
        raise InputError(f"--{name} is learned from rows: name them with --fitted-to, the training ones at best")
    if asked["apart_from"] and name not in SIGNS:
        raise InputError("--apart-from goes with --more and --less: leave it out")
    if not 0 < abs(asked["amount"]) <= MOST_AMOUNT:
        raise InputError(f"--amount {asked['amount']}: give a number other than 0, at most {MOST_AMOUNT:g}")
    return name


def _learn(
    estimator: Autoencoder, name: str, asked: dict[str, Any]
) -> tuple[Attribute | Transformation, Dataset | None]:
    """The change, and the rows that tell how far it can go: those learned from, where no others are named."""
    quiet = asked | {"quiet": True}
    learned = None if asked["fitted_to"] is None else read_data(asked["fitted_to"], quiet, estimator)
    if name == "pairs":
        before, after = (read_data(each, _unlabelled(each, quiet), estimator) for each in asked["pairs"])
        return learn_from_pairs(estimator, before, after), learned or before
    assert learned is not None  # for the type checker: _asked_for saw to it
    if name in SIGNS:
        how, others = asked["how"], asked["apart_from"]
        return learn_attribute(estimator, learned, asked[name], how=how, apart_from=others), learned
    transform = TRANSFORMATIONS[name]
    return learn_transformation(estimator, learned, lambda pictures: transform(pictures, asked[name])), learned


def _unlabelled(data: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The options for rows whose labels aren't wanted: --label, and --key of what is no .npz file, mean --fitted-to."""
    return asked | {"label": None, "key": asked["key"] if Path(data).suffix.lower() == ".npz" else None}


def _check_sheet(output: Path, data: Dataset) -> None:
    if output.suffix.lower() == SHEET and data.n > MOST_ON_SHEET:
        raise InputError(f"{data.n} pictures: a sheet holds at most {MOST_ON_SHEET:,}; name a folder or a .npy file")


def _write(output: Path, data: Dataset, found: Edited, asked: dict[str, Any]) -> None:
    if output.suffix.lower() != SHEET:
        write_data(output, found.rows, data.schema, names=data.names, force=asked["force"])
        return
    from isthmus.report.sheets import originals_and_reconstructions

    before, after = (rows.reshape(-1, *data.schema.shape) for rows in (data.source.read(0, data.n), found.rows))
    with atomic_write(output) as file:
        originals_and_reconstructions(before, after, min(data.n, 16)).save(file, "PNG", optimize=True)


def _say(output: Path, reach: NDArray[np.float64], asked: dict[str, Any]) -> None:
    if asked["as_json"]:
        told = [None if np.isnan(each) else each for each in reach.tolist()]
        click.echo(json.dumps({"output": str(output), "rows": len(reach), "reach": told}))
    elif not asked["quiet"]:
        click.echo(f"{output}: {len(reach):,} rows")
        click.echo(_said(float(np.median(reach)), asked["amount"]))


def _said(typical: float, amount: float) -> str:
    if np.isnan(typical):
        return "how far it can go is told by more rows: name training ones with --fitted-to"
    bound = " or further" if abs(typical) >= FURTHEST * abs(amount) else ""
    return f"half of them stay on the data up to an amount of {typical:.3g}{bound}"
