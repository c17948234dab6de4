"""`isthmus upscale`."""

from pathlib import Path
from typing import Any

import click

from isthmus.autoencoder import Autoencoder
from isthmus.cli.denoising import find_jobs, finish, work_through
from isthmus.data.patches import find_pictures
from isthmus.errors import DataError
from isthmus.jobs.upscale import Upscaled, upscale_file
from isthmus.restoration import Upscaler


def upscale_command(**asked: Any) -> None:
    """Enlarge a file or a folder."""
    source = Path(asked["pictures"])
    if not source.exists():
        raise DataError(f"{source}: no such picture or folder")
    jobs = find_jobs(source, find_pictures(source) if source.is_dir() else [], asked)
    upscaler = Upscaler(Autoencoder.load(asked["model"]), asked["device"])
    factor = upscaler.factor(asked["factor"])

    def work(path: Path, output: Path, clean: Path | None) -> Upscaled:
        found = upscale_file(upscaler, path, output, factor, clean)
        if not (asked["quiet"] or asked["as_json"]):
            click.echo(f"{output}, enlarged {factor} times")
        return found

    done, bad = work_through(jobs, work, upscaler.check_shape, source, asked)
    finish(asked, source, done, bad)
