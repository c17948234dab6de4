"""Rows that can be heard, as files: melodies as .mid and sounds as .wav, one after another or each in its own."""

import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile

from isthmus.data.folders import write_files
from isthmus.data.kinds import MUSIC
from isthmus.data.melodies import in_turn
from isthmus.data.midi import write_notes
from isthmus.data.schema import Schema, SeriesSchema
from isthmus.errors import InputError
from isthmus.files import atomic_write

WAV = ".wav"
FULL = 32767
"""Full scale of 16 bits."""


def is_played(path: Path, schema: Schema) -> bool:
    """Whether rows are to be written so that they can be heard.

    Raises
    ------
    InputError
        If they can't, and the path says so.
    """
    ending, folder = path.suffix.lower(), path.is_dir() or not path.suffix
    known = _endings(schema)
    for endings, what in ((MUSIC, "music"), ((WAV,), "sounds")):
        if ending in endings and not folder and ending not in known:
            raise InputError(f"{path}: this model's rows are {_what(schema)}, not {what}")
    return bool(known) and (folder or ending in known)


def _endings(schema: Schema) -> tuple[str, ...]:
    if not isinstance(schema, SeriesSchema):
        return ()
    return MUSIC if schema.music else (WAV,) if schema.sound else ()


def _what(schema: Schema) -> str:
    heard = {MUSIC: "music", (WAV,): "sounds"}.get(_endings(schema))
    return heard or {"images": "pictures", "table": "those of a table"}.get(schema.kind, schema.kind)


def write_played(path: Path, raw: NDArray[Any], schema: SeriesSchema) -> None:
    """Write steps or samples (n, time, 1) to one file, row after row, or to a folder, a file a row.

    Raises
    ------
    InputError
        If writing fails; what was there stays as it was.
    """
    rows = list(raw[..., 0])
    if path.suffix and not path.is_dir():
        with atomic_write(path) as file:
            _write(file, rows, schema)
        return
    width, ending = max(5, len(str(len(rows) - 1))), _endings(schema)[0]
    targets = [PurePosixPath(f"{i:0{width}d}{ending}") for i in range(len(rows))]
    write_files(path, targets, rows, lambda file, row, _: _write(file, [row], schema))


def _write(file: IO[bytes], rows: Sequence[NDArray[Any]], schema: SeriesSchema) -> None:
    if schema.music is not None:
        write_notes(file, in_turn(rows), sum(map(len, rows)), schema.music)
    elif schema.sound is not None:
        held = io.BytesIO()  # scipy closes what it writes to
        wavfile.write(held, schema.sound.rate, (np.concatenate(rows).clip(-1, 1) * FULL).round().astype(np.int16))
        file.write(held.getvalue())
