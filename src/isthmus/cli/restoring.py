"""`isthmus fit --noise` and `--target`: learning to restore pictures of any size."""

import json
import math
from collections.abc import Iterator, Sequence
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
from isthmus.data.clips import find_clips
from isthmus.data.dataset import some
from isthmus.data.patches import cut_patches, find_pictures, look_at, pair_names, passing_over
from isthmus.data.windows import FRAMES, cut_windows, good_clips
from isthmus.errors import InputError
from isthmus.jobs.clips import judged_clips
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
ALONE = "self"
"""What --target says where noisy pictures are all there is."""
DEFAULT_VALIDATION = "0.1"
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
    moving: bool = False


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
    _check_target(asked)
    if asked["kind"] not in ("auto", "images"):
        raise InputError(f"--kind {asked['kind']}: --noise and --target learn from images")
    for name in USELESS:
        if asked[name]:
            raise InputError(
                f"--{ALIAS.get(name, name).replace('_', '-')} has no use with --noise or --target: leave it out"
            )
    noise = _noise(asked)
    if noise:
        noise_of(noise)  # refused before any picture is read
    options = [
        *asked["options"],
        *([("noise", noise)] if noise else []),
        *([("frames", FRAMES)] if find_clips(Path(asked["data"])) else []),
    ]
    return asked | {"recipe": RECIPE, "options": options, "validation": "0"}


def _check_target(asked: dict[str, Any]) -> None:
    """Refuse what --target can't go with, and DATA that is no folder."""
    folder, target = Path(asked["data"]), asked["target"]
    if asked["noise"] and target and target != ALONE:
        raise InputError("--target gives pairs, which have their own noise: leave out --noise")
    if not folder.is_dir():
        raise InputError(f"{folder}: --noise and --target take a folder of pictures; for other data use --corruption")
    if target == ALONE:
        if asked["validation"] not in (DEFAULT_VALIDATION, "0"):
            raise InputError(f"--validation {asked['validation']}: --target self knows nothing clean to judge by")
        return
    if target and find_clips(folder):
        raise InputError(f"{folder}: holds clips, and --target takes pairs of pictures: leave it out")
    if target and Path(target).resolve() == folder.resolve():
        raise InputError(f"--target {target} is DATA itself: name the folder of what its pictures are to become")


def _noise(asked: dict[str, Any]) -> str | None:
    """The recipe's word for what pictures suffer."""
    if asked["target"] != ALONE:
        return "none" if asked["target"] else asked["noise"]
    if not asked["noise"]:
        return ALONE
    name, _, level = str(asked["noise"]).partition(":")
    if name != "gaussian" or "-" in level:
        raise InputError(f"--target self with --noise {asked['noise']}: write gaussian:LEVEL, the one level of all")
    return f"{ALONE}:{level}"


def find_files(asked: dict[str, Any]) -> Pictures:
    """Part the pictures into those to learn from and those to judge by."""
    folder, target = Path(asked["data"]), asked["target"]
    if target is None or target == ALONE:
        clips = find_clips(folder)
        names = clips or find_pictures(folder)
        if target == ALONE:  # nothing clean is known to judge by
            return Pictures(folder, names, (), moving=bool(clips))
        learned, held = _part(names, asked)
        if clips:
            bad: list[str] = []
            good = good_clips(folder, _of(names, held)[:MOST_JUDGED], bad, skip=asked["skip_bad"])
            _say_skipped(bad, asked)
            return Pictures(folder, _of(names, learned), list(good), moving=True)
        return _to_judge(Pictures(folder, _of(names, learned), _of(names, held)), asked)
    seen, names, alone = pair_names(folder, target, skip=asked["skip_bad"])
    if alone and not asked["quiet"]:
        click.echo(f"skipped {len(alone)} without a partner: {'; '.join(alone[:3])}", err=True)
    learned, held = _part(names, asked)
    return _to_judge(
        Pictures(target, _of(names, learned), _of(names, held), folder, _of(seen, learned), _of(seen, held)), asked
    )


def _to_judge(pictures: Pictures, asked: dict[str, Any]) -> Pictures:
    """The same with no more held out than are judged by, all of which can be read."""
    good: list[int] = []
    bad: list[str] = []
    for i, files in enumerate(zip(*_held(pictures), strict=True)):
        with passing_over(bad, skip=asked["skip_bad"]):
            look_at(files)
            good.append(i)
        if len(good) == MOST_JUDGED:
            break
    _say_skipped(bad, asked)
    held, seen = ([every[i] for i in good] if every else [] for every in (pictures.held, pictures.seen_held))
    return pictures._replace(held=held, seen_held=seen)


def _held(pictures: Pictures) -> list[list[Path]]:
    """The files held out: what is to come out and, of pairs, what is seen."""
    clean = [pictures.folder / name for name in pictures.held]
    return [clean] if pictures.seen is None else [clean, [pictures.seen / name for name in pictures.seen_held]]


def _say_skipped(bad: Sequence[str], asked: dict[str, Any]) -> None:
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
    memory, skip = choices.memory_budget(asked["memory"]), asked["skip_bad"]
    if pictures.moving:
        windows = cut_windows(pictures.folder, pictures.learned, memory=memory, skip=skip)
        _say_skipped(windows.skipped, asked)
        return windows, None
    found = cut_patches(
        pictures.folder, pictures.learned, seen=pictures.seen, seen_names=pictures.seen_learned,
        memory=memory, skip=skip,
    )  # fmt: skip
    _say_skipped(found[0].skipped, asked)
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
    if asked["as_json"]:
        figures = {name: figures.to_json() for name, figures in found}
        click.echo(json.dumps({"model": str(outputs.model), "figures": figures, "record": estimator.record_}))
        return
    if asked["quiet"]:
        return
    what = "clips" if pictures.moving else "pictures"
    if found:
        from isthmus.report.restored import show_figures

        click.echo(f"Means over {len(pictures.held)} {what} held out:")
        show_figures(Console(), found)
    elif asked["target"] == ALONE:
        click.echo(f"learned from noisy {what} alone: no clean ones are known, so there is no PSNR to tell")
    else:
        click.echo(f"no {what} were held out, so there is nothing to judge by: give 10 or more, or --validation 1")
    click.echo(f"model: {outputs.model}; use it: isthmus denoise {outputs.model} {what.upper()} -o CLEAN")
    if estimator.record_["stopped"] == "interrupted":
        click.echo("stopped by Ctrl-C: the model so far is kept; --resume goes on from the checkpoint", err=True)


def _judged(denoiser: Denoiser, pictures: Pictures) -> Iterator[tuple[str, Figures]]:
    clean, *seen = _held(pictures)
    if clean and pictures.moving:
        for level, figures in judged_clips(denoiser, clean).items():
            yield f"noise {level:g}", figures
    elif clean and seen:
        yield "pairs", judged_pairs(denoiser, seen[0], clean)
    elif clean:
        for level, figures in judged_levels(denoiser, clean).items():
            yield f"noise {level:g}", figures
