"""`isthmus fit --noise` and `--target`: learning to restore pictures of any size."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from isthmus import choices, recipes
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import Outputs
from isthmus.cli.told import Told, tell
from isthmus.data import Dataset
from isthmus.data.dataset import some
from isthmus.data.kinds import kind_of, kind_of_folder, kinds_in
from isthmus.data.masks import check_masks
from isthmus.data.patches import cut_patches, find_pictures, look_at, pair_names, passing_over
from isthmus.data.windows import FRAMES, cut_windows, good_clips
from isthmus.errors import InputError
from isthmus.jobs.clips import judged_clips
from isthmus.jobs.denoise import Example, Figures, examples, judged_levels, judged_pairs
from isthmus.jobs.segment import judged_masks, mask_examples
from isthmus.jobs.upscale import judged_factors, large_examples
from isthmus.names import nearest
from isthmus.parts import Downscaling
from isthmus.recipes.inpainting import holes_of
from isthmus.recipes.restoring import multiple_of, noise_of
from isthmus.restoration import Denoiser, Segmenter, Upscaler

RECIPE = "restoring"
INPAINTING = "inpainting"
SEGMENTING = "segmenting"
USUAL_NOISE = {"upscaling": "downscale:2-4"}
KNOWN_AS = ("ae", "denoising", *USUAL_NOISE, SEGMENTING, INPAINTING, RECIPE)
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
    """Whether a fit is to learn from pictures of any size, or from sounds."""
    folder, recipe = Path(asked["data"]), asked["recipe"]
    known = recipe in (*USUAL_NOISE, SEGMENTING, INPAINTING) or (recipe == RECIPE and folder.is_dir())
    if asked["noise"] or asked["target"] or known:
        return True
    found = kinds_in(folder) if folder.is_dir() else {}
    return "sounds" in found and "pictures" not in found and asked["kind"] != "series"


def restoring_options(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    """The options of `fit` as recipe restoring takes them; pictures are held out whole, by the command itself.

    `kind` is what the folder holds: pictures, sounds or clips.

    Raises
    ------
    InputError
        If an option says nothing here, or two contradict each other.
    """
    _check_recipe(asked)
    _check_frames(asked)
    if kind == "clips":
        _check_clips(asked)
    filling = asked["recipe"] == INPAINTING or (asked["noise"] or "").startswith("holes")
    if filling and asked["target"]:
        raise InputError("--target gives pairs; what is to be filled is hidden at random: leave out one of the two")
    if not filling:
        _check_target(asked)
    if asked["kind"] not in ("auto", "images"):
        raise InputError(f"--kind {asked['kind']}: --noise and --target learn from images")
    for name in USELESS:
        if asked[name] and (name != "key" or Path(asked["data"]).is_dir()):
            raise InputError(
                f"--{ALIAS.get(name, name).replace('_', '-')} has no use with --noise or --target: leave it out"
            )
    if asked["recipe"] == SEGMENTING:
        return asked | {"validation": "0"}
    noise = _noise(asked)
    if noise:
        (holes_of if filling else noise_of)(noise)  # refused before any picture is read
    options = [
        *asked["options"],
        *([("noise", noise)] if noise else []),
        *([("frames", FRAMES)] if kind == "clips" else []),
    ]
    return asked | {"recipe": INPAINTING if filling else RECIPE, "options": options, "validation": "0"}


def _check_recipe(asked: dict[str, Any]) -> None:
    recipe, noise = asked["recipe"], asked["noise"]
    if recipe not in KNOWN_AS:
        raise InputError(f"--noise and --target are for recipe denoising: {nearest(recipe, KNOWN_AS[1:])}")
    if recipe == "upscaling" and (asked["target"] or not (noise or "downscale").startswith("downscale")):
        given = "--target" if asked["target"] else f"--noise {noise}"
        raise InputError(
            f"--recipe upscaling learns from large pictures, made smaller by downscale:2-4: leave out {given}"
        )
    if recipe == SEGMENTING and not asked["target"]:
        raise InputError("--recipe segmenting learns from pairs: name the folder of masks with --target")


def _check_frames(asked: dict[str, Any]) -> None:
    """Refuse frames, which go by what is learned from."""
    for name, value in asked["options"]:
        if name == "frames":
            said = f"{value:g}" if isinstance(value, float) else value
            raise InputError(
                f"--set frames={said}: of clips there are {FRAMES} in a window, of all else none: leave it out"
            )


def _check_clips(asked: dict[str, Any]) -> None:
    """Refuse what learns from pictures alone, of which frames of a window would be taken for colours."""
    folder, noise = asked["data"], asked["noise"]
    if asked["recipe"] in (*USUAL_NOISE, SEGMENTING, INPAINTING):
        raise InputError(f"{folder}: holds clips, and --recipe {asked['recipe']} learns from pictures")
    if asked["target"] not in (None, ALONE):
        raise InputError(f"{folder}: holds clips, and --target takes pairs of pictures: leave it out")
    if noise and noise.partition(":")[0] != "gaussian":
        raise InputError(
            f"{folder}: holds clips, which don't learn by --noise {noise}: give --noise gaussian:0-55 or --target self"
        )


def _check_target(asked: dict[str, Any]) -> None:
    """Refuse what --target can't go with, and DATA that is no folder."""
    folder, target = Path(asked["data"]), asked["target"]
    if asked["noise"] and target and target != ALONE:
        raise InputError("--target gives pairs, which have their own noise: leave out --noise")
    if not folder.is_dir():
        given = "--noise and --target take" if asked["noise"] or target else f"--recipe {asked['recipe']} takes"
        raise InputError(f"{folder}: {given} a folder of pictures or sounds; for other data use --corruption")
    if target == ALONE:
        if asked["validation"] not in (DEFAULT_VALIDATION, "0"):
            raise InputError(f"--validation {asked['validation']}: --target self knows nothing clean to judge by")
        return
    if target and Path(target).resolve() == folder.resolve():
        raise InputError(f"--target {target} is DATA itself: name the folder of what its pictures are to become")


def _noise(asked: dict[str, Any]) -> str | None:
    """The recipe's word for what pictures suffer."""
    if asked["target"] != ALONE:
        return "none" if asked["target"] else asked["noise"] or USUAL_NOISE.get(asked["recipe"])
    if not asked["noise"]:
        return ALONE
    name, _, level = str(asked["noise"]).partition(":")
    if name != "gaussian" or "-" in level:
        raise InputError(f"--target self with --noise {asked['noise']}: write gaussian:LEVEL, the one level of all")
    return f"{ALONE}:{level}"


Find = Callable[[Path], list[str]]
Look = Callable[[Sequence[Path]], Any]


def find_files(asked: dict[str, Any], find: Find = find_pictures, look: Look = look_at) -> Pictures:
    """Part the pictures (or what `find` finds and `look` refuses) into those to learn from and those to judge by."""
    folder, target = Path(asked["data"]), asked["target"]
    if target is None or target == ALONE:
        kind, names = kind_of_folder(folder)
        names, moving = names or find(folder), kind == "clips"  # `find` says what is missing
        if target == ALONE:  # nothing clean is known to judge by
            return Pictures(folder, names, (), moving=moving)
        learned, held = _part(names, asked)
        if moving:
            bad: list[str] = []
            good = good_clips(folder, _of(names, held)[:MOST_JUDGED], bad, skip=asked["skip_bad"])
            say_skipped(bad, asked)
            return Pictures(folder, _of(names, learned), list(good), moving=True)
        return _to_judge(Pictures(folder, _of(names, learned), _of(names, held)), asked, look)
    kind_of(Path(target))  # refuses two kinds
    seen, names, alone = pair_names(folder, target, skip=asked["skip_bad"], find=find)
    if alone and not asked["quiet"]:
        click.echo(f"skipped {len(alone)} without a partner: {'; '.join(alone[:3])}", err=True)
    if asked["recipe"] == SEGMENTING:
        check_masks(Path(target) / name for name in names)
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
    return choices.held_out_rows(len(names), validation_share(asked), asked["seed"])


def validation_share(asked: dict[str, Any]) -> float:
    """The share or number of pictures to hold out.

    Raises
    ------
    InputError
        If it is no number.
    """
    text = asked["validation"]
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise InputError(f"--validation {text}: write a share or a number of pictures") from None


def _of(names: list[str], rows: NDArray[np.int64]) -> list[str]:
    return [names[row] for row in rows]


def learned_from(asked: dict[str, Any], estimator: Autoencoder) -> tuple[Dataset, Dataset | None, Pictures]:
    """What is learned from, what is seen of it where that is given, and what is judged by."""
    pictures = find_files(asked)
    return *patches_of(pictures, asked, estimator), pictures


def patches_of(pictures: Pictures, asked: dict[str, Any], estimator: Autoencoder) -> tuple[Dataset, Dataset | None]:
    """What is learned from, and what is seen of it."""
    memory, skip = choices.memory_budget(asked["memory"]), asked["skip_bad"]
    if pictures.moving:
        windows = cut_windows(pictures.folder, pictures.learned, memory=memory, skip=skip)
        say_skipped(windows.skipped, asked)
        return windows, None
    noise = str((estimator.options or {}).get("noise", "none")) if estimator.recipe == RECIPE else "none"
    found = cut_patches(
        pictures.folder, pictures.learned, seen=pictures.seen, seen_names=pictures.seen_learned,
        memory=memory, skip=skip, multiple=multiple_of(noise),
    )  # fmt: skip
    say_skipped(found[0].skipped, asked)
    return found


def passes(estimator: Autoencoder, rows: int) -> int | None:
    """Passes over the patches where the user says neither those nor minutes: as many as make `STEPS`."""
    if estimator.epochs is not None or estimator.minutes is not None:
        return estimator.epochs
    batch = estimator.batch_size or int(recipes.get(estimator.recipe).training["batch_size"])
    return max(1, round(STEPS / math.ceil(rows / batch)))


def finish(asked: dict[str, Any], estimator: Autoencoder, pictures: Pictures, outputs: Outputs) -> None:
    """Judge the model by the pictures held out, and say so."""
    judged = _judged_masks if estimator.recipe == SEGMENTING else _judged_by_psnr
    tell(asked, estimator, outputs, judged(asked, estimator, pictures, outputs))


def _judged_masks(asked: dict[str, Any], estimator: Autoencoder, pictures: Pictures, outputs: Outputs) -> Told:
    from isthmus.report.restored import show_masks
    from isthmus.report.restoredpage import masks_section

    clean, seen = held_files(pictures)
    segmenter = Segmenter(estimator, asked["device"])
    found = [("masks", judged_masks(segmenter, seen, clean))] if clean else []
    return Told(
        dict(found),
        f"{len(clean)} pictures",
        f"isthmus segment {outputs.model} PICTURE -o MASK",
        lambda console: show_masks(console, found),
        lambda: masks_section(found),
        mask_examples(segmenter, seen, clean),
    )


def _judged_by_psnr(asked: dict[str, Any], estimator: Autoencoder, pictures: Pictures, outputs: Outputs) -> Told:
    from isthmus.report.restored import show_figures
    from isthmus.report.restoredpage import figures_section

    task = "upscale" if isinstance(estimator.model_.corruption, Downscaling) else "denoise"
    what = "clips" if pictures.moving else "pictures"
    found = list(_psnr(estimator, pictures, asked["device"])) if pictures.held else []
    told = Told(
        dict(found),
        f"{len(pictures.held)} {what}",
        f"isthmus {task} {outputs.model} {what[:-1].upper()} -o RESULT",
        lambda console: show_figures(console, found),
        lambda: figures_section(found),
        _examples(estimator, pictures, asked["device"]),
    )
    if asked["target"] != ALONE:
        return told
    return told._replace(
        nothing=f"learned from noisy {what} alone: no clean ones are known, so there is no PSNR to tell"
    )


def _psnr(estimator: Autoencoder, pictures: Pictures, device: str) -> Iterator[tuple[str, Figures]]:
    clean, *seen = held_files(pictures)
    if isinstance(estimator.model_.corruption, Downscaling):
        for factor, figures in judged_factors(Upscaler(estimator, device), clean).items():
            yield f"enlarged {factor} times", figures
        return
    denoiser = Denoiser(estimator, device)
    if seen:
        yield "pairs", judged_pairs(denoiser, seen[0], clean)
        return
    by_level = (judged_clips if pictures.moving else judged_levels)(denoiser, clean)
    yield from ((f"noise {level:g}", figures) for level, figures in by_level.items())


def _examples(estimator: Autoencoder, pictures: Pictures, device: str) -> Iterable[Example]:
    """Pictures held out, as they are seen and restored."""
    clean, *seen = held_files(pictures)
    if not clean or pictures.moving:
        return []
    if isinstance(estimator.model_.corruption, Downscaling):
        return large_examples(Upscaler(estimator, device), clean)
    return examples(Denoiser(estimator, device), clean, *seen)
