"""Tables that come line by line: CSV with a header, or JSON objects, from a pipe that may never end."""

import csv as python_csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv

from isthmus.data.csvfiles import MISSING_WORDS
from isthmus.data.dataset import Dataset, Options
from isthmus.data.opening import from_reader
from isthmus.data.schema import TableSchema
from isthmus.data.tablefiles import read_arrow
from isthmus.errors import DataError

BLOCK = 1 << 16
LONGEST_LINE = 1 << 24
WHERE = "standard input"


class Lines(NamedTuple):
    """Lines as they came, without their ends; which numbers they have, from 1; and the rows they hold."""

    lines: list[bytes]
    numbers: list[int]
    data: Dataset

    def of(self, i: int) -> "Lines":
        """One of them."""
        return Lines([self.lines[i]], [self.numbers[i]], self.data.subset(np.array([i])))


class TableStream:
    """Rows from a stream, as soon as they are there, in bounded memory.

    Parameters
    ----------
    stream : binary stream
        CSV with a header, or a JSON object a line, as its first byte says.
    schema : TableSchema
        What the rows must be like; other columns are passed over. A quoted line end inside a cell isn't known here.

    Attributes
    ----------
    header : bytes or None
        The line of the columns' names, of CSV.
    bad : list of str
        What was wrong with lines that were passed over since the list was last emptied.

    Raises
    ------
    DataError
        If the stream is empty, or a line longer than 16 MB.
    """

    def __init__(self, stream: BinaryIO, schema: TableSchema) -> None:
        self.stream, self.schema = stream, schema
        self.header: bytes | None = None
        self.bad: list[str] = []

    def __iter__(self) -> Iterator[Lines]:
        count, is_json = 0, None
        for block in _whole_lines(self.stream):
            numbered = [(count + i, line) for i, line in enumerate(block, 1) if line.strip()]
            count += len(block)
            if is_json is None and numbered:
                is_json = numbered[0][1].lstrip()[:1] == b"{"
                if not is_json:
                    self.header = numbered.pop(0)[1]
                    self._check(self.header)
            if numbered:
                yield from self._rows(numbered)
        if is_json is None:
            raise DataError(f"{WHERE}: nothing came; give CSV with a header, or a JSON object a line")

    def _check(self, header: bytes) -> None:
        try:
            names = next(python_csv.reader([header.decode("utf-8-sig", "replace")]))
        except python_csv.Error as fault:
            raise DataError(f"{WHERE}: its header can't be read as CSV: {fault}") from fault
        if twice := [name for name in names if names.count(name) > 1]:
            raise DataError(f"{WHERE}: its header names column {twice[0]!r} twice")
        lacking = [name for name in self.schema.feature_names if name not in names]
        if lacking:
            raise DataError(f"{WHERE}: its header has no column {lacking[0]!r}; it names {', '.join(names[:8])}")

    def _rows(self, numbered: Sequence[tuple[int, bytes]]) -> Iterator[Lines]:
        """The rows of these lines; where they can't be read, of each half of them, down to the bad line."""
        numbers, lines = [number for number, _ in numbered], [line for _, line in numbered]
        try:
            yield Lines(lines, numbers, self._data(lines))
        except (DataError, pa.ArrowException, OverflowError) as fault:
            if len(lines) > 1:
                half = len(lines) // 2
                yield from self._rows(numbered[:half])
                yield from self._rows(numbered[half:])
            else:
                self.bad.append(f"{WHERE}: line {numbers[0]}: {str(fault).removeprefix(f'{WHERE}: ').splitlines()[0]}")

    def _data(self, lines: Sequence[bytes]) -> Dataset:
        texts = {c.name: pa.string() for c in self.schema.columns if c.role == "categorical"}
        names = set(self.schema.feature_names)
        if self.header is None:
            found = [_parsed(line) for line in lines]
            columns = {name: [row.get(name) for row in found] for name in self.schema.feature_names}
            table = pa.table({name: pa.array(cells, texts.get(name)) for name, cells in columns.items()})
        else:
            convert = csv.ConvertOptions(column_types=texts, strings_can_be_null=True, null_values=MISSING_WORDS)
            whole = io.BytesIO(b"\n".join([self.header, *lines]))
            table = csv.read_csv(whole, csv.ReadOptions(use_threads=False), convert_options=convert)
        if len(table) != len(lines):
            raise DataError(f"{WHERE}: {len(lines)} lines hold {len(table)} rows: one line, one row")
        table = table.select([name for name in table.column_names if name in names])
        return from_reader(read_arrow(table, WHERE, "csv"), Options(schema=self.schema))


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise DataError(f"{WHERE}: no JSON ({fault})") from fault
    if not isinstance(found, dict):
        raise DataError(f'{WHERE}: a JSON object a line is wanted, such as {{"a": 1}}')
    return found


def _whole_lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Lists of lines, each as soon as its end has come."""
    rest = b""
    read = getattr(stream, "read1", stream.read)
    while block := read(BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise DataError(f"{WHERE}: a line of more than {LONGEST_LINE:,} bytes: are these CSV or JSON lines?")
        if lines:
            yield [line.rstrip(b"\r") for line in lines]
    if rest:
        yield [rest.rstrip(b"\r")]
