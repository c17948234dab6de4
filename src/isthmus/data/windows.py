"""Patches of a few frames that follow each other, cut from clips: what a network that looks at several learns from."""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.clips import Clip, find_clips, look_at_clip, read_frames
from isthmus.data.dataset import Dataset, some
from isthmus.data.patches import MOST, SIDE, SMALLEST, passing_over
from isthmus.data.schema import ImageSchema
from isthmus.data.source import Collector
from isthmus.errors import DataError

FRAMES = 3
"""That a window has."""

Places = NDArray[np.int64]
"""(n, 3): a window's number in its clip, and a patch's first row and column, in order."""


def cut_windows(
    folder: str | Path,
    names: Sequence[str] | None = None,
    *,
    frames: int = FRAMES,
    memory: int | None = None,
    skip: bool = False,
) -> Dataset:
    """Square patches of the brightness of windows of frames, which are their channels; no frame is in two windows.

    Their side is 64 pixels, or that of the smallest clip. Of more than 65,536 patches some are taken, evenly many of
    each clip, spread at random over it.

    Parameters
    ----------
    folder : path
    names : sequence of str, optional
        Which clips, as relative paths. Default: all.
    frames : int
        Of a window.
    memory : int, optional
        Bytes that patches may take before they are kept in a file.
    skip : bool
        Whether to pass over what can't be learned from; ``skipped`` of the patches then tells it.

    Raises
    ------
    DataError
        If a clip can't be read, or is smaller than 8 pixels or shorter than a window; with `skip`, if that holds of
        all.
    """
    folder = Path(folder)
    names = find_clips(folder) if names is None else names
    bad: list[str] = []
    clips = good_clips(folder, names, bad, frames=frames, skip=skip)
    if not clips:
        raise DataError(f"{folder}: " + (f"none of {len(names)} clips is left: {some(bad)}" if names else "no clips"))
    side = min(SIDE, *(min(clip.height, clip.width) for clip in clips.values())) // 2 * 2
    places = {name: _places(clip, frames, side, MOST // len(clips)) for name, clip in clips.items()}
    of = [name for name in clips for _ in places[name]]
    schema = ImageSchema(side, side, frames, "uint8")
    with Collector(len(of), schema.shape, np.dtype("uint8"), memory) as rows:
        for name in clips:
            for patch in _patches(clips[name], places[name], frames, side):
                rows.add(patch[None])
        source = rows.finish()
    return Dataset(schema, source, None, of, "folder", bad, overlap=max(map(_across, clips.values())))


def good_clips(
    folder: Path, names: Sequence[str], bad: list[str], *, frames: int = FRAMES, skip: bool = False
) -> dict[str, Clip]:
    """Those of which windows can be cut; `bad` is told of the others, if they are to be skipped.

    Raises
    ------
    DataError
        Of the first other, if not.
    """
    clips: dict[str, Clip] = {}
    for name in names:
        with passing_over(bad, skip=skip):
            clips[name] = _learnable(look_at_clip(folder / name), frames)
    return clips


def _learnable(clip: Clip, frames: int) -> Clip:
    if clip.frames < frames:
        raise DataError(f"{clip.path}: {clip.frames} frames; a window takes {frames}")
    if min(clip.height, clip.width) < SMALLEST:
        raise DataError(f"{clip.path}: {clip.height}x{clip.width} is too small to learn from")
    return clip


def _across(clip: Clip) -> int:
    """How many patches after each may share a pixel with it."""
    return -(-clip.width // SIDE) + 1


def _places(clip: Clip, frames: int, side: int, most: int) -> Places:
    starts = [np.linspace(0, length - side, -(-length // side)).round() for length in (clip.height, clip.width)]
    grid = np.stack(np.meshgrid(np.arange(clip.frames // frames), *starts, indexing="ij"), -1)
    places: Places = grid.reshape(-1, 3).astype(np.int64)
    kept = np.sort(np.random.default_rng(0).permutation(len(places))[:most])
    return places[kept]


def _patches(clip: Clip, places: Places, frames: int, side: int) -> Iterator[NDArray[Any]]:
    held: deque[NDArray[np.uint8]] = deque(maxlen=frames)
    wanted = iter(places)
    place = next(wanted, None)
    for i, planes in enumerate(read_frames(clip)):
        held.append(planes[0])
        while place is not None and i + 1 == frames * (place[0] + 1):
            top, left = place[1:]
            yield np.stack([each[top : top + side, left : left + side] for each in held], 2)
            place = next(wanted, None)
    if place is not None:
        raise DataError(f"{clip.path}: fewer frames could be read than are there; is it damaged?")
