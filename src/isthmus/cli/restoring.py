"""`isthmus fit --noise` and `--target`: learning to restore pictures of any size."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from isthmus import choices, recipes
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import Outputs
from isthmus.data import Dataset
from isthmus.data.patches import cut_patches, find_pictures, pair_names
from isthmus.errors import InputError
from isthmus.jobs.denoise import Figures, judged_levels, judged_pairs
from isthmus.names import nearest
from isthmus.recipes.restoring import noise_of
from isthmus.restoration import Denoiser

RECIPE = "restoring"
KNOWN_AS = ("ae", "denoising", RECIPE)
"""What --recipe may say: the first is its default."""
USELESS = ("key", "size", "drop", "label", "text", "max_features", "series_id", "window", "stride", "tensorboard")
MOST_JUDGED = 8
STEPS = 6000
"""Of training, unless the user says how long; some twenty minutes of one core."""


class Pictures(NamedTuple):
    """The files to learn from and those held out, and with --target what each is seen as."""

    folder: Path
    learned: list[str]
    held: list[str]
    seen: Path | None = None
    seen_learned: list[str] = []  # noqa: RUF012 - never changed
    seen_held: list[str] = []  # noqa: RUF012


def is_restoring(asked: dict[str, Any]) -> bool:
    """Whether a fit is to learn from pictures of any size."""
    return bool(asked["noise"] or asked["target"] or (asked["recipe"] == RECIPE and Path(asked["data"]).is_dir()))


def restoring_options(asked: dict[str, Any]) -> dict[str, Any]:
    """The options of `fit` as recipe restoring takes them; pictures are held out whole, by the command itself.

    Raises
    ------
    InputError
        If an option says nothing here, or two contradict each other.
    """
    if asked["recipe"] not in KNOWN_AS:
        raise InputError(f"--noise and --target are for recipe denoising: {nearest(asked['recipe'], KNOWN_AS[1:])}")
    if asked["noise"] and asked["target"]:
        raise InputError("--target gives pairs, which have their own noise: leave out --noise")
    if not Path(asked["data"]).is_dir():
        raise InputError(
            f"{asked['data']}: --noise and --target take a folder of pictures; for other data use --corruption"
        )
    for name in USELESS:
        if asked[name]:
            raise InputError(f"--{name.replace('_', '-')} has no use with --noise or --target: leave it out")
    noise = "none" if asked["target"] else asked["noise"]
    if noise:
        noise_of(noise)  # refused before any picture is read
    options = [*asked["options"], *([("noise", noise)] if noise else [])]
    return asked | {"recipe": RECIPE, "options": options, "validation": "0"}


def find_files(asked: dict[str, Any]) -> Pictures:
    """Part the pictures into those to learn from and those to judge by."""
    folder, target = Path(asked["data"]), asked["target"]
    if target is None:
        names = find_pictures(folder)
        learned, held = _part(names, asked)
        return Pictures(folder, _of(names, learned), _of(names, held))
    seen, names, alone = pair_names(folder, target, skip=asked["skip_bad"])
    if alone and not asked["quiet"]:
        click.echo(f"skipped {len(alone)} without a partner: {'; '.join(alone[:3])}", err=True)
    learned, held = _part(names, asked)
    return Pictures(target, _of(names, learned), _of(names, held), folder, _of(seen, learned), _of(seen, held))


def _part(names: list[str], asked: dict[str, Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    text = asked["validation"]
    try:
        share = float(text) if "." in text else int(text)
    except ValueError:
        raise InputError(f"--validation {text}: write a share or a number of pictures") from None
    return choices.held_out_rows(len(names), share, asked["seed"])


def _of(names: list[str], rows: NDArray[np.int64]) -> list[str]:
    return [names[row] for row in rows]


def patches_of(pictures: Pictures, asked: dict[str, Any]) -> tuple[Dataset, Dataset | None]:
    """What is learned from, and what is seen of it."""
    memory = choices.memory_budget(asked["memory"])
    return cut_patches(
        pictures.folder, pictures.learned, seen=pictures.seen, seen_names=pictures.seen_learned, memory=memory
    )


def passes(estimator: Autoencoder, rows: int) -> int | None:
    """Passes over the patches where the user says neither those nor minutes: as many as make `STEPS`."""
    if estimator.epochs is not None or estimator.minutes is not None:
        return estimator.epochs
    batch = estimator.batch_size or int(recipes.get(RECIPE).training["batch_size"])
    return max(1, round(STEPS / math.ceil(rows / batch)))


def finish(asked: dict[str, Any], estimator: Autoencoder, pictures: Pictures, outputs: Outputs) -> None:
    """Judge the model by the pictures held out, and say so."""
    found = list(_judged(Denoiser(estimator, asked["device"]), pictures))
    if asked["as_json"]:
        figures = {name: figures.to_json() for name, figures in found}
        click.echo(json.dumps({"model": str(outputs.model), "figures": figures, "record": estimator.record_}))
        return
    if asked["quiet"]:
        return
    if found:
        from isthmus.report.restored import show_figures

        click.echo(f"Means over {min(len(pictures.held), MOST_JUDGED)} pictures held out:")
        show_figures(Console(), found)
    else:
        click.echo("no picture was held out, so there is nothing to judge by: give 10 or more, or --validation 1")
    click.echo(f"model: {outputs.model}; use it: isthmus denoise {outputs.model} PICTURE -o CLEAN")
    if estimator.record_["stopped"] == "interrupted":
        click.echo("stopped by Ctrl-C: the model so far is kept; --resume goes on from the checkpoint", err=True)


def _judged(denoiser: Denoiser, pictures: Pictures) -> Iterator[tuple[str, Figures]]:
    held = [pictures.folder / name for name in pictures.held[:MOST_JUDGED]]
    if held and pictures.seen is not None:
        seen = [pictures.seen / name for name in pictures.seen_held[:MOST_JUDGED]]
        yield "pairs", judged_pairs(denoiser, seen, held)
    elif held:
        for level, figures in judged_levels(denoiser, held).items():
            yield f"noise {level:g}", figures
