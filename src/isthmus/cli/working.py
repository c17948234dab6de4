"""What commands that turn files into files share: which go where, what is refused first, what is said after."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console

from isthmus.data.dataset import some
from isthmus.data.photos import check_photo
from isthmus.errors import DataError, InputError, naming

Job = tuple[Path, Path, Path | None]
"""A file, where it goes, and the clean one it is judged by."""
MOST_SHOWN = 24
"""On a page."""


class Work(NamedTuple):
    """How files of one kind are worked on: refused by their beginnings, and turned into others."""

    check: Callable[[Path, Path], object]
    do: Callable[[Path, Path, Path | None], Any]
    kind: str = "pictures"


def by_shape(check: Callable[[tuple[int, int, int]], None]) -> Callable[[Path, Path], None]:
    """A refusal of pictures by their shape, (height, width, channels), and by what can't be written."""

    def refuse(path: Path, target: Path) -> None:
        shape = check_photo(path, target)
        with naming(str(path)):
            check(shape)

    return refuse


def into(output: Path, name: str) -> Path:
    """Where the result of one file goes: a file of this name if the output is a folder, or is to be (no ending)."""
    is_folder = output.is_dir() or not (output.suffix or output.exists())
    return output / name if is_folder else output


def find_jobs(
    source: Path, asked: dict[str, Any], find: Callable[[Path], list[str]], called: Callable[[str], str] = str
) -> list[Job]:
    """What is to be done with a file, or with what `find` finds in a folder; refused before any work is.

    `called` says what a file's result is called.

    Raises
    ------
    InputError
        If a result would be written over what is read, or over what is there without --force.
    DataError
        If there is no file, or no clean one to judge it by.
    """
    output, clean = asked["output"], asked["clean"]
    if source.is_file():
        jobs = [(source, into(output, called(source.name)), clean)]
    else:
        check_folder(source, output)
        names = find(source)
        jobs = [(source / name, output / called(name), None if clean is None else clean / name) for name in names]
    return check_jobs(jobs, asked)


def check_folder(source: Path, output: Path) -> None:
    """Refuse an output that is no folder, or lies in the one that is read.

    Raises
    ------
    InputError
        Naming both.
    """
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: is a file; {source} is a folder, so name a folder with -o")
    if output.resolve().is_relative_to(source.resolve()):
        raise InputError(f"{output}: lies in {source}, which is to be read; name a folder elsewhere")


def check_jobs(jobs: list[Job], asked: dict[str, Any]) -> list[Job]:
    """The same jobs, none of which writes over what is read or another's result, or without --force over what is there.

    Raises
    ------
    InputError
        If one would.
    DataError
        If there is no clean file to judge one by.
    """
    read = _identities(path for job in jobs for path in (job[0], job[2]) if path is not None)
    written: dict[Path, Path] = {}
    for path, target, reference in jobs:
        if target in written:
            raise InputError(f"{written[target]} and {path} would both be written to {target}: rename one of them")
        written[target] = path
        if _identities([target]) & read:
            raise InputError(f"{target}: would be written over the data to be read; give another name with -o")
        if target.exists() and not asked["force"]:
            raise InputError(f"{target} exists; overwrite it with --force, or name another")
        if reference is not None and not reference.is_file():
            raise DataError(f"{reference}: no such clean file to judge {path} by")
    return jobs


def _identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """The files that are there, whatever their names."""
    found = [path.stat() for path in paths if path.is_file()]
    return {(each.st_dev, each.st_ino) for each in found}


def work_through(jobs: Sequence[Job], work: Work, source: Path, asked: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """What is made of every job, and which are passed over and why; of a folder all files are looked at first.

    Examples are kept of as many as a page shows.

    Raises
    ------
    DataError
        If a file can't be worked on and --skip-bad isn't said, or none can.
    """
    if source.is_dir() and not asked["skip_bad"]:
        _check_all(jobs, work, source)
    done: list[Any] = []
    bad: list[str] = []
    for job in jobs:
        try:
            found = work.do(*job)
            full = len(done) >= MOST_SHOWN and getattr(found, "example", None) is not None
            done.append(replace(found, example=None) if full else found)  # of many the first few are shown
        except DataError as fault:
            if not asked["skip_bad"]:
                raise
            bad.append(str(fault))
    if not done:
        raise DataError(f"{source}: none of {len(jobs)} {work.kind} will do: {bad[0]}")
    return done, bad


def _check_all(jobs: Sequence[Job], work: Work, source: Path) -> None:
    """Refuse a folder before its first file is written, so far as the files' beginnings tell."""
    bad = []
    for path, target, _ in jobs:
        try:
            work.check(path, target)
        except DataError as fault:
            bad.append(str(fault))
    if bad:
        raise DataError(f"{source}: {len(bad)} of {len(jobs)} won't do: {some(bad)}; pass over them with --skip-bad")


def say(asked: dict[str, Any], line: str) -> None:
    """Say what was done with a file, unless --quiet or --json asks for results alone."""
    if not (asked["quiet"] or asked["as_json"]):
        click.echo(line)


def write_page(page: Path, source: Path, done: Sequence[Any], bad: Sequence[str], what: str, figures: str) -> None:
    """Write a page of pictures to which `what` was done; `figures` is its section on how well."""
    from isthmus.report import restoredpage

    lead = f"{len(done):,} pictures {what}" + (f", {len(bad):,} passed over." if bad else ".")
    examples = restoredpage.examples_section([found.example for found in done if found.example is not None])
    restoredpage.write_restored(page, source.name, figures, examples, lead=lead)


def finish(
    asked: dict[str, Any],
    work: Work,
    source: Path,
    done: Sequence[Any],
    bad: list[str],
    show: Callable[[Console, Sequence[tuple[str, Any]]], None],
) -> None:
    """Say what was passed over and, by `show`, how good the results are."""
    if asked["as_json"]:
        click.echo(json.dumps({work.kind: [found.to_json() for found in done], "skipped": bad}))
        return
    if asked["quiet"]:
        return
    if bad:
        click.echo(f"skipped {len(bad)}: {some(bad)}", err=True)
    if asked["clean"] is not None:
        show(Console(markup=False), named_figures(source, done))  # a file's name may hold brackets


def named_figures(source: Path, done: Sequence[Any]) -> list[tuple[str, Any]]:
    """The figures of those that were judged, by the files' relative paths."""
    folder = source if source.is_dir() else source.parent
    return [(Path(found.name).relative_to(folder).as_posix(), found.figures) for found in done if found.figures]
