"""`isthmus denoise`, and `isthmus fit` where it learns to restore pictures."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from isthmus.autoencoder import Autoencoder
from isthmus.cli.cleaning import TABLES, clean_command
from isthmus.cli.files import MODEL_ENDINGS
from isthmus.data.dataset import some
from isthmus.data.patches import find_pictures
from isthmus.data.photos import check_photo
from isthmus.errors import DataError, InputError, naming
from isthmus.jobs.denoise import Cleaned, clean_file
from isthmus.restoration import SHIPPED, Denoiser

Job = tuple[Path, Path, Path | None]
"""A picture, where it goes, and the clean one it is judged by."""


def denoise_command(**asked: Any) -> None:
    """Denoise a file or a folder, by a model or by the one that ships."""
    named = asked["pictures"] is not None
    model = Path(asked["model"]) if named else SHIPPED
    source = Path(asked["pictures"] if named else asked["model"])
    if named and model.suffix not in MODEL_ENDINGS:
        raise InputError(f"{model}: the first of two must be a model's .safetensors file; to denoise, name one picture")
    if named and source.suffix.lower() in TABLES:
        clean_command(asked)
        return
    if not source.exists():
        raise DataError(f"{source}: no such picture or folder")
    jobs = find_jobs(source, asked)
    denoiser = Denoiser(Autoencoder.load(model), asked["device"])
    denoiser.check_level(asked["level"])
    if source.is_dir() and not asked["skip_bad"]:
        _check_all(denoiser, source, jobs, asked["level"])
    done, bad = [], []
    for job in jobs:
        try:
            done.append(clean_file(denoiser, *job[:2], asked["level"], job[2]))
        except DataError as fault:
            if not asked["skip_bad"]:
                raise
            bad.append(str(fault))
        else:
            _say(asked, done[-1])
    if not done:
        raise DataError(f"{source}: none of {len(jobs)} pictures could be denoised: {bad[0]}")
    _finish(asked, source if source.is_dir() else source.parent, done, bad)


def find_jobs(source: Path, asked: dict[str, Any], called: Callable[[str], str] = str) -> list[Job]:
    """What is to be done; refused before any work is. `called` says what a picture's result is called.

    Raises
    ------
    InputError
        If something would be written where it must not, or the clean picture of one is missing.
    """
    output, clean = asked["output"], asked["clean"]
    if source.is_file():
        jobs = [(source, output / called(source.name) if output.is_dir() else output, clean)]
    else:
        if output.exists() and not output.is_dir():
            raise InputError(f"{output}: is a file; {source} is a folder, so name a folder with -o")
        if output.resolve().is_relative_to(source.resolve()):
            raise InputError(f"{output}: lies in {source}, whose pictures are to be read; name a folder elsewhere")
        names = find_pictures(source)
        jobs = [(source / name, output / called(name), None if clean is None else clean / name) for name in names]
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


def _check_all(denoiser: Denoiser, source: Path, jobs: list[Job], level: float | None) -> None:
    """Refuse a folder before its first picture is written, so far as the pictures' beginnings tell."""
    bad = []
    for path, target, _ in jobs:
        try:
            shape = check_photo(path, target)
            with naming(str(path)):
                denoiser.check_shape(shape, level)
        except DataError as fault:
            bad.append(str(fault))
    if bad:
        shown = some(bad)
        raise DataError(
            f"{source}: {len(bad)} of {len(jobs)} can't be denoised: {shown}; pass over them with --skip-bad"
        )


def _say(asked: dict[str, Any], found: Cleaned) -> None:
    if asked["quiet"] or asked["as_json"]:
        return
    level = "" if found.level is None else f", noise of level {found.level:.1f}"
    click.echo(f"{found.output}{level}")


def _finish(asked: dict[str, Any], folder: Path, done: list[Cleaned], bad: list[str]) -> None:
    if asked["as_json"]:
        click.echo(json.dumps({"pictures": [found.to_json() for found in done], "skipped": bad}))
        return
    if bad:
        click.echo(f"skipped {len(bad)}: {'; '.join(bad[:3])}", err=True)
    if asked["quiet"] or asked["clean"] is None:
        return
    from isthmus.report.restored import show_figures

    judged = [(Path(found.name).relative_to(folder).as_posix(), found.figures) for found in done if found.figures]
    show_figures(Console(), judged)
