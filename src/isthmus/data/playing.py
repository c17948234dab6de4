"""Rows that can be heard, as files: melodies as .mid, one after another in one file or each in its own."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.folders import write_files
from isthmus.data.kinds import MUSIC
from isthmus.data.melodies import in_turn
from isthmus.data.midi import write_notes
from isthmus.data.schema import Schema, SeriesSchema
from isthmus.errors import InputError
from isthmus.files import atomic_write


def is_played(path: Path, schema: Schema) -> bool:
    """Whether rows are to be written so that they can be heard.

    Raises
    ------
    InputError
        If they can't.
    """
    heard = isinstance(schema, SeriesSchema) and schema.music is not None
    folder = path.is_dir() or not path.suffix
    if path.suffix.lower() in MUSIC and not folder and not heard:
        raise InputError(f"{path}: this model's rows are {_what(schema)}, not music")
    return heard and (folder or path.suffix.lower() in MUSIC)


def _what(schema: Schema) -> str:
    return {"images": "pictures", "table": "those of a table"}.get(schema.kind, schema.kind)


def write_played(path: Path, raw: NDArray[Any], schema: SeriesSchema) -> None:
    """Write steps (n, time, 1) to one file, row after row, or to a folder, a file a row.

    Raises
    ------
    InputError
        If writing fails; what was there stays as it was.
    """
    rows = [np.asarray(row[:, 0], np.int16) for row in raw]
    if path.suffix and not path.is_dir():
        with atomic_write(path) as file:
            _write(file, rows, schema)
        return
    width = max(5, len(str(len(rows) - 1)))
    targets = [PurePosixPath(f"{i:0{width}d}{MUSIC[0]}") for i in range(len(rows))]
    write_files(path, targets, rows, lambda file, row, _: _write(file, [row], schema))


def _write(file: IO[bytes], rows: Sequence[NDArray[np.int16]], schema: SeriesSchema) -> None:
    assert schema.music is not None  # for the type checker
    write_notes(file, in_turn(rows), sum(map(len, rows)), schema.music)
