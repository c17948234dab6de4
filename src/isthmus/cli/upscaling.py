"""`isthmus upscale`."""

from pathlib import Path
from typing import Any

from isthmus.autoencoder import Autoencoder
from isthmus.cli.working import Work, by_shape, find_jobs, finish, say, work_through
from isthmus.data.patches import find_pictures
from isthmus.errors import DataError
from isthmus.jobs.upscale import Upscaled, upscale_file
from isthmus.report.restored import show_figures
from isthmus.restoration import Upscaler


def upscale_command(**asked: Any) -> None:
    """Enlarge a file or a folder."""
    source = Path(asked["pictures"])
    if not source.exists():
        raise DataError(f"{source}: no such picture or folder")
    jobs = find_jobs(source, asked, find_pictures)
    upscaler = Upscaler(Autoencoder.load(asked["model"]), asked["device"])
    factor = upscaler.factor(asked["factor"])

    def do(path: Path, output: Path, clean: Path | None) -> Upscaled:
        found = upscale_file(upscaler, path, output, factor, clean)
        say(asked, f"{output}, enlarged {factor} times")
        return found

    work = Work(by_shape(upscaler.check_shape), do)
    done, bad = work_through(jobs, work, source, asked)
    finish(asked, work, source, done, bad, show_figures)
