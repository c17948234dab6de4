"""`isthmus inpaint` of picture files by a model that learned holes, and `isthmus fit --recipe inpainting`."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import DATA_OPTIONS, Outputs, page_for, read_data, refuse_input
from isthmus.cli.restoring import find_files, held_files, patches_of, validation_share
from isthmus.cli.told import Told, tell
from isthmus.cli.working import Work, find_jobs, say, work_through, write_page
from isthmus.cli.working import finish as finish_files
from isthmus.data import Dataset
from isthmus.data.dataset import some
from isthmus.data.images import ENDINGS
from isthmus.data.masks import read_mask
from isthmus.data.patches import find_pictures
from isthmus.data.photos import read_photo, shown_size
from isthmus.errors import DataError, InputError, naming
from isthmus.jobs.inpaint import Figures, mean_figures
from isthmus.jobs.paint import JPEG, Painted, check_file, fill_file, hole_examples, judge_holes
from isthmus.report.restored import show_filled, show_holes
from isthmus.restoration.holes import Mask, box_mask, check_numbers
from isthmus.restoration.painting import Inpainter

SEARCH = {"like": None, "beta": 1.0, "steps": 200, "judge": False, "blend": False, "seed": 0}
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


def _refuse_rows(asked: dict[str, Any]) -> None:
    """Refuse options of data that are read as rows, which files filled one by one are not."""
    if asked["kind"] not in ("auto", "images"):
        raise InputError(f"--kind {asked['kind']}: {asked['data']} is of images")
    for name in (*DATA_OPTIONS, "memory"):
        if asked[name] and name not in ("kind", "skip_bad"):
            raise InputError(f"--{name.replace('_', '-')} has no use where picture files are filled: leave it out")


def paint_command(estimator: Autoencoder, asked: dict[str, Any]) -> None:
    """Fill a file or a folder of pictures of any sizes."""
    refuse_search(asked)
    _refuse_rows(asked)
    mask = asked["mask"]
    if bool(mask) == bool(asked["box"]):
        raise InputError("what is to be filled? Give --mask FILE or --box x,y,w,h, one of them")
    source = Path(asked["data"])
    for path, what in ((source, "picture or folder"), (mask, "mask file")):
        if path and not path.exists():
            raise DataError(f"{path}: no such {what}")
    jobs = find_jobs(source, asked, find_pictures, lossless)
    for _, target, _ in jobs:
        refuse_input("result", target, *([mask] if mask else []))
    page = page_for(asked, *(path for job in jobs for path in job if path is not None), *([mask] if mask else []))
    work = _work(Inpainter(estimator, estimator.device), asked)
    done, bad = work_through(jobs, work, source, asked)
    if page is not None:
        write_page(page, source, done, bad, "filled", _figures_section(done))
    finish_files(asked, work, source, done, bad, _show)


def _work(inpainter: Inpainter, asked: dict[str, Any]) -> Work:
    def check(path: Path, target: Path) -> Mask:
        check_file(inpainter, path, target)
        return _hidden(asked, path)

    def do(path: Path, target: Path, clean: Path | None) -> Painted:
        found = fill_file(inpainter, path, target, check(path, target), clean)
        copied = "nothing was missing, so this is a copy"
        say(asked, f"{found.output}: {f'{found.filled:,} pixels filled in' if found.filled else copied}")
        return found

    return Work(check, do)


def _hidden(asked: dict[str, Any], path: Path) -> Mask:
    """What the options say is unknown of a picture, as it is shown.

    Raises
    ------
    DataError
        If the box or the mask doesn't fit it, or leaves nothing known.
    """
    size = shown_size(path)
    with naming(str(path)):
        hidden = box_mask(asked["box"], *size) if asked["box"] else _masked(asked["mask"], size)
    if hidden.all():
        raise DataError(f"nothing is known of picture {path}: make the mask smaller")
    return hidden


def _masked(path: Path, size: tuple[int, int]) -> Mask:
    mask = read_mask(path, size)
    with naming(str(path)):
        check_numbers(mask)
    if mask.shape != size:
        raise DataError(
            f"{path}: a mask of {some(mask.shape, 4)} ({mask.dtype}); the picture is {size[0]}x{size[1]} "
            "(height x width): give one of that size"
        )
    return np.asarray(mask != 0)


def _show(console: Console, judged: Sequence[tuple[str, Figures]]) -> None:
    show_filled(console, mean_figures([figures for _, figures in judged]))


def _figures_section(done: Sequence[Painted]) -> str:
    from isthmus.report.restoredpage import filled_section

    judged = [found.figures for found in done if found.figures is not None]
    return filled_section({f"mean of {len(judged):,}": mean_figures(judged)} if judged else {})


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
