"""`isthmus interpolate`: a strip, an animation or the rows of a way through codes."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import read_data, refuse_input
from isthmus.data import Dataset, check_output, write_data
from isthmus.data.clips import FORMATS, check_av, write_clip
from isthmus.data.playing import is_played
from isthmus.data.writing import ROWS
from isthmus.errors import InputError
from isthmus.files import atomic_write
from isthmus.jobs.interpolate import Tour, interpolate

PICTURES = (".png", ".gif", *FORMATS)
MOST_PICTURES = 2000


def interpolate_command(**asked: Any) -> None:
    """Go through the rows asked for and write what lies on the way."""
    output = check_output(asked["output"], asked["force"], endings=(*ROWS, *PICTURES))
    refuse_input("result", output, Path(asked["data"]))
    if output.suffix.lower() in FORMATS:
        check_av(output)
    estimator = Autoencoder.load(asked["model"])
    if output.suffix.lower() in PICTURES and estimator.schema_.kind != "images":
        raise InputError(f"{output}: this model's rows are {estimator.schema_.kind}; name a .csv, .npy or .npz file")
    is_played(output, estimator.schema_)
    data = _stops(read_data(asked["data"], asked, estimator), asked["rows"])
    _check_length(output, data.n, asked["steps"])
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


def _check_length(output: Path, stops: int, steps: int) -> None:
    """Refuse more pictures than a file takes, before any is made."""
    ending, count = output.suffix.lower(), (stops - 1) * steps + 1
    if ending in PICTURES and count > MOST_PICTURES:
        raise InputError(f"{count:,} pictures on the way: {ending} takes at most {MOST_PICTURES:,}; take fewer --rows")


def _write(output: Path, tour: Tour, estimator: Autoencoder, asked: dict[str, Any]) -> None:
    ending, schema = output.suffix.lower(), estimator.schema_
    if ending not in PICTURES:
        write_data(output, tour.rows, schema, force=asked["force"])
        return
    way, faded = (rows.reshape(-1, *schema.shape) for rows in (tour.rows, tour.faded))
    if ending == ".png":
        _write_strip(output, way, faded, asked["steps"])
    else:
        _write_moving(output, way, faded, asked)


def _write_strip(output: Path, way: NDArray[Any], faded: NDArray[Any], steps: int) -> None:
    """A pair of lines from each stop to the next, both stops in it."""
    from isthmus.report.sheets import originals_and_reconstructions

    shown = np.concatenate([np.arange(start, start + steps + 1) for start in range(0, len(way) - 1, steps)])
    with atomic_write(output) as file:
        originals_and_reconstructions(way[shown], faded[shown], steps + 1).save(file, "PNG", optimize=True)


def _write_moving(output: Path, way: NDArray[Any], faded: NDArray[Any], asked: dict[str, Any]) -> None:
    """There and back, the way through codes on the left and the fade on the right."""
    from isthmus.report import animation

    drawn = animation.frames(way, faded)
    order = animation.there_and_back(len(drawn), closed=bool((faded[0] == faded[-1]).all()))
    shown, times = [drawn[index] for index in order], animation.durations(order, asked["steps"])
    if output.suffix.lower() == ".gif":
        with atomic_write(output) as file:
            animation.write_gif(file, shown, times)
    else:
        write_clip(output, animation.repeated(shown, times), rate=1000 // animation.FRAME)
