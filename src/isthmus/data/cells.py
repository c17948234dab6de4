"""The cells of one arrow column as numbers, texts or labels, and what is wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from isthmus.data.dataset import some
from isthmus.data.schema import Column
from isthmus.errors import DataError

NONE_WERE_MISSING = (
    "the model was fitted on data without missing cells and can't read any: fill them in, or fit on data with some"
)


@dataclass
class Faults:
    """Wrong cells found in one batch; ``first`` is the row the batch begins at."""

    where: str
    first: int = 0
    found: list[str] = field(default_factory=list)

    def add(self, column: Column, value: object, row: int, rule: str) -> None:
        """Note a wrong value, at ``row`` of this batch."""
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
        self.found.append(f"column {column.name!r}: {shown} (row {self.first + row}) {rule}")

    def raise_any(self) -> None:
        """Raise one DataError for all that was noted."""
        if self.found:
            raise DataError(f"{self.where}: {'; '.join(self.found[:3])}{self._more()}")

    def _more(self) -> str:
        return f"; and {len(self.found) - 3} more such columns" if len(self.found) > 3 else ""


def numbers(cells: Any) -> NDArray[np.float64]:
    """Return numeric or boolean cells as float64, missing as NaN."""
    if pa.types.is_boolean(cells.type):
        cells = pc.cast(cells, pa.uint8())
    values = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(values, np.float64)


def texts(cells: Any) -> Any:
    """Return cells as an arrow array of text, missing as null."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    return pc.cast(cells, pa.large_string())


def column_numbers(cells: Any, column: Column, faults: Faults) -> NDArray[np.float64]:
    """Return the cells as the model's numbers for this column; wrong cells are noted."""
    if pa.types.is_null(cells.type):
        return np.full(len(cells), np.nan)
    if column.role == "categorical":
        return _codes(cells, column, faults)
    if not _numeric(cells.type):
        valid = cells.is_valid().to_numpy(zero_copy_only=False)
        if valid.any():
            row = _first_odd(cells, int(np.argmax(valid)), column)
            wanted = "true or false" if column.role == "boolean" else "numbers"
            faults.add(column, cells[row].as_py(), row, f"is {cells.type}, where {wanted} are expected")
        return np.full(len(cells), np.nan)
    values = numbers(cells)
    if column.role == "boolean":
        _note(column, values, ~np.isin(values, (0, 1)) & ~np.isnan(values), faults, "is neither true nor false")
    else:
        _note(column, values, np.isinf(values), faults, "can't be learned; mark such cells as missing")
    return values


def _first_odd(cells: Any, first: int, column: Column) -> int:
    """The row of the first text that is no number, in a column that one such text turned into text."""
    for row, text in enumerate(texts(cells).to_pylist() if column.role == "numeric" else ()):
        try:
            float(text or 0)
        except ValueError:
            return row
    return first


def _numeric(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _note(column: Column, values: NDArray[np.float64], wrong: NDArray[np.bool_], faults: Faults, rule: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        faults.add(column, float(values[row]), row, rule)


def note_missing(column: Column, values: NDArray[np.float64], faults: Faults) -> None:
    """Note the first missing cell, for a model that was fitted on none."""
    missing = np.isnan(values)
    if missing.any():
        faults.add(column, "", int(np.argmax(missing)), "is missing; " + NONE_WERE_MISSING)


def _codes(cells: Any, column: Column, faults: Faults) -> NDArray[np.float64]:
    found = texts(cells)
    codes = pc.index_in(found, value_set=pa.array(column.categories, pa.large_string()), skip_nulls=True)
    unknown = pc.and_(found.is_valid(), codes.is_null()).to_numpy(zero_copy_only=False)
    if unknown.any():
        row = int(np.argmax(unknown))
        known = some([repr(category) for category in column.categories], 5)
        faults.add(column, found[row].as_py(), row, f"is no category the model knows (it knows {known})")
    return numbers(codes)


def column_labels(pieces: Sequence[Any]) -> NDArray[Any]:
    """Return labels as (n,) of int if they are whole numbers without gaps, else of str, '' where missing."""
    cells = pa.chunked_array(pieces).combine_chunks()
    if _numeric(cells.type):
        values = numbers(cells)
        if (values == np.floor(values)).all():  # False where missing
            return values.astype(np.int64)
    return np.array(texts(cells).fill_null("").to_pylist(), str)
