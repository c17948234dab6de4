"""Captions joined to rows: from a CSV file, by file name or in the rows' order, or from texts in memory."""

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from isthmus.data.captions import caption_texts
from isthmus.data.dataset import Dataset, some
from isthmus.errors import DataError, InputError
from isthmus.names import did_you_mean

FILE, CAPTION = "file", "caption"
OWN = "builtin"
"""What stands for the captions that a built-in data set brings along."""


class Line(NamedTuple):
    """A line of a file of captions; `file` is empty where captions stand in the rows' order."""

    number: int
    file: str
    caption: str


def captioned(data: Dataset, captions: Any) -> Dataset:
    """The same data with captions.

    Parameters
    ----------
    captions : str, Path or sequence of str
        A CSV file with the columns file and caption (or these as its first two): of data whose rows have names each
        caption goes to the row of that name, of others, whose file needs no names, to the row of its place; or the
        word builtin, for those that the data bring along; or one text a row, None where unknown.

    Raises
    ------
    DataError
        If the file can't be read, or there is not just one caption for each row; the message names line and file.
    InputError
        If the data bring no captions along.
    """
    if not isinstance(captions, str | os.PathLike):
        texts = caption_texts(captions)
        if len(texts) != data.n:
            raise DataError(f"captions: {len(texts):,} for {data.n:,} rows; give one for each")
        return replace(data, captions=np.array(texts, dtype=object))
    if os.fspath(captions) != OWN:
        return replace(data, captions=np.array(_joined(data, Path(captions)), dtype=object))
    if data.captions is None:
        raise InputError(f"captions={OWN!r}: these data bring none along; give a CSV file of file,caption")
    return data


def _joined(data: Dataset, path: Path) -> list[str]:
    lines = read_captions(path, data.names)
    for line in lines:
        if not line.caption.strip():
            raise DataError(f"{path.name}: line {line.number}: no caption" + (f" of {line.file}" if line.file else ""))
    if data.names is not None:
        return _by_name(lines, data, data.names, path.name)
    if len(lines) != data.n:
        raise DataError(
            f"{path.name}: {len(lines):,} captions for {data.n:,} rows, which go by their order; give one for each "
            "below a line that names the columns"
        )
    return [line.caption for line in lines]


def _by_name(lines: Sequence[Line], data: Dataset, names: Sequence[str], where: str) -> list[str]:
    found: dict[str, Line] = {}
    skipped, known = {reason.split(": ", 1)[0] for reason in data.skipped}, set(names)
    for line in lines:
        said = f"{where}: line {line.number}"
        if not line.file:
            raise DataError(f"{said}: no file is named")
        if line.file in found:
            raise DataError(f"{said}: a second caption of {line.file}, after that of line {found[line.file].number}")
        if line.file not in known | skipped:
            alike = [name for name in names if name.endswith(f"/{line.file}")] or names
            raise DataError(f"{said}: there is no {line.file} among the data{did_you_mean(line.file, alike)}")
        found[line.file] = line
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(f"{where}: no caption of {len(missing):,} of {len(names):,}: {some(missing)}")
    return [found[name].caption for name in names]


def read_captions(path: Path, names: Sequence[str] | None) -> list[Line]:
    """The lines of a CSV file of captions; below a header, unless its first line is about one of `names`.

    Raises
    ------
    DataError
        If it can't be read, or has no such columns.
    """
    rows = _rows(path)
    if not rows:
        raise DataError(f"{path.name}: the file is empty")
    (_, head), by_name = rows[0], names is not None
    file, caption = _columns(head, by_name, path.name)
    begun = by_name and _name(head[file]) in set(names or ())
    width = len(head)
    for number, cells in rows:
        if len(cells) != width:
            expected = f"{len(cells)} cells, expected {width} as in line {rows[0][0]}"
            raise DataError(f"{path.name}: line {number} has {expected}; put quotes about captions that hold commas")
    return [Line(n, _name(cells[file]) if by_name else "", cells[caption]) for n, cells in rows[0 if begun else 1 :]]


def _columns(head: list[str], by_name: bool, where: str) -> tuple[int, int]:
    """Where file and caption stand."""
    told = [cell.strip().lower() for cell in head]
    if CAPTION in told and (FILE in told or not by_name):
        return (told.index(FILE) if FILE in told else 0), told.index(CAPTION)
    if len(head) > 1:
        return 0, 1
    if by_name:
        raise DataError(f"{where}: one column; give two, file and caption")
    return 0, 0


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Numbered lines that hold anything."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path.name}: is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise DataError(f"{path}: captions can't be read: {error.strerror}") from error
    first = text.lstrip("\r\n").split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=re.sub(r'"[^"]*"', "", first).count))
    try:
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise DataError(f"{path.name}: line {reader.line_num} can't be read as CSV ({error})") from error


def _name(cell: str) -> str:
    """A relative path as the data have it."""
    return PurePosixPath(cell.strip().replace("\\", "/")).as_posix() if cell.strip() else ""
