"""`isthmus fit --noise` and `--target`: learning to restore pictures of any size."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
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
from isthmus.data.dataset import some
from isthmus.data.patches import cut_patches, find_pictures, look_at, pair_names, passing_over
from isthmus.data.sounds import holds_sounds_alone
from isthmus.errors import InputError
from isthmus.jobs.denoise import Figures, judged_levels, judged_pairs
from isthmus.names import nearest
from isthmus.recipes.restoring import noise_of
from isthmus.restoration import Denoiser

RECIPE = "restoring"
KNOWN_AS = ("ae", "denoising", RECIPE)
"""What --recipe may say: the first is its default."""
USELESS = (
    "latent_dim", "corruption", "penalties", "key", "size", "drop", "label", "text", "max_features", "series_id",
    "window", "stride", "tensorboard",
)  # fmt: skip
ALIAS = {"penalties": "penalty"}
MOST_JUDGED = 8
STEPS = 6000
"""Of training, unless the user says how long; some twenty minutes of one core."""


class Pictures(NamedTuple):
    """The files to learn from and those held out, and with --target what each is seen as."""

    folder: Path
    learned: Sequence[str]
    held: Sequence[str]
    seen: Path | None = None
    seen_learned: Sequence[str] = ()
    seen_held: Sequence[str] = ()


def is_restoring(asked: dict[str, Any]) -> bool:
    """Whether a fit is to learn from pictures of any size, or from sounds."""
    folder = Path(asked["data"])
    asked_for = asked["noise"] or asked["target"] or (asked["recipe"] == RECIPE and folder.is_dir())
    return bool(asked_for) or holds_sounds_alone(folder)


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
            f"{asked['data']}: --noise and --target take a folder of pictures or of sounds; for other data use "
            "--corruption"
        )
    if asked["target"] and Path(asked["target"]).resolve() == Path(asked["data"]).resolve():
        raise InputError(
            f"--target {asked['target']} is DATA itself: name the folder of what its pictures are to become"
        )
    if asked["kind"] not in ("auto", "images"):
        raise InputError(f"--kind {asked['kind']}: --noise and --target learn from images")
    for name in USELESS:
        if asked[name]:
            raise InputError(
                f"--{ALIAS.get(name, name).replace('_', '-')} has no use with --noise or --target: leave it out"
            )
    noise = "none" if asked["target"] else asked["noise"]
    if noise:
        noise_of(noise)  # refused before any picture is read
    options = [*asked["options"], *([("noise", noise)] if noise else [])]
    return asked | {"recipe": RECIPE, "options": options, "validation": "0"}


Find = Callable[[Path], list[str]]
Look = Callable[[Sequence[Path]], Any]


def find_files(asked: dict[str, Any], find: Find = find_pictures, look: Look = look_at) -> Pictures:
    """Part the pictures (or what `find` finds and `look` refuses) into those to learn from and those to judge by."""
    folder, target = Path(asked["data"]), asked["target"]
    if target is None:
        names = find(folder)
        learned, held = _part(names, asked)
        return _to_judge(Pictures(folder, _of(names, learned), _of(names, held)), asked, look)
    seen, names, alone = pair_names(folder, target, skip=asked["skip_bad"], find=find)
    if alone and not asked["quiet"]:
        click.echo(f"skipped {len(alone)} without a partner: {'; '.join(alone[:3])}", err=True)
    learned, held = _part(names, asked)
    found = Pictures(target, _of(names, learned), _of(names, held), folder, _of(seen, learned), _of(seen, held))
    return _to_judge(found, asked, look)


def _to_judge(pictures: Pictures, asked: dict[str, Any], look: Look) -> Pictures:
    """The same with no more held out than are judged by, all of which can be read."""
    good: list[int] = []
    bad: list[str] = []
    for i, files in enumerate(zip(*held_files(pictures), strict=True)):
        with passing_over(bad, skip=asked["skip_bad"]):
            look(files)
            good.append(i)
        if len(good) == MOST_JUDGED:
            break
    say_skipped(bad, asked)
    held, seen = ([every[i] for i in good] if every else [] for every in (pictures.held, pictures.seen_held))
    return pictures._replace(held=held, seen_held=seen)


def held_files(pictures: Pictures) -> list[list[Path]]:
    """The files held out: what is to come out and, of pairs, what is seen."""
    clean = [pictures.folder / name for name in pictures.held]
    return [clean] if pictures.seen is None else [clean, [pictures.seen / name for name in pictures.seen_held]]


def say_skipped(bad: Sequence[str], asked: dict[str, Any]) -> None:
    """Count what was passed over."""
    if bad and not asked["quiet"]:
        click.echo(f"skipped {len(bad)}: {some(bad)}", err=True)


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
    found = cut_patches(
        pictures.folder, pictures.learned, seen=pictures.seen, seen_names=pictures.seen_learned,
        memory=choices.memory_budget(asked["memory"]), skip=asked["skip_bad"],
    )  # fmt: skip
    say_skipped(found[0].skipped, asked)
    return found


def passes(estimator: Autoencoder, rows: int) -> int | None:
    """Passes over the patches where the user says neither those nor minutes: as many as make `STEPS`."""
    if estimator.epochs is not None or estimator.minutes is not None:
        return estimator.epochs
    batch = estimator.batch_size or int(recipes.get(RECIPE).training["batch_size"])
    return max(1, round(STEPS / math.ceil(rows / batch)))


def finish(asked: dict[str, Any], estimator: Autoencoder, pictures: Pictures, outputs: Outputs) -> None:
    """Judge the model by the pictures held out, and say so."""
    found = list(_judged(Denoiser(estimator, asked["device"]), pictures))
    tell(asked, estimator, outputs, found, f"{len(pictures.held)} pictures")


def tell(
    asked: dict[str, Any],
    estimator: Autoencoder,
    outputs: Outputs,
    found: Sequence[tuple[str, Figures]],
    held: str,
    unit: str = "PSNR in dB",
) -> None:
    """Say how good a model is by figures of what was held out."""
    if asked["as_json"]:
        figures = {name: figures.to_json() for name, figures in found}
        click.echo(json.dumps({"model": str(outputs.model), "figures": figures, "record": estimator.record_}))
        return
    if asked["quiet"]:
        return
    if found:
        from isthmus.report.restored import show_figures

        click.echo(f"Means over {held} held out:")
        show_figures(Console(), found, unit)
    else:
        click.echo("nothing was held out, so there is nothing to judge by: give 10 files or more, or --validation 1")
    click.echo(f"model: {outputs.model}; use it: isthmus denoise {outputs.model} NOISY -o CLEAN")
    if estimator.record_["stopped"] == "interrupted":
        click.echo("stopped by Ctrl-C: the model so far is kept; --resume goes on from the checkpoint", err=True)


def _judged(denoiser: Denoiser, pictures: Pictures) -> Iterator[tuple[str, Figures]]:
    clean, *seen = held_files(pictures)
    if clean and seen:
        yield "pairs", judged_pairs(denoiser, seen[0], clean)
    elif clean:
        for level, figures in judged_levels(denoiser, clean).items():
            yield f"noise {level:g}", figures
