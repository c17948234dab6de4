"""MIDI files (.mid) as tunes, and notes as MIDI files."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from isthmus.data import melodies
from isthmus.data.dataset import Dataset, Options, some
from isthmus.data.images import find
from isthmus.data.kinds import MUSIC
from isthmus.data.melodies import BEAT, LONGEST, Note, Tune
from isthmus.data.patches import passing_over
from isthmus.data.schema import Melody
from isthmus.errors import DataError

PERCUSSION = 9
"""The tenth channel, which holds no pitches."""
LOUD = 80
TICKS = 480
"""Of a quarter note, in the files that are written."""
FAULTS = (OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError, MemoryError)


def _library() -> Any:
    try:
        import mido
    except ImportError:
        raise DataError("MIDI files take mido: pip install 'isthmus[music]'") from None
    return mido


def from_path(path: Path, options: Options) -> Dataset:
    """Open a MIDI file, or all under a folder, as windows of their melodies.

    Raises
    ------
    DataError
        If one can't be read (unless such are to be skipped) or there is not a note in them.
    """
    bad: list[str] = []
    tunes = _in_folder(path, bad, skip=options.skip_bad) if path.is_dir() else {path.name: read_tune(path)}
    found = melodies.opened(tunes, replace(options, skip_bad=False), path.name or str(path))
    found.skipped.extend(bad)
    return found


def _in_folder(folder: Path, bad: list[str], *, skip: bool) -> dict[str, Tune]:
    _library()  # what isn't installed is no fault of a file
    tunes: dict[str, Tune] = {}
    names = find(folder, MUSIC)
    for name in names:
        with passing_over(bad, skip=skip):
            tunes[name] = read_tune(folder / name)
    if not tunes:
        raise DataError(f"{folder}: none of {len(names)} MIDI files is left: {some(bad)}")
    return tunes


def read_tune(path: Path) -> Tune:
    """The notes of all channels but percussion, to the nearest step; the first time signature and tempo.

    Raises
    ------
    DataError
        If it is no MIDI file, damaged, without a beat, or too long.
    """
    library = _library()
    try:
        file = library.MidiFile(path, clip=True)
    except (*FAULTS, library.KeySignatureError) as fault:
        raise DataError(f"{path}: not a whole MIDI file ({_reason(fault)})") from fault
    if not file.ticks_per_beat > 0:
        raise DataError(f"{path}: its time is told in frames, not in beats; save it with ticks per quarter note")
    tracks = [list(_timed(track)) for track in file.tracks]
    per_step = file.ticks_per_beat / BEAT
    notes = tuple(_quantised(note, per_step) for track in tracks for note in _notes(track))
    if max((note.end for note in notes), default=0) > LONGEST:
        raise DataError(f"{path}: lasts more than {LONGEST:,} sixteenths; cut it")
    events = sorted((event for track in tracks for event in track), key=lambda event: event[0])
    return Tune(notes, **_signature(library, [message for _, message in events]))


def _reason(fault: BaseException) -> str:
    return "cut short" if isinstance(fault, EOFError) else str(fault).strip().rstrip(".") or type(fault).__name__


def _timed(track: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    """Every message with its time in ticks from the beginning."""
    at = 0
    for message in track:
        at += message.time
        yield at, message


def _notes(track: list[tuple[int, Any]]) -> Iterator[Note]:
    """Notes in ticks; what is never let go ends with the track."""
    sounding: dict[tuple[int, int], int] = {}
    for at, message in track:
        if message.type not in ("note_on", "note_off") or message.channel == PERCUSSION:
            continue
        key = (message.channel, message.note)
        if key in sounding:
            yield Note(start := sounding.pop(key), at - start, message.note)
        if message.type == "note_on" and message.velocity:
            sounding[key] = at
    for (_, pitch), start in sounding.items():
        yield Note(start, track[-1][0] - start, pitch)


def _quantised(note: Note, per_step: float) -> Note:
    start = round(note.start / per_step)
    return Note(start, max(1, round(note.end / per_step) - start), note.pitch)


def _signature(library: Any, messages: list[Any]) -> dict[str, Any]:
    """The first bar's steps and the first tempo."""
    told: dict[str, Any] = {}
    for message in messages:
        if message.type == "time_signature":
            told.setdefault("bar", max(1, round(4 * BEAT * message.numerator / message.denominator)))
        elif message.type == "set_tempo" and message.tempo:
            told.setdefault("tempo", min(max(library.tempo2bpm(message.tempo), 1.0), 1000.0))
    return told


def write_notes(file: IO[bytes], notes: Iterable[Note], length: int, music: Melody) -> None:
    """Write notes in order, of which no two sound at once, as a MIDI file of one track that lasts `length` steps."""
    library = _library()
    track, at = library.MidiTrack(), 0
    track.append(library.MetaMessage("set_tempo", tempo=library.bpm2tempo(music.tempo)))
    for note in notes:
        for word, step, loud in (("note_on", note.start, LOUD), ("note_off", note.end, 0)):
            track.append(library.Message(word, note=note.pitch, velocity=loud, time=_ticks(step, music) - at))
            at = _ticks(step, music)
    track.append(library.MetaMessage("end_of_track", time=_ticks(length, music) - at))
    library.MidiFile(type=0, ticks_per_beat=TICKS, tracks=[track]).save(file=file)


def _ticks(step: int, music: Melody) -> int:
    return round(step * TICKS / music.beat)
