"""`isthmus draw`: a caption to pictures."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import refuse_input
from isthmus.cli.generating import SHEET, check_sheet, write_rows
from isthmus.data import check_output
from isthmus.data.folders import write_picture
from isthmus.data.writing import ENDINGS
from isthmus.generation import Generator, generator, known_caption


def draw_command(**asked: Any) -> None:
    """Draw what a caption says, and write it."""
    output, n = check_output(asked["output"], asked["force"], endings=(*ENDINGS, SHEET)), asked["rows"]
    refuse_input("drawing", output, asked["model"])
    estimator = Autoencoder.load(asked["model"])
    unknown = known_caption(estimator, asked["caption"])
    check_sheet(output, estimator, n)
    found = generator(estimator, label=asked["caption"], temperature=asked["temperature"], random_state=asked["seed"])
    if unknown and not asked["quiet"]:
        click.echo(f"not known, and left out: {', '.join(unknown)}", err=True)
    if output.suffix.lower() == SHEET and n == 1:
        _write_one(output, found, asked["seed"])
    else:
        write_rows(output, found, estimator, n, asked)
    if asked["as_json"]:
        click.echo(json.dumps({"output": str(output), "rows": n, "unknown": unknown}))
    elif not asked["quiet"]:
        click.echo(f"{output}: {n:,} drawing{'s' if n > 1 else ''}")


def _write_one(output: Path, found: Generator, seed: int) -> None:
    """One picture in its own size."""
    raw = np.concatenate(list(found.rows(1, seed)))
    write_picture(output, raw.reshape(found.estimator.schema_.shape))
