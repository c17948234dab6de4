"""CSV files: a header of names, and cells separated by comma, semicolon or tab."""

import codecs
import csv as python_csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa
from pyarrow import csv

from isthmus.data.schema import TableSchema
from isthmus.data.tablefiles import read_arrow
from isthmus.data.tables import TableReader, arrow_name
from isthmus.errors import DataError

MISSING_WORDS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]
_ARROW_PER_BYTE = 6  # a cell of two bytes may become a number of eight and a bit


@dataclass(frozen=True)
class _File:
    """A CSV file and how it is to be read."""

    path: Path
    delimiter: str
    decimal: str
    block: int
    texts: dict[str, Any]

    @property
    def parse(self) -> Any:
        return csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True)

    def read(self, threads: bool) -> Any:
        return csv.ReadOptions(use_threads=threads, block_size=self.block)

    def convert(self, types: dict[str, Any]) -> Any:
        return csv.ConvertOptions(
            column_types=types | self.texts,
            strings_can_be_null=True,
            null_values=MISSING_WORDS,
            decimal_point=self.decimal,
        )


def read_csv(path: Path, schema: TableSchema | None = None, memory: int | None = None) -> TableReader:
    """Read a CSV file at once if it surely fits ``memory``, else in blocks.

    Parameters
    ----------
    schema : TableSchema or None
        Columns known to be categories are read as text, so that '01' stays '01'.

    Raises
    ------
    DataError
        If the file is empty, not UTF-8, or a line has not as many cells as the header.
    """
    sample = _check_encoding(path)
    header = sample.split("\n", 1)[0]
    if not header.strip():
        raise DataError(f"{path.name}: the file is empty")
    delimiter = max(",;\t", key=re.sub(r'"[^"]*"', "", header).count)
    texts = {c.name: pa.string() for c in schema.columns if c.role == "categorical"} if schema else {}
    # A line must fit one block, and arrow reads some thirty blocks ahead.
    file = _File(path, delimiter, _decimal(sample, delimiter), max(2**20, 16 * len(header)), texts)
    if memory is None or path.stat().st_size * _ARROW_PER_BYTE <= memory:
        return read_arrow(_read_whole(file), path.name, "csv")
    return _read_blocks(file)


def _decimal(sample: str, delimiter: str) -> str:
    """Return the decimal sign: where semicolons part the cells, it is often a comma."""
    count = {sign: len(re.findall(rf"[;\n]-?\d+[{sign}]\d+(?=[;\r\n])", sample)) for sign in ".,"}
    return "," if delimiter == ";" and count[","] > count["."] else "."


def _check_encoding(path: Path) -> str:
    """Refuse a file that isn't UTF-8; return its beginning, at least the header."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    sample, line, ended = "", 1, False
    with path.open("rb") as file:
        while not ended:
            block = file.read(2**20)
            ended = not block
            try:
                text = decoder.decode(block, final=ended)
            except UnicodeDecodeError as error:
                line += error.object[: error.start].count(b"\n")
                raise DataError(f"{path.name}: line {line} is not UTF-8; save the file as UTF-8") from error
            line += block.count(b"\n")
            if "\n" not in sample.lstrip("\r\n"):
                sample += text
    return sample.lstrip("\r\n")


def _read_whole(file: _File) -> Any:
    try:
        return csv.read_csv(file.path, file.read(threads=True), file.parse, file.convert({}))
    except pa.ArrowInvalid as error:
        _explain(file, error)


def _read_blocks(file: _File) -> TableReader:
    with _open(file, {}) as reader:
        found = reader.schema
    # Numbers of a later block may have a fraction, and cells empty in the first block may hold numbers.
    wide = {f.name: pa.float64() for f in found if pa.types.is_integer(f.type) or pa.types.is_null(f.type)}
    types = tuple(wide.get(field.name, field.type) for field in found)

    def batches() -> Iterator[Any]:
        with _open(file, wide, found.names) as reader:
            try:
                yield from reader
            except pa.ArrowInvalid as error:
                _explain(file, error, found.names)

    dtypes = tuple(arrow_name(kind) for kind in found.types)
    return TableReader(file.path.name, "csv", tuple(found.names), types, dtypes, batches)


def _open(file: _File, types: dict[str, Any], names: Sequence[str] = ()) -> Any:
    try:
        return csv.open_csv(file.path, file.read(threads=False), file.parse, file.convert(types))
    except pa.ArrowInvalid as error:
        _explain(file, error, names)


def _explain(file: _File, error: Exception, names: Sequence[str] = ()) -> NoReturn:
    """Say what is wrong and where: arrow knows a line by its number among the rows, and not always."""
    reason = str(error).splitlines()[0]
    where = file.path.name
    if "Expected" in reason:
        found = _ragged_line(file)
        if found:
            line, expected, count = found
            raise DataError(f"{where}: line {line} has {count} cells, expected {expected} as in the header") from error
    wrong = re.search(r"column #(\d+): (?:Row #(\d+): )?.*invalid value '(.*)'", reason)
    if wrong and names:
        place, row, value = wrong.groups()
        at = f" (row {int(row) - 2})" if row else ""  # arrow counts from 1, and the header
        raise DataError(
            f"{where}: column {names[int(place)]!r} holds {value!r}{at}, and other kinds of values before; "
            f"one column holds either numbers, true/false or text"
        ) from error
    raise DataError(f"{where}: can't be read as CSV ({reason})") from error


def _ragged_line(file: _File) -> tuple[int, int, int] | None:
    """Find the first line whose number of cells isn't the header's: line, expected, found."""
    with file.path.open(encoding="utf-8-sig", newline="") as lines:
        rows = python_csv.reader(lines, delimiter=file.delimiter)
        expected = 0
        for cells in rows:
            expected = expected or len(cells)
            if cells and len(cells) != expected:
                return rows.line_num, expected, len(cells)
    return None
