"""`isthmus segment`."""

from pathlib import Path
from typing import Any

from isthmus.autoencoder import Autoencoder
from isthmus.cli.working import Job, Work, by_shape, check_folder, check_jobs, finish, into, say, work_through
from isthmus.data.patches import find_pictures, pair_names
from isthmus.errors import DataError, InputError
from isthmus.jobs.segment import Segmented, segment_file
from isthmus.report.restored import show_masks
from isthmus.restoration import Segmenter

EXACT = (".png", ".tif", ".tiff", ".bmp")
"""Endings of pictures whose pixels stay as they are."""


def segment_command(**asked: Any) -> None:
    """Write masks of a file or a folder."""
    source = Path(asked["pictures"])
    if not source.exists():
        raise DataError(f"{source}: no such picture or folder")
    jobs = check_jobs(_jobs(source, asked["output"], asked["clean"]), asked)
    segmenter = Segmenter(Autoencoder.load(asked["model"]), asked["device"])

    def do(path: Path, output: Path, clean: Path | None) -> Segmented:
        found = segment_file(segmenter, path, output, clean, soft=asked["soft"])
        say(asked, f"{output}, {found.share:.1%} object")
        return found

    work = Work(by_shape(segmenter.check_shape), do)
    done, bad = work_through(jobs, work, source, asked)
    finish(asked, work, source, done, bad, show_masks)


def _jobs(source: Path, output: Path, clean: Path | None) -> list[Job]:
    """A mask for each picture, judged by the true one of the same name, whatever their endings."""
    if source.is_file():
        output = into(output, f"{source.stem}.png")
        if output.suffix.lower() not in EXACT:
            raise InputError(f"{output}: masks are written as {', '.join(EXACT)}, which keep every pixel")
        return [(source, output, clean)]
    check_folder(source, output)
    names = find_pictures(source)
    masks: list[Path | None] = [None] * len(names)
    if clean is not None:
        names, true, _ = pair_names(source, clean)
        masks = [clean / name for name in true]
    return [
        (source / name, output / Path(name).with_suffix(".png"), mask) for name, mask in zip(names, masks, strict=True)
    ]
