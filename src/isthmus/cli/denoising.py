"""`isthmus denoise`: pictures, sounds, clips and tables."""

from functools import partial
from pathlib import Path
from typing import Any

from isthmus.autoencoder import Autoencoder
from isthmus.cli.cleaning import TABLES, clean_command
from isthmus.cli.clips import denoise_clips
from isthmus.cli.files import MODEL_ENDINGS, page_for
from isthmus.cli.working import Job, Work, by_shape, find_jobs, finish, named_figures, say, work_through, write_page
from isthmus.data.kinds import kind_of
from isthmus.data.patches import find_pictures
from isthmus.data.sounds import find_sounds
from isthmus.errors import DataError, InputError
from isthmus.jobs.denoise import Cleaned, clean_file
from isthmus.jobs.denoise_sound import check_sound, clean_sound
from isthmus.report.restored import show_figures
from isthmus.restoration import SHIPPED, Denoiser, SoundDenoiser


def denoise_command(**asked: Any) -> None:
    """Denoise a file or a folder, by a model or by the one that ships."""
    named = asked["pictures"] is not None
    model = Path(asked["model"]) if named else SHIPPED
    source = Path(asked["pictures"] if named else asked["model"])
    if named and model.suffix not in MODEL_ENDINGS:
        raise InputError(f"{model}: the first of two must be a model's .safetensors file; to denoise, name one picture")
    if not source.exists():
        raise DataError(f"{source}: no such file or folder")
    kind = "tables" if source.suffix.lower() in TABLES else kind_of(source)
    if kind == "tables":
        clean_command(source, model if named else None, asked)
    elif kind == "sounds":
        _denoise_sounds(source, model if named else None, asked)
    elif kind == "clips":
        denoise_clips(_denoiser(model, asked), source, asked)
    else:
        _denoise_pictures(source, model, find_jobs(source, asked, find_pictures), asked)


def _denoiser(model: Path, asked: dict[str, Any]) -> Denoiser:
    denoiser = Denoiser(Autoencoder.load(model), asked["device"])
    denoiser.check_level(asked["level"])
    return denoiser


def _denoise_pictures(source: Path, model: Path, jobs: list[Job], asked: dict[str, Any]) -> None:
    page = page_for(asked, *(path for job in jobs for path in job if path is not None))
    denoiser, level = _denoiser(model, asked), asked["level"]

    def do(path: Path, target: Path, clean: Path | None) -> Cleaned:
        found = clean_file(denoiser, path, target, level, clean)
        _say(asked, found)
        return found

    work = Work(by_shape(partial(denoiser.check_shape, level=level)), do)
    done, bad = work_through(jobs, work, source, asked)
    if page is not None:
        from isthmus.report.restoredpage import figures_section

        write_page(page, source, done, bad, "denoised", figures_section(named_figures(source, done)))
    finish(asked, work, source, done, bad, show_figures)


def _denoise_sounds(source: Path, model: Path | None, asked: dict[str, Any]) -> None:
    if model is None:
        raise InputError(
            f"{source}: no model of sounds comes along; fit one with `isthmus fit FOLDER --recipe denoising --noise "
            "any:0-10`, and name it first"
        )
    for name, value in (("level", asked["level"]), ("report", asked["report"])):
        if value is not None:
            raise InputError(f"--{name} {value}: is of pictures: leave it out for sounds")
    jobs = find_jobs(source, asked, find_sounds)
    denoiser = SoundDenoiser(Autoencoder.load(model), asked["device"])

    def do(path: Path, target: Path, clean: Path | None) -> Cleaned:
        found = clean_sound(denoiser, path, target, clean)
        _say(asked, found)
        return found

    work = Work(partial(check_sound, denoiser), do, "sounds")
    done, bad = work_through(jobs, work, source, asked)
    finish(asked, work, source, done, bad, partial(show_figures, unit="SI-SDR in dB"))


def _say(asked: dict[str, Any], found: Cleaned) -> None:
    level = "" if found.level is None else f", noise of level {found.level:.1f}"
    say(asked, f"{found.output}{level}")
