"""Melodies: notes as steps of a fixed length, and back.

A step is the pitch of the note that begins there (a MIDI number: 60 is middle C), or says that the note before goes on,
or that there is none: the encoding of Roberts et al., "A hierarchical latent vector model for learning long-term
structure in music" (MusicVAE), ICML 2018.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isthmus.data.dataset import Dataset, Options
from isthmus.data.schema import Melody, SeriesSchema
from isthmus.data.source import ArraySource
from isthmus.errors import DataError, InputError

Steps = NDArray[np.int16]
HOLD, REST = -1, -2
BEAT = 4
"""Steps of a quarter note, so that a step is a sixteenth."""
WINDOW = 32
"""Steps of a row: two bars of four quarters."""
LONGEST = 1 << 18
"""Steps of a tune, more than four hours of it."""


class Note(NamedTuple):
    """A note: the step that it begins at, how many it lasts, and its pitch."""

    start: int
    lasts: int
    pitch: int

    @property
    def end(self) -> int:
        """The step after its last."""
        return self.start + self.lasts


@dataclass(frozen=True)
class Tune:
    """Notes, the steps of a bar, and quarter notes a minute."""

    notes: tuple[Note, ...]
    bar: int = 4 * BEAT
    tempo: float = 120.0


def melody_of(notes: Iterable[Note]) -> list[Note]:
    """One voice: of notes that begin together the highest, cut where the next begins.

    What begins below a note that sounds on for more than a step accompanies it and is left out (the skyline of
    Uitdenbogerd & Zobel, "Melodic matching techniques for large music databases", ACM Multimedia 1999, but for notes
    that overlap a little because they were played so).
    """
    kept: list[Note] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.pitch)):
        if kept:
            last = kept[-1]
            below = note.pitch < last.pitch and last.end - note.start > 1
            if note.start == last.start or below:
                continue
            kept[-1] = last._replace(lasts=min(last.lasts, note.start - last.start))
        kept.append(note)
    return kept


def steps_of(notes: Iterable[Note], length: int) -> Steps:
    """The steps (length,) of notes of which no two sound at once."""
    steps = np.full(length, REST, np.int16)
    for note in notes:
        steps[note.start : note.end] = HOLD
        steps[note.start : note.start + 1] = note.pitch
    return steps


def notes_of(steps: Steps) -> Iterator[Note]:
    """The notes that steps (length,) stand for."""
    begins = np.flatnonzero(steps >= 0)
    ends = np.flatnonzero(np.append(steps, REST) != HOLD)
    for start in begins.tolist():
        yield Note(start, int(ends[np.searchsorted(ends, start, "right")]) - start, int(steps[start]))


def windows_of(tune: Tune, window: int, stride: int | None) -> Iterator[tuple[int, Steps]]:
    """Steps (window,) that begin every `stride` steps, by default every bar, and where.

    Silent ones are left out. A note that has begun before a window begins anew with it.
    """
    melody = melody_of(tune.notes)
    end = max((note.end for note in melody), default=0)
    whole = steps_of(melody, max(window, math.ceil(end / tune.bar) * tune.bar))
    for start in range(0, len(whole) - window + 1, stride or tune.bar):
        steps = whole[start : start + window].copy()
        if steps[0] == HOLD:
            steps[0] = whole[:start][whole[:start] >= 0][-1]
        if (steps >= 0).any():
            yield start, steps


def opened(tunes: Mapping[str, Tune], options: Options, where: str) -> Dataset:
    """Windows of tunes as a series of one channel, in which they are labelled by the tune and named by it and the bar.

    Raises
    ------
    DataError
        If there is no note in them, or one outside the pitches that the model knows.
    """
    taken = (("key", options.key), ("label", options.label), ("drop", options.drop), ("series_id", options.series_id))
    options.refuse(where, "music", *taken)
    schema = options.expected_series(where)
    if schema and schema.music is None:
        raise DataError(f"{where}: this is music, and the model was fitted on other series")
    window = schema.length if schema else options.window or WINDOW
    if options.window and window != options.window:
        raise InputError(f"window={options.window}: the model was fitted on rows of {window} steps; leave it out")
    if window > LONGEST:
        raise InputError(f"window={window}: a row of music has at most {LONGEST:,} sixteenths")
    if not any(tune.notes for tune in tunes.values()):
        raise DataError(f"{where}: not a single note to learn from; what the tenth channel holds is percussion")
    rows = [(name, tune, found) for name, tune in tunes.items() for found in windows_of(tune, window, options.stride)]
    array = np.stack([steps for _, _, (_, steps) in rows])[..., None]
    strides = [options.stride or tune.bar for tune in tunes.values()]
    return Dataset(
        schema or _schema(array, tunes.values()),
        ArraySource(array),
        labels=np.array([name for name, _, _ in rows]),
        names=[f"{name}:{1 + start // tune.bar}" for name, tune, (start, _) in rows],
        overlap=math.ceil(window / min(strides)) - 1,
    )


def _schema(array: Steps, tunes: Iterable[Tune]) -> SeriesSchema:
    pitches = array[array >= 0]
    tempo = float(np.median([tune.tempo for tune in tunes]))
    music = Melody(int(pitches.min()), int(pitches.max()), BEAT, tempo)
    return SeriesSchema(array.shape[1], ("note",), "int16", squeezed=True, music=music)


def sounding(steps: Steps) -> Steps:
    """The same steps (n, length, 1), where a note that goes on without having begun is a rest."""
    before = np.maximum.accumulate(np.where(steps == HOLD, 0, np.arange(1, steps.shape[1] + 1)[:, None]), 1)
    began = np.take_along_axis(steps, np.maximum(before - 1, 0), 1)
    out: Steps = np.where((steps == HOLD) & (began < 0), REST, steps).astype(np.int16)
    return out


def in_turn(rows: Sequence[Steps]) -> list[Note]:
    """The notes of rows (length,), one row after another."""
    starts = np.cumsum([0, *map(len, rows)])
    return [
        n._replace(start=n.start + int(at)) for at, row in zip(starts[:-1], rows, strict=True) for n in notes_of(row)
    ]
