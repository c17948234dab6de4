"""`isthmus generate`: new rows to a table, an array, a folder of pictures or a sheet of them."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import read_data, refuse_input
from isthmus.data import Dataset, check_output, write_data
from isthmus.data.playing import is_played
from isthmus.data.streamwriting import write_pieces
from isthmus.data.writing import ENDINGS, ROWS
from isthmus.errors import InputError
from isthmus.generation import Generator, generator

SHEET = ".png"
MOST_ON_SHEET = 4096
MOST_CELLS = 1 << 28
"""Of what is held in memory until it is written."""
MOST_PLAYED = 10_000
USUAL_LABEL = "label"


def generate_command(**asked: Any) -> None:
    """Draw rows and write them."""
    output, n = check_output(asked["output"], asked["force"], endings=(*ROWS, SHEET)), asked["rows"]
    refuse_input("result", output, *(Path(asked[name]) for name in ("fitted_to", "like") if asked[name]))
    estimator = Autoencoder.load(asked["model"])
    check_sheet(output, estimator, n)
    found = generator(
        estimator,
        fitted_to=_fitted_to(asked, estimator),
        label=_label(asked, estimator),
        like=None if asked["like"] is None else read_data(asked["like"], asked | {"quiet": True}, estimator),
        random_state=asked["seed"],
        **{name: asked[name] for name in ("density", "spread", "temperature", "draw")},
    )
    write_rows(output, found, estimator, n, asked)
    if asked["as_json"]:
        click.echo(json.dumps({"output": str(output), "rows": n}))
    elif not asked["quiet"]:
        click.echo(f"{output}: {n:,} new rows")


def check_sheet(output: Path, estimator: Autoencoder, n: int) -> None:
    """Refuse what can't be written, before anything is drawn."""
    if is_played(output, estimator.schema_) and n > MOST_PLAYED:
        raise InputError(f"-n {n}: at most {MOST_PLAYED:,} rows are written to be heard; name a .npy file")
    if output.suffix.lower() != SHEET:
        return
    if estimator.schema_.kind != "images":
        raise InputError(f"{output}: a sheet shows pictures, and this model's rows are {estimator.schema_.kind}")
    if n > MOST_ON_SHEET:
        raise InputError(f"-n {n}: a sheet holds at most {MOST_ON_SHEET:,} pictures; name a folder or a .npy file")


def _fitted_to(asked: dict[str, Any], estimator: Autoencoder) -> Dataset | None:
    if asked["fitted_to"] is None:
        return None
    column = asked["where"][0] if asked["where"] else None
    if asked["label"] and column not in (None, USUAL_LABEL, asked["label"]):
        raise InputError(f"--label {asked['label']} and --where {column}=...: name one column of labels")
    label = asked["label"] or (column if column != USUAL_LABEL else None)
    return read_data(asked["fitted_to"], asked | {"quiet": True, "label": label}, estimator)


def _label(asked: dict[str, Any], estimator: Autoencoder) -> str | None:
    """The class that --where names, of the column that holds the labels."""
    if asked["where"] is None:
        return None
    column, value = asked["where"]
    known = getattr(estimator, "label_", "")
    if estimator.conditions_ is not None and column not in (USUAL_LABEL, known):
        raise InputError(
            f"--where {column}={value}: this model is told {known or USUAL_LABEL!r} of a row, nothing else"
        )
    return str(value)


def write_rows(output: Path, found: Generator, estimator: Autoencoder, n: int, asked: dict[str, Any]) -> None:
    """Draw rows, and write them as the output's ending says."""
    schema, ending = estimator.schema_, output.suffix.lower()
    pieces = _shown(found.rows(n, asked["seed"]), found, n, asked)
    streamed = ending == ".npy" or (schema.kind == "table" and ending in ENDINGS and ending != ".npz")
    if streamed:
        write_pieces(output, pieces, schema, n)
        return
    if n * math.prod(schema.shape) > MOST_CELLS:
        most = MOST_CELLS // math.prod(schema.shape)
        raise InputError(f"-n {n}: so many rows go to a .npy file alone; to others {most:,} of this model's at most")
    raw = np.concatenate(list(pieces))
    if ending == SHEET:
        _write_sheet(output, raw.reshape(-1, *schema.shape))
    else:
        write_data(output, raw, schema, force=asked["force"])


def _shown(pieces: Iterator[NDArray[Any]], found: Generator, n: int, asked: dict[str, Any]) -> Iterator[NDArray[Any]]:
    """The same, with a bar where there are many."""
    total = math.ceil(n / found.piece)
    if total < 4 or asked["quiet"] or asked["as_json"]:
        return pieces
    return iter(track(pieces, description="drawing", total=total, transient=True))


def _write_sheet(output: Path, pictures: NDArray[Any]) -> None:
    from isthmus.files import atomic_write
    from isthmus.report.sheets import sheet

    with atomic_write(output) as file:
        sheet(pictures, math.ceil(math.sqrt(len(pictures)))).save(file, "PNG", optimize=True)
