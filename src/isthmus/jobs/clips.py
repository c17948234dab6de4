"""Denoise clips: each frame without its noise, at the time and with the sound it came with."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.clips import Clip, check_ending, look_at_clip, read_frames, rewrite_clip
from isthmus.errors import naming
from isthmus.jobs.denoise import JUDGED_SIDE, Figures, figures, levels_of, mean_figures, with_noise
from isthmus.restoration import Denoiser, clip_levels, denoise_frames
from isthmus.restoration.levels import check_size
from isthmus.restoration.tiling import from_zero_to_one, in_units_of, middle_of


@dataclass(frozen=True)
class CleanedClip:
    """One clip that was denoised: where it went, the level of noise in its brightness, whether sound was left out.

    What was read has so many ``bits`` a value; what is written has 8.
    """

    name: str
    output: Path
    frames: int
    level: float | None
    silenced: bool
    bits: int = 8

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        values = asdict(self)
        return {"clip": values.pop("name")} | values | {"output": str(self.output)}


def check_clip(denoiser: Denoiser, source: Path, output: Path, level: float | None) -> Clip:
    """Look at a clip and refuse what `clean_clip` would, so far as its packets tell.

    Raises
    ------
    InputError
        If it can't be read, is empty or cut off, or the result can't be written under this name.
    """
    check_ending(output)
    clip = look_at_clip(source)
    if level is not None or denoiser.levels is not None:
        with naming(str(source)):
            for height, width in clip.sizes[0 if level is None else 1 :]:
                check_size(height, width)
    return clip


def clean_clip(
    denoiser: Denoiser, clip: Clip, output: Path, level: float | None, seen: Callable[[], None] = lambda: None
) -> CleanedClip:
    """Denoise one clip into another; `seen` is called after each frame.

    Raises
    ------
    InputError
        If it can't be read or written.
    """
    levels = clip_levels(denoiser, read_frames(clip), level)
    with naming(str(clip.path)):
        silenced = rewrite_clip(clip, output, lambda frames: denoise_frames(denoiser, frames, levels), seen)
    return CleanedClip(str(clip.path), output, clip.frames, levels[0], silenced, clip.bits)


def judged_clips(denoiser: Denoiser, clips: Sequence[Path]) -> dict[float, Figures]:
    """Mean figures of the middle frames of clips' first windows, brightness alone, under the usual levels of noise."""
    clean = [_first_window(path, denoiser.frames) for path in clips]
    return {
        level: mean_figures([_judged(denoiser, window, level, seed) for seed, window in enumerate(clean)])
        for level in levels_of(denoiser)
    }


def _judged(denoiser: Denoiser, window: NDArray[np.uint8], level: float, seed: int) -> Figures:
    clean, middle = from_zero_to_one(window), len(window) // 2
    noisy = in_units_of(with_noise(clean, level, seed), window.dtype)
    found = denoiser.denoise_window(noisy, level)[middle]
    pictures = (from_zero_to_one(found), from_zero_to_one(noisy[middle]), clean[middle])
    restored, damaged, truth = (picture[..., None] for picture in pictures)
    return figures(restored, damaged, truth, level)


def _first_window(path: Path, frames: int) -> NDArray[np.uint8]:
    """The brightness of the first frames of a clip, their middles."""
    window = np.stack([planes[0] for planes in islice(read_frames(look_at_clip(path)), frames)])
    return window[:, *middle_of(window.shape[1:], JUDGED_SIDE)]
