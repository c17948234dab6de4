"""`isthmus denoise` where clips are to be denoised."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from isthmus.data.clips import Clip
from isthmus.errors import DataError, InputError
from isthmus.jobs.clips import CleanedClip, check_clip, clean_clip
from isthmus.restoration import Denoiser


def denoise_clips(denoiser: Denoiser, jobs: Sequence[tuple[Path, Path]], asked: dict[str, Any]) -> None:
    """Denoise clips one after the other; all are looked at before the first is written."""
    if asked["clean"] is not None:
        raise InputError("--clean judges pictures: leave it out for clips")
    good, bad = _look(denoiser, jobs, asked)
    done = []
    for clip, output in good:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            done.append(_clean(denoiser, clip, output, asked))
        except DataError as fault:
            if not asked["skip_bad"]:
                raise
            bad.append(str(fault))
    if not done:
        raise DataError(f"none of {len(jobs)} clips could be denoised: {bad[0]}")
    if bad and not asked["quiet"]:
        click.echo(f"skipped {len(bad)}: {'; '.join(bad[:3])}", err=True)
    if asked["as_json"]:
        click.echo(json.dumps({"clips": [found.to_json() for found in done], "skipped": bad}))


def _look(
    denoiser: Denoiser, jobs: Sequence[tuple[Path, Path]], asked: dict[str, Any]
) -> tuple[list[tuple[Clip, Path]], list[str]]:
    good, bad = [], []
    for source, output in jobs:
        try:
            good.append((check_clip(denoiser, source, output, asked["level"]), output))
        except DataError as fault:
            if not asked["skip_bad"]:
                raise
            bad.append(str(fault))
    return good, bad


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
    if found.silenced and not asked["quiet"]:
        click.echo(f"{output}: {output.suffix} doesn't take the sound of {clip.path}, which is left out", err=True)
    return found
