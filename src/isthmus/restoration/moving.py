"""Taking noise from clips, frame by frame or by windows of frames, in memory that doesn't grow with their length."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from isthmus.restoration.denoising import Denoiser

Frame = tuple[NDArray[np.uint8], ...]
"""Planes, (height, width) each: brightness, and of colour its two differences."""
Levels = Sequence[float | None]
"""Of the noise in each plane, white being 255; None for a model that is told none."""
LISTENED = 8
"""Frames at the beginning in which the level of noise is looked for: it is one for the whole clip, lest it flicker."""


def clip_levels(denoiser: Denoiser, frames: Iterable[Frame], level: float | None = None) -> Levels:
    """The medians of the first frames' levels of noise, of each plane; `level`, if given, is brightness's.

    A model that is told no level is told none of any plane, unless `level` is given to it as far as it takes one.
    """
    planes = list(zip(*islice(frames, LISTENED), strict=True))
    if level is None and denoiser.levels is None:
        return [None] * len(planes)
    known = [] if level is None else [level]
    return known + [float(np.median([denoiser.level_of(plane) for plane in each])) for each in planes[len(known) :]]


def denoise_frames(denoiser: Denoiser, frames: Iterable[Frame], levels: Levels | None = None) -> Iterator[Frame]:
    """Each frame of a clip without its noise, as they come, every plane by itself as a grey picture.

    So noise may be of another level in colour than in brightness, as it is once a camera or a codec has halved the
    size of the planes of colour. A model of pictures takes frames one by one. A model of windows gives what it finds
    of the middle frame of the window around each, at the ends of the clip of the first and the last of the nearest.

    Parameters
    ----------
    denoiser : Denoiser
    frames : iterable of tuples of planes, (height, width), uint8
        All of the same sizes.
    levels : sequence of float, optional
        Of the noise in each plane, white being 255. Default: `clip_levels` of the first frames, which are read ahead
        for it.
    """
    frames = iter(frames)
    if levels is None:
        first = list(islice(frames, LISTENED))
        levels, frames = clip_levels(denoiser, first), chain(first, frames)
    for window, place in windows(frames, denoiser.frames):
        clips = zip(*window, strict=True)
        yield tuple(
            denoiser.denoise_window(np.stack(clip), level)[place] for clip, level in zip(clips, levels, strict=True)
        )


def windows(frames: Iterable[Frame], size: int) -> Iterator[tuple[list[Frame], int]]:
    """For every frame the window of `size` frames nearest around it, and its place there.

    A clip shorter than a window repeats its last frame.
    """
    held: deque[Frame] = deque(maxlen=size)
    count, middle = 0, size // 2
    for frame in frames:
        held.append(frame)
        count += 1
        if count == size:
            yield from ((list(held), place) for place in range(middle + 1))
        elif count > size:
            yield list(held), middle
    first = middle + 1 if count >= size else 0
    if 0 < count < size:
        held.extend([held[-1]] * (size - count))
    yield from ((list(held), place) for place in range(first, min(count, size)))
