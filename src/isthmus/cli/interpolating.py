"""`isthmus interpolate`: a strip, an animation or the rows of a way through codes."""

import json
import math
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import read_data, refuse_input
from isthmus.data import Dataset, check_output, write_data
from isthmus.data.playing import is_played
from isthmus.data.writing import ROWS
from isthmus.errors import InputError
from isthmus.files import atomic_write
from isthmus.jobs.interpolate import Tour, interpolate

PICTURES = (".png", ".gif")
FRAME = 80
"""Milliseconds that a picture of an animation stands."""
SHOWN = 256
"""Smallest height of an animation, in pixels."""


def interpolate_command(**asked: Any) -> None:
    """Go through the rows asked for and write what lies on the way."""
    output = check_output(asked["output"], asked["force"], endings=(*ROWS, *PICTURES))
    refuse_input("result", output, Path(asked["data"]))
    estimator = Autoencoder.load(asked["model"])
    if output.suffix.lower() in PICTURES and estimator.schema_.kind != "images":
        raise InputError(f"{output}: this model's rows are {estimator.schema_.kind}; name a .csv, .npy or .npz file")
    is_played(output, estimator.schema_)
    data = _stops(read_data(asked["data"], asked, estimator), asked["rows"])
    tour = interpolate(estimator, data, steps=asked["steps"], way=asked["way"])
    _write(output, tour, estimator, asked)
    if asked["as_json"]:
        both = {"way": tour.evenness.__dict__, "fade": tour.fade.__dict__}
        click.echo(json.dumps({"output": str(output), "rows": len(tour.rows), **both}))
    elif not asked["quiet"]:
        click.echo(f"{output}: {len(tour.rows):,} rows on the way through {data.n}")
        for name, found in (("codes", tour.evenness), ("fade", tour.fade)):
            click.echo(f"by {name}: {found.move:.3g} a step, the largest {found.jump:.2f} times the mean")


def _stops(data: Dataset, rows: tuple[int, ...] | None) -> Dataset:
    """The rows to go through: those asked for, or all."""
    if rows is None:
        return data
    beyond = [row for row in rows if row >= data.n]
    if beyond:
        raise InputError(f"--rows {beyond[0]}: there are {data.n} rows, counted from 0")
    return data.subset(np.array(rows, np.int64))


def _write(output: Path, tour: Tour, estimator: Autoencoder, asked: dict[str, Any]) -> None:
    ending, schema = output.suffix.lower(), estimator.schema_
    if ending not in PICTURES:
        write_data(output, tour.rows, schema, force=asked["force"])
        return
    way, faded = (rows.reshape(-1, *schema.shape) for rows in (tour.rows, tour.faded))
    if ending == ".gif":
        _write_animation(output, way, faded)
        return
    from isthmus.report.sheets import originals_and_reconstructions

    columns = asked["steps"] + 1 if len(way) > 2 * asked["steps"] else len(way)
    with atomic_write(output) as file:
        originals_and_reconstructions(way, faded, columns).save(file, "PNG", optimize=True)


def _write_animation(output: Path, way: NDArray[Any], faded: NDArray[Any]) -> None:
    """There and back, the way through codes on the left and the fade on the right."""
    from isthmus.report.sheets import eight_bit

    both = eight_bit(np.concatenate([way, faded], 2), like=faded)
    factor = max(1, math.ceil(SHOWN / both.shape[1]))
    frames = [Image.fromarray(np.kron(p.squeeze(2) if p.shape[2] == 1 else p, _block(factor, p))) for p in both]
    frames += frames[-2:0:-1]
    with atomic_write(output) as file:
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=FRAME, loop=0)


def _block(factor: int, picture: NDArray[Any]) -> NDArray[np.uint8]:
    """What each pixel becomes."""
    return np.ones((factor, factor, *([1] if picture.shape[2] > 1 else [])), np.uint8)
