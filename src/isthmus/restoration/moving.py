"""Taking noise from clips, frame by frame or by windows of frames, in memory that doesn't grow with their length."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from isthmus.restoration.denoising import Denoiser

Frame = NDArray[np.uint8]
"""(height, width, channels), of 1 channel or 3."""
LISTENED = 8
"""Frames at the beginning in which the level of noise is looked for: it is one for the whole clip, lest it flicker."""


def clip_level(denoiser: Denoiser, frames: Iterable[Frame]) -> float | None:
    """The median of the first frames' levels of noise, of 255; None if the model is told none."""
    if denoiser.levels is None:
        return None
    return float(np.median([denoiser.level_of(frame) for frame in islice(frames, LISTENED)]))


def denoise_frames(denoiser: Denoiser, frames: Iterable[Frame], level: float | None = None) -> Iterator[Frame]:
    """Each frame of a clip without its noise, as they come.

    A model of pictures takes them one by one. A model of windows gives what it finds of the middle frame of the window
    around each, at the ends of the clip of the first and the last of the nearest window.

    Parameters
    ----------
    denoiser : Denoiser
    frames : iterable of (height, width, channels), uint8
        All of one size.
    level : float, optional
        Of the noise, white being 255. Default: `clip_level` of the first frames, which are read ahead for it.
    """
    frames = iter(frames)
    if level is None:
        first = list(islice(frames, LISTENED))
        level, frames = (clip_level(denoiser, first) if first else None), chain(first, frames)
    if denoiser.frames == 1:
        yield from (denoiser.denoise(frame, level) for frame in frames)
        return
    for window, place in windows(frames, denoiser.frames):
        yield denoiser.denoise_window(window, level)[place]


def windows(frames: Iterable[Frame], size: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """For every frame the window of `size` frames nearest around it, (size, height, width, channels), and its place.

    A clip shorter than a window repeats its last frame.
    """
    held: deque[Frame] = deque(maxlen=size)
    count, middle = 0, size // 2
    for frame in frames:
        held.append(frame)
        count += 1
        if count == size:
            yield from ((np.stack(held), place) for place in range(middle + 1))
        elif count > size:
            yield np.stack(held), middle
    first = middle + 1 if count >= size else 0
    if 0 < count < size:
        held.extend([held[-1]] * (size - count))
    yield from ((np.stack(held), place) for place in range(first, min(count, size)))
