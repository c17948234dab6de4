"""`isthmus inpaint` of picture files by a model that learned holes, and `isthmus fit --recipe inpainting`."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import Outputs, read_data
from isthmus.cli.restoring import find_files, held_files, patches_of, validation_share
from isthmus.cli.told import Told, tell
from isthmus.cli.working import Job, find_jobs
from isthmus.data import Dataset
from isthmus.data.dataset import some
from isthmus.data.images import ENDINGS
from isthmus.data.masks import read_mask
from isthmus.data.patches import find_pictures
from isthmus.data.photos import read_photo
from isthmus.errors import DataError, InputError, naming
from isthmus.jobs.paint import JPEG, Painted, check_file, fill_file, hole_examples, judge_holes, mean_figures
from isthmus.restoration.holes import box_mask
from isthmus.restoration.painting import Inpainter

SEARCH = {"like": None, "beta": 1.0, "steps": 200, "judge": False, "blend": False}
"""Options of the search for a code, and what they are where the user doesn't give them."""

MOST_SIDE = 256
"""Pictures are judged by this much of them at most, from the corner."""
MOST_JUDGED = 100
"""Small pictures, of an array of them."""


def lossless(name: str) -> str:
    """What the filled picture is called: JPEG would change what is known."""
    path = PurePosixPath(name)
    return str(path.with_suffix(".png")) if path.suffix.lower() in JPEG else name


def are_files(data: str) -> bool:
    """Whether DATA is a picture or a folder of such, which may be of any sizes."""
    return Path(data).is_dir() or Path(data).suffix.lower() in ENDINGS


def refuse_search(asked: dict[str, Any]) -> None:
    """Refuse options that say nothing to a model that fills holes in one pass.

    Raises
    ------
    InputError
        Naming the first.
    """
    for name, left_out in SEARCH.items():
        if asked[name] != left_out:
            raise InputError(f"--{name} has no use with a model that learned to fill holes: leave it out")


def paint_command(estimator: Autoencoder, asked: dict[str, Any]) -> None:
    """Fill a file or a folder of pictures of any sizes."""
    refuse_search(asked)
    if bool(asked["mask"]) == bool(asked["box"]):
        raise InputError("what is to be filled? Give --mask FILE or --box x,y,w,h, one of them")
    source = Path(asked["data"])
    if not source.exists():
        raise DataError(f"{source}: no such picture or folder")
    jobs = find_jobs(source, asked, find_pictures, lossless)
    inpainter = Inpainter(estimator)
    bad = _bad_ones(inpainter, jobs, asked)
    if bad and (not asked["skip_bad"] or len(bad) == len(jobs)):
        more = f"; {len(bad)} of {len(jobs)} can't be filled; pass over them with --skip-bad" if len(jobs) > 1 else ""
        raise DataError(f"{some([*bad.values()])}{more}")
    done = [
        fill_file(inpainter, path, target, _hidden(asked, read_photo(path).shown().shape[:2]), clean)
        for path, target, clean in jobs
        if path not in bad
    ]
    _say(asked, done, [*bad.values()])


def _bad_ones(inpainter: Inpainter, jobs: Sequence[Job], asked: dict[str, Any]) -> dict[Path, str]:
    """Which pictures can't be filled, and why, so far as their beginnings and the mask tell."""
    bad = {}
    for path, target, _ in jobs:
        try:
            check_file(inpainter, path, target)
            with naming(str(path)):
                hidden = _hidden(asked, read_photo(path).shown().shape[:2])
            if hidden.all():
                raise InputError(f"nothing is known of picture {path}: make the mask smaller")
        except DataError as fault:
            bad[path] = str(fault)
    return bad


def _hidden(asked: dict[str, Any], size: tuple[int, int]) -> NDArray[np.bool_]:
    """What the options say is unknown of a picture of this size, as it is shown."""
    if asked["box"]:
        return box_mask(asked["box"], *size)
    mask = read_mask(asked["mask"], size)
    if mask.shape != size or mask.dtype.kind not in "biu":
        raise DataError(
            f"{asked['mask']}: a mask of {some(mask.shape, 4)} ({mask.dtype}); the picture is {size[0]}x{size[1]} "
            "(height x width): give one of that size, of whole numbers or true and false"
        )
    return np.asarray(mask != 0)


def _say(asked: dict[str, Any], done: Sequence[Painted], bad: Sequence[str]) -> None:
    if asked["as_json"]:
        click.echo(json.dumps({"pictures": [each.to_json() for each in done], "skipped": [*bad]}))
        return
    if asked["quiet"]:
        return
    if bad:
        click.echo(f"skipped {len(bad)}: {some(bad)}", err=True)
    for each in done:
        copied = "nothing was missing, so this is a copy"
        click.echo(f"{each.output}: {f'{each.filled:,} pixels filled in' if each.filled else copied}")
    judged = [each.figures for each in done if each.figures is not None]
    if judged:
        from isthmus.report.restored import show_filled

        show_filled(Console(), mean_figures(judged))


def learned_from(asked: dict[str, Any], estimator: Autoencoder) -> tuple[Dataset, None, list[NDArray[Any]]]:
    """What is learned from, patches of a folder's pictures or whole small ones, and pictures held out."""
    if Path(asked["data"]).is_dir():
        pictures = find_files(asked)
        data = patches_of(pictures, asked, estimator)[0]
        return data, None, [read_photo(path).shown()[:MOST_SIDE, :MOST_SIDE] for path in held_files(pictures)[0]]
    data = read_data(asked["data"], asked)
    if data.kind != "images":
        raise InputError(f"{asked['data']}: recipe inpainting learns from pictures; of a table learn with recipe vae")
    learned, held = choices.held_out_rows(data.n, validation_share(asked), asked["seed"])
    return data.subset(learned), None, [*data.source.take(held[:MOST_JUDGED])]


def finish(asked: dict[str, Any], estimator: Autoencoder, held: Sequence[NDArray[Any]], outputs: Outputs) -> None:
    """Judge the model by the pictures held out, and say so."""
    from isthmus.report.restored import show_holes
    from isthmus.report.restoredpage import filled_section

    inpainter = Inpainter(estimator, asked["device"])
    found = judge_holes(inpainter, held) if held else {}
    told = Told(
        found,
        f"{len(held)} pictures",
        f"isthmus inpaint {outputs.model} PICTURES --mask MASK -o FILLED",
        lambda console: show_holes(console, found),
        lambda: filled_section(found),
        hole_examples(inpainter, held),
    )
    tell(asked, estimator, outputs, told)
