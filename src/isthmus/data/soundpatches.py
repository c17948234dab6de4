"""Pictures of one size cut from the spectra of sounds: what a network learns to take noise from sounds by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isthmus.data.dataset import Dataset, some
from isthmus.data.mixing import VOICES, Noise, mixed, of_level_one
from isthmus.data.patches import passing_over
from isthmus.data.schema import ImageSchema, Spectra
from isthmus.data.sounds import SoundFile, find_sounds, look_at_sound, part_of
from isthmus.data.source import Collector
from isthmus.data.spectra import Complex, Floats, forward, picture_of, spectra_of, wanted_gain
from isthmus.errors import DataError

BINS, FRAMES = 128, 64
"""Height and width of a picture, at most and always."""
PICTURES = 1 << 13
"""As many are made, so that each clip is heard under many noises."""
LOUDER = 10.0
"""Sounds are made louder or softer by up to so many dB, for what is told of a whole file's level is not much."""
FULL = 65535
HELD = 1 << 26
"""Samples that are kept in memory while pictures are cut: half a gigabyte."""


@dataclass(frozen=True)
class Clip:
    """One channel of a sound to learn from, its level, and the same of what it is seen as, if pairs are given."""

    file: SoundFile
    channel: int
    level: float
    seen: SoundFile | None = None
    seen_level: float = 0.0


def look_at_clips(files: Sequence[Path]) -> list[Clip]:
    """Read a sound, and its partner if there is one, for what a head says may be untrue.

    Raises
    ------
    DataError
        If nothing can be learned from it: it can't be read whole, is silent or shorter than a window, or differs from
        its partner in rate, channels or length.
    """
    found = [look_at_sound(file) for file in files]
    if len({(file.rate, file.channels, file.length) for file in found}) > 1:
        shown = " and ".join(f"{f.path} {f.rate} Hz, {f.channels} channels, {f.length} samples" for f in found)
        raise DataError(f"pairs must be alike; {shown} are not")
    check_length(found[0], spectra_of(found[0].rate))
    levels = [file.levels() for file in found]
    for file, each in zip(found, levels, strict=True):
        if not each.all():
            raise DataError(f"{file.path}: {'silent' if not each.any() else 'one channel is silent'}: nothing to learn")
    return [
        Clip(found[0], i, float(level), *((found[1], float(levels[1][i])) if found[1:] else ()))
        for i, level in enumerate(levels[0])
    ]


def check_length(file: SoundFile, spectra: Spectra) -> None:
    """Refuse a sound that is shorter than a window.

    Raises
    ------
    DataError
        If it is.
    """
    if file.length < spectra.window:
        raise DataError(f"{file.path}: {file.length} samples are too short: {spectra.window} or more at {file.rate} Hz")


def cut_sounds(
    folder: str | Path,
    names: Sequence[str] | None = None,
    *,
    noise: str = "",
    seen: Path | None = None,
    seen_names: Sequence[str] = (),
    memory: int | None = None,
    skip: bool = False,
    pictures: int | None = None,
    seed: int = 0,
) -> tuple[Dataset, Dataset]:
    """Pictures of the sounds under a folder, as they are to become and as they are seen.

    A picture is of half a second or so and up to 128 neighbouring frequencies, at a random place of a clip; all clips
    are heard alike, by their lengths. Both hold magnitudes of short-time spectra to the power of a half; what is
    to become is the nearest that a gain from 0 to 1 makes of what is seen.

    Parameters
    ----------
    folder : path
    names : sequence of str, optional
        Which sounds, as relative paths. Default: all.
    noise : str
        What they suffer, as white:0-10 (`isthmus.data.mixing.Noise`); nothing where pairs are given.
    seen : path, optional
        A folder of the same sounds as they are seen damaged, called `seen_names`.
    memory : int, optional
        Bytes.
    skip : bool
        Whether to pass over what can't be learned from; ``skipped`` of the result then tells it.
    pictures : int, optional
        About how many to make, but at least one of each piece of sound. Default: 8,192.
    seed : int

    Raises
    ------
    DataError
        If a sound can't be read or learned from, or is of another rate than the first; or there are no two sounds to
        make babble of.
    """
    folder = Path(folder)
    names = find_sounds(folder) if names is None else list(names)
    partners = [] if seen is None else [seen / name for name in seen_names]
    groups = [(folder / name, *partners[i : i + 1]) for i, name in enumerate(names)]
    clips, skipped = _survey(groups, skip=skip)
    spectra = spectra_of(clips[0].file.rate, noise)
    suffered = None if seen is not None else Noise.of(noise)
    if suffered is not None and "babble" in suffered.kinds and len({clip.file.path for clip in clips}) < 2:
        raise DataError(f"{folder}: babble is the sum of other sounds; give two or more")
    cutter = _Cutter(clips, spectra, suffered, np.random.default_rng(seed))
    return cutter.cut(PICTURES if pictures is None else pictures, memory, skipped)


def _survey(groups: Sequence[Sequence[Path]], *, skip: bool) -> tuple[list[Clip], list[str]]:
    """What can be learned from, and why the rest can't."""
    clips: list[Clip] = []
    bad: list[str] = []
    for files in groups:
        with passing_over(bad, skip=skip):
            found = look_at_clips(files)
            if clips and found[0].file.rate != clips[0].file.rate:
                raise DataError(
                    f"{files[0]}: {found[0].file.rate} Hz, and {clips[0].file.path} {clips[0].file.rate} Hz: "
                    "a model learns sounds of one rate"
                )
            clips += found
    if not clips:
        raise DataError(f"none of {len(groups)} sounds is left: {some(bad)}")
    return clips, bad


class _Shelf:
    """Samples of files, of which the first ones asked for stay in memory."""

    def __init__(self) -> None:
        self._held: dict[Path, Floats] = {}
        self._room = HELD

    def read(self, file: SoundFile, channel: int, start: int, length: int) -> Floats:
        """Samples of one channel, (length,), and zeros beyond the sound's ends."""
        if file.path not in self._held and file.length * file.channels <= self._room:
            self._held[file.path] = file.read(0, file.length)
            self._room -= file.length * file.channels
        whole = self._held.get(file.path)
        if whole is None:
            return file.read(start, start + length)[:, channel]
        return part_of(whole, start, start + length)[:, channel]


@dataclass(frozen=True)
class _Cutter:
    clips: Sequence[Clip]
    spectra: Spectra
    noise: Noise | None
    rng: np.random.Generator
    shelf: _Shelf = field(default_factory=_Shelf)

    @property
    def length(self) -> int:
        """Samples under a picture."""
        return (FRAMES - 1) * self.spectra.hop + self.spectra.window

    def cut(self, pictures: int, memory: int | None, skipped: list[str]) -> tuple[Dataset, Dataset]:
        """Make the pictures, as they are to become and as they are seen."""
        height, chosen = min(BINS, self.spectra.bins) // 2 * 2, self._chosen(pictures)
        schema = ImageSchema(height, FRAMES, 2, "uint16", sound=self.spectra)
        kept = None if memory is None else memory // 2
        rows = [Collector(len(chosen), schema.shape, np.dtype(np.uint16), kept) for _ in range(2)]
        with rows[0], rows[1]:
            for number in chosen.tolist():
                low = int(self.rng.integers(self.spectra.bins - height + 1))
                for each, picture in zip(rows, self._pair(self.clips[number]), strict=True):
                    each.add(np.rint(FULL * picture[None, low : low + height]).astype(np.uint16))
            sources = [each.finish() for each in rows]
        names = [str(self.clips[number].file.path.name) for number in chosen]
        target, seen = (Dataset(schema, source, None, names, "folder", skipped) for source in sources)
        return target, seen

    def _chosen(self, pictures: int) -> NDArray[np.int64]:
        """Which clip each picture is of: each as often as there are pieces of it."""
        pieces = np.array([-(-clip.file.length // self.length) for clip in self.clips])
        once = np.repeat(np.arange(len(self.clips)), pieces)
        return np.tile(once, max(1, round(pictures / len(once))))

    def _pair(self, clip: Clip) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One picture of a clip as it is to become, and as it is seen."""
        spare = clip.file.length - self.length  # negative: the clip lies within silence
        start = int(self.rng.integers(min(spare, 0), max(spare, 0) + 1))
        clean = self.shelf.read(clip.file, clip.channel, start, self.length)
        if clip.seen is None:
            dirty, level = self._under_noise(clip, clean)
        else:
            dirty, level = self.shelf.read(clip.seen, clip.channel, start, self.length), clip.seen_level
        gain = 10 ** (self.rng.uniform(-LOUDER, LOUDER) / 20) / level
        noisy = forward(self.spectra, gain * dirty)
        return self._target(forward(self.spectra, gain * clean), noisy), picture_of(self.spectra, noisy)

    def _under_noise(self, clip: Clip, clean: Floats) -> tuple[Floats, float]:
        """What a piece of a clip is under noise, and the level of the whole clip under it."""
        assert self.noise is not None  # for the type checker
        kind, ratio = self.noise.draw(self.rng)
        noise = self.rng.standard_normal(self.length) if kind == "white" else self._babble(clip)
        return mixed(clean, noise, ratio, clip.level), clip.level * float(np.hypot(1, 10 ** (-ratio / 20)))

    def _target(self, clean: Complex, noisy: Complex) -> NDArray[np.float32]:
        return picture_of(self.spectra, wanted_gain(clean, noisy) * noisy)

    def _babble(self, clip: Clip) -> Floats:
        """Several voices that talk at once, each of clips one after the other, of level 1."""
        others = [each for each in self.clips if each.file.path != clip.file.path]
        voices = [self._voice(others) for _ in range(self.rng.integers(VOICES[0], VOICES[1] + 1))]
        return of_level_one(np.sum(voices, 0))

    def _voice(self, others: Sequence[Clip]) -> Floats:
        out, filled = np.empty(self.length), 0
        while filled < self.length:
            clip = others[int(self.rng.integers(len(others)))]
            start = int(self.rng.integers(clip.file.length))
            part = self.shelf.read(clip.file, clip.channel, start, min(clip.file.length - start, self.length - filled))
            out[filled : filled + len(part)] = part / clip.level
            filled += len(part)
        return out
