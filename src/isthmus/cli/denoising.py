"""`isthmus denoise`, and `isthmus fit` where it learns to restore pictures."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from isthmus.autoencoder import Autoencoder
from isthmus.cli.clips import denoise_clips
from isthmus.cli.files import MODEL_ENDINGS, page_for
from isthmus.data.clips import find_clips, is_clip
from isthmus.data.dataset import some
from isthmus.data.patches import find_pictures
from isthmus.data.photos import check_photo
from isthmus.errors import DataError, InputError, naming
from isthmus.jobs.denoise import Cleaned, clean_file
from isthmus.jobs.segment import Segmented
from isthmus.jobs.upscale import Upscaled
from isthmus.restoration import SHIPPED, Denoiser

MOST_SHOWN = 24
"""Pictures on a page."""
Job = tuple[Path, Path, Path | None]
"""A picture, where it goes, and the clean one it is judged by."""
Done = TypeVar("Done")


def denoise_command(**asked: Any) -> None:
    """Denoise a file or a folder, by a model or by the one that ships."""
    named = asked["pictures"] is not None
    model = Path(asked["model"]) if named else SHIPPED
    source = Path(asked["pictures"] if named else asked["model"])
    if named and model.suffix not in MODEL_ENDINGS:
        raise InputError(f"{model}: the first of two must be a model's .safetensors file; to denoise, name one picture")
    if not source.exists():
        raise DataError(f"{source}: no such picture or folder")
    names, moving = _names(source)
    jobs = find_jobs(source, names, asked)
    page = page_for(asked, *(path for job in jobs for path in job if path is not None))
    denoiser = Denoiser(Autoencoder.load(model), asked["device"])
    denoiser.check_level(asked["level"])
    if moving:
        denoise_clips(denoiser, [job[:2] for job in jobs], asked)
        return

    def work(path: Path, output: Path, clean: Path | None) -> Cleaned:
        found = clean_file(denoiser, path, output, asked["level"], clean)
        _say(asked, found)
        return found

    done, bad = work_through(jobs, work, lambda shape: denoiser.check_shape(shape, asked["level"]), source, asked)
    if page is not None:
        _write_page(page, source, done, bad)
    finish(asked, source, done, bad)


def work_through(
    jobs: Sequence[Job],
    work: Callable[[Path, Path, Path | None], Done],
    check: Callable[[tuple[int, int, int]], None],
    source: Path,
    asked: dict[str, Any],
) -> tuple[list[Done], list[str]]:
    """What `work` makes of every job, and which are passed over and why.

    Of a folder all pictures are looked at first; `check` refuses those of a shape that won't do.

    Raises
    ------
    DataError
        If a picture can't be worked on and --skip-bad isn't said, or none can.
    """
    if source.is_dir() and not asked["skip_bad"]:
        _check_all(check, source, jobs)
    done, bad = [], []
    for job in jobs:
        try:
            done.append(work(*job))
        except DataError as fault:
            if not asked["skip_bad"]:
                raise
            bad.append(str(fault))
        else:
            if len(done) > MOST_SHOWN and isinstance(done[-1], Cleaned):
                done[-1] = replace(done[-1], example=None)  # of many pictures the first few are shown
    if not done:
        raise DataError(f"{source}: none of {len(jobs)} pictures will do: {bad[0]}")
    return done, bad


def _names(source: Path) -> tuple[list[str], bool]:
    """What is to be denoised of a folder, or the file itself, and whether these are clips.

    Raises
    ------
    DataError
        If a folder holds both pictures and clips, or neither.
    """
    if source.is_file():
        return [source.name], is_clip(source)
    clips = find_clips(source)
    return (clips, True) if clips else (find_pictures(source), False)


def find_jobs(source: Path, names: list[str], asked: dict[str, Any], called: Callable[[str], str] = str) -> list[Job]:
    """What is to be done with the files of these names; refused before any work is.

    `called` says what a picture's result is called.

    Raises
    ------
    InputError
        If a result would be written over what is read, or over what is there without --force.
    DataError
        If there is no picture, or no clean one to judge it by.
    """
    output, clean = asked["output"], asked["clean"]
    if source.is_file():
        jobs = [(source, output / called(source.name) if output.is_dir() else output, clean)]
    else:
        if output.exists() and not output.is_dir():
            raise InputError(f"{output}: is a file; {source} is a folder, so name a folder with -o")
        if output.resolve().is_relative_to(source.resolve()):
            raise InputError(f"{output}: lies in {source}, whose pictures are to be read; name a folder elsewhere")
        jobs = [(source / name, output / called(name), None if clean is None else clean / name) for name in names]
    return check_jobs(jobs, asked)


def check_jobs(jobs: list[Job], asked: dict[str, Any]) -> list[Job]:
    """The same jobs, none of which writes over what is read, or without --force over what is there.

    Raises
    ------
    InputError
        If one would.
    DataError
        If there is no clean picture to judge one by.
    """
    read = _identities(path for job in jobs for path in (job[0], job[2]) if path is not None)
    for path, target, reference in jobs:
        if _identities([target]) & read:
            raise InputError(f"{target}: would be written over the data to be read; give another name with -o")
        if target.exists() and not asked["force"]:
            raise InputError(f"{target} exists; overwrite it with --force, or name another")
        if reference is not None and not reference.is_file():
            raise DataError(f"{reference}: no such clean picture to judge {path} by")
    return jobs


def _identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """The files that are there, whatever their names."""
    found = [path.stat() for path in paths if path.is_file()]
    return {(each.st_dev, each.st_ino) for each in found}


def _check_all(check: Callable[[tuple[int, int, int]], None], source: Path, jobs: Sequence[Job]) -> None:
    """Refuse a folder before its first picture is written, so far as the pictures' beginnings tell."""
    bad = []
    for path, target, _ in jobs:
        try:
            shape = check_photo(path, target)
            with naming(str(path)):
                check(shape)
        except DataError as fault:
            bad.append(str(fault))
    if bad:
        shown = some(bad)
        raise DataError(f"{source}: {len(bad)} of {len(jobs)} won't do: {shown}; pass over them with --skip-bad")


def _say(asked: dict[str, Any], found: Cleaned) -> None:
    if asked["quiet"] or asked["as_json"]:
        return
    level = "" if found.level is None else f", noise of level {found.level:.1f}"
    click.echo(f"{found.output}{level}")


def finish(
    asked: dict[str, Any],
    source: Path,
    done: Sequence[Cleaned | Upscaled | Segmented],
    bad: list[str],
    show: Callable[[Console, Any], None] | None = None,
) -> None:
    """Say what was passed over, and how good the results are: by `show`, of names and figures, or as PSNR."""
    if asked["as_json"]:
        click.echo(json.dumps({"pictures": [found.to_json() for found in done], "skipped": bad}))
        return
    if bad:
        click.echo(f"skipped {len(bad)}: {'; '.join(bad[:3])}", err=True)
    if asked["quiet"] or asked["clean"] is None:
        return
    from isthmus.report.restored import show_figures

    (show or show_figures)(Console(), named_figures(source, done))


def named_figures(source: Path, done: Sequence[Cleaned | Upscaled | Segmented]) -> list[tuple[str, Any]]:
    """The figures of those that were judged, by the pictures' relative paths."""
    folder = source if source.is_dir() else source.parent
    return [(Path(found.name).relative_to(folder).as_posix(), found.figures) for found in done if found.figures]


def _write_page(page: Path, source: Path, done: Sequence[Cleaned], bad: Sequence[str]) -> None:
    from isthmus.report import restoredpage

    lead = f"{len(done):,} pictures denoised" + (f", {len(bad):,} passed over." if bad else ".")
    examples = restoredpage.examples_section([found.example for found in done if found.example is not None])
    figures = restoredpage.figures_section(named_figures(source, done))
    restoredpage.write_restored(page, source.name, figures, examples, lead=lead)
