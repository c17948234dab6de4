"""`isthmus fit --noise` and `--target` where a folder of sounds is given: its own words for `isthmus.cli.restoring`."""

from collections.abc import Iterator
from typing import Any

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.cli import restoring, suffering
from isthmus.cli.files import Outputs
from isthmus.cli.restoring import Pictures
from isthmus.cli.told import Told, tell
from isthmus.data import Dataset
from isthmus.data.mixing import Noise
from isthmus.data.soundpatches import cut_sounds, look_at_clips
from isthmus.data.sounds import find_sounds
from isthmus.errors import InputError
from isthmus.jobs.denoise import Figures
from isthmus.jobs.denoise_sound import judged_pairs, judged_under
from isthmus.report.restored import show_figures
from isthmus.restoration import SoundDenoiser

UNIT = "SI-SDR in dB"
RECIPES = ("ae", "denoising", suffering.RECIPE)
"""What --recipe may say of sounds: the first is its default."""


def restoring_options(asked: dict[str, Any], kind: str) -> dict[str, Any]:
    """The options of `fit` as recipe restoring takes them; the network is given pairs, whatever the noise.

    Raises
    ------
    InputError
        If an option says nothing here, or two contradict each other.
    """
    recipe, data = asked["recipe"], asked["data"]
    if recipe not in RECIPES:
        raise InputError(f"--recipe {recipe}: {data} holds sounds, which are learned from by --recipe denoising")
    if asked["target"] == suffering.ALONE:
        raise InputError(
            f"--target self is for pictures and clips, and {data} holds sounds: give --noise any:0-10, or a folder "
            "with --target"
        )
    if asked["noise"]:
        Noise.of(asked["noise"])  # refused before any sound is read
    elif not asked["target"]:
        raise InputError(f"{data}: say what the sounds suffer, as --noise any:0-10, or give --target")
    return suffering.restoring_options(asked | {"noise": asked["noise"] and "none"}, kind)


def learned_from(
    asked: dict[str, Any],
    estimator: Autoencoder,  # noqa: ARG001
) -> tuple[Dataset, Dataset, Pictures]:
    """What is learned from, what is seen of it, and what is judged by."""
    sounds = restoring.find_files(asked, find_sounds, look_at_clips)
    found = cut_sounds(
        sounds.folder, sounds.learned, noise=asked["noise"] or "", seen=sounds.seen, seen_names=sounds.seen_learned,
        memory=choices.memory_budget(asked["memory"]), skip=asked["skip_bad"], seed=asked["seed"],
    )  # fmt: skip
    restoring.say_skipped(found[0].skipped, asked)
    return *found, sounds


def finish(asked: dict[str, Any], estimator: Autoencoder, sounds: Pictures, outputs: Outputs) -> None:
    """Judge the model by the sounds held out, and say so."""
    from isthmus.report.restoredpage import figures_section

    found = list(_judged(SoundDenoiser(estimator, asked["device"]), sounds))
    told = Told(
        dict(found),
        f"{len(sounds.held)} sounds",
        f"isthmus denoise {outputs.model} NOISY -o CLEAN",
        lambda console: show_figures(console, found, UNIT),
        lambda: figures_section(found, UNIT),
    )
    tell(asked, estimator, outputs, told)


def _judged(denoiser: SoundDenoiser, sounds: Pictures) -> Iterator[tuple[str, Figures]]:
    clean, *seen = restoring.held_files(sounds)
    if clean and seen:
        yield from judged_pairs(denoiser, seen[0], clean)
    elif clean:
        yield from judged_under(denoiser, clean, [sounds.folder / name for name in sounds.learned])
