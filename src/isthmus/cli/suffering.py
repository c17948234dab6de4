"""What `isthmus fit --noise` and `--target` take, refused before anything is read or the heavier rooms are opened."""

from pathlib import Path
from typing import Any

from isthmus.data.kinds import kinds_in
from isthmus.data.windows import FRAMES
from isthmus.errors import InputError
from isthmus.names import nearest
from isthmus.recipes.inpainting import holes_of
from isthmus.recipes.restoring import noise_of

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
