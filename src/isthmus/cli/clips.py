"""`isthmus denoise` where clips are to be denoised."""

from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from isthmus.cli.working import Work, find_jobs, finish, work_through
from isthmus.data.clips import Clip, find_clips
from isthmus.errors import InputError
from isthmus.jobs.clips import CleanedClip, check_clip, clean_clip
from isthmus.jobs.denoise import make_folder
from isthmus.restoration import Denoiser


def denoise_clips(denoiser: Denoiser, source: Path, asked: dict[str, Any]) -> None:
    """Denoise a clip, or those of a folder one after the other."""
    for name, value in (("clean", asked["clean"]), ("report", asked["report"])):
        if value is not None:
            raise InputError(f"--{name} {value} says nothing of clips: leave it out")
    check = partial(check_clip, denoiser, level=asked["level"])

    def do(path: Path, target: Path, _: Path | None) -> CleanedClip:
        clip = check(path, target)
        make_folder(target.parent)
        return _clean(denoiser, clip, target, asked)

    work = Work(check, do, "clips")
    done, bad = work_through(find_jobs(source, asked, find_clips), work, source, asked)
    finish(asked, work, source, done, bad, lambda *_: None)


def _clean(denoiser: Denoiser, clip: Clip, output: Path, asked: dict[str, Any]) -> CleanedClip:
    """One clip under a bar, and a line about it."""
    silent, console = asked["quiet"] or asked["as_json"], Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=silent or not console.is_terminal) as bar:
        task = bar.add_task(clip.path.name, total=clip.frames)
        found = clean_clip(denoiser, clip, output, asked["level"], lambda: bar.advance(task))
    if not silent:
        level = "" if found.level is None else f", noise of level {found.level:.1f}"
        click.echo(f"{output}: {found.frames} frames{level}")
    if not asked["quiet"]:
        _say_lost(found, clip)
    return found


def _say_lost(found: CleanedClip, clip: Clip) -> None:
    """What of a clip isn't in its result."""
    if found.silenced:
        kept = f"{found.output.suffix} doesn't take the sound of {clip.path}, which is left out"
        click.echo(f"{found.output}: {kept}", err=True)
    if found.bits > 8:
        click.echo(f"{found.output}: has 8 bits a value; {clip.path} has {found.bits}, and loses the finer", err=True)
