"""Tables with named columns: which columns are what, and one matrix of numbers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from isthmus.data.cells import Faults, column_labels, column_numbers, note_missing, numbers, texts
from isthmus.data.dataset import Dataset, Options, some
from isthmus.data.schema import ARROW_NUMBERS, Column, CountsSchema, Role, TableSchema
from isthmus.data.source import Collector, Source
from isthmus.errors import DataError
from isthmus.names import did_you_mean

_FEW_CATEGORIES = 50
_MOST_CATEGORIES = 1000


@dataclass(frozen=True)
class TableReader:
    """A table as batches that can be read more than once.

    ``dtypes`` are the names to give back, column by column; ``rows`` is None while not counted.
    """

    where: str
    container: str
    names: tuple[str, ...]
    types: tuple[Any, ...]
    dtypes: tuple[str, ...]
    batches: Callable[[], Iterator[Any]]
    rows: int | None = None
    named: bool = True


def arrow_name(kind: Any) -> str:
    """Return the name to give back for an arrow type."""
    if pa.types.is_dictionary(kind):
        inner = arrow_name(kind.value_type)
        return "category" if inner == "string" else f"category[{inner}]"
    if pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return "float64"
    name = str(kind)
    return "string" if _is_text(kind) else ARROW_NUMBERS.get(name, name)


def from_reader(reader: TableReader, options: Options) -> Dataset:
    """Open a table: by the model's schema if there is one, else by what its columns hold."""
    options.refuse(reader.where, "a table", ("key", options.key))
    schema = options.expected_table(reader.where)
    kept = kept_columns(reader, options)
    if schema is not None:
        places = match_columns(reader, schema, kept)
        n = reader.rows if reader.rows is not None else sum(len(batch) for batch in reader.batches())
    else:
        places = kept
        schema, n = _learn(reader, kept)
    if n == 0:
        raise DataError(f"{reader.where}: no rows; at least one is needed")
    source, labels = _encode(reader, schema, places, n, options)
    return Dataset(schema, source, labels, container=reader.container, label=options.label or "")


def kept_columns(reader: TableReader, options: Options) -> list[int]:
    """Positions of the columns that are neither dropped nor the label."""
    names = reader.names
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise DataError(f"{reader.where}: several columns are named {some([repr(n) for n in twice])}; rename them")
    asked = [*options.drop, *([options.label] if options.label is not None else [])]
    for name in asked:
        if name not in names:
            raise DataError(
                f"{reader.where}: no column {name!r}{did_you_mean(name, names)}; there are {some(names, 8)}"
            )
    kept = [i for i, name in enumerate(names) if name not in asked]
    if "" in (names[i] for i in kept):
        raise DataError(
            f"{reader.where}: column {names.index('') + 1} has no name; name it, or drop it "
            f"with --drop '' (drop=['']) if it is a saved index"
        )
    if not kept:
        raise DataError(f"{reader.where}: no column is left to learn from")
    return kept


def _role(kind: Any) -> Role | None:
    types = pa.types
    if types.is_dictionary(kind):
        inner = _role(kind.value_type)
        return "categorical" if inner else None
    if types.is_boolean(kind):
        return "boolean"
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind):
        return "numeric"
    return "categorical" if _is_text(kind) else None


def _is_text(kind: Any) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


# ---- learning what the columns hold


@dataclass
class _Profile:
    """What has been seen of one column."""

    role: Role
    present: int = 0
    missing: bool = False
    whole: bool = True
    values: set[str] | None = None

    def see(self, cells: Any) -> None:
        if self.role == "categorical":
            found = texts(cells)
            self.values = self.values if self.values is not None else set()
            if len(self.values) <= _MOST_CATEGORIES:  # more are refused anyway
                self.values.update(found.unique().drop_null().to_pylist())
            present = len(found) - found.null_count
        else:
            values = numbers(cells)
            known = values[~np.isnan(values)]
            present = len(known)
            self.whole = self.whole and bool((known == np.floor(known)).all())
        self.present += present
        self.missing = self.missing or present < len(cells)

    @property
    def crowded(self) -> bool:
        count = len(self.values or ())
        return count > _MOST_CATEGORIES or (count > _FEW_CATEGORIES and 2 * count > self.present)


def _learn(reader: TableReader, kept: Sequence[int]) -> tuple[TableSchema, int]:
    roles = _roles(reader, kept)
    profiles = [_Profile(role) for role in roles]
    n = 0
    for batch in reader.batches():
        n += len(batch)
        for profile, place in zip(profiles, kept, strict=True):
            profile.see(batch.column(place))
    if n == 0:
        raise DataError(f"{reader.where}: no rows; at least one is needed")
    _refuse_profiles(reader, kept, profiles)
    columns = [_column(reader, place, profile) for place, profile in zip(kept, profiles, strict=True)]
    return TableSchema(tuple(columns), named=reader.named), n


def _roles(reader: TableReader, kept: Sequence[int]) -> list[Role]:
    roles = {place: _role(reader.types[place]) for place in kept}
    bad = [f"{reader.names[i]!r} ({reader.types[i]})" for i in kept if roles[i] is None]
    if bad:
        options = " ".join(f"--drop {reader.names[i]}" for i in kept if roles[i] is None)
        raise DataError(
            f"{reader.where}: columns that are neither numbers, true/false nor text: {some(bad, 20)}; "
            f"leave them out with {options} (drop= in Python), or turn them into numbers"
        )
    return [role for role in roles.values() if role is not None]


def _refuse_profiles(reader: TableReader, kept: Sequence[int], profiles: Sequence[_Profile]) -> None:
    pairs = [(reader.names[i], profile) for i, profile in zip(kept, profiles, strict=True)]
    empty = [name for name, profile in pairs if not profile.present]
    if empty:
        raise DataError(
            f"{reader.where}: no value at all in column {some([repr(name) for name in empty])}; "
            f"leave it out with {' '.join(f'--drop {name}' for name in empty[:3])} (drop= in Python)"
        )
    crowded = [(name, profile) for name, profile in pairs if profile.crowded]
    if crowded:
        shown = [f"{name!r} ({_many(profile)} different texts)" for name, profile in crowded]
        raise DataError(
            f"{reader.where}: too many different texts in column {some(shown)}; "
            f"identifiers and free text can't be learned, leave them out with "
            f"{' '.join(f'--drop {name}' for name, _ in crowded[:3])} (drop= in Python)"
        )


def _many(profile: _Profile) -> str:
    count = len(profile.values or ())
    return f"more than {_MOST_CATEGORIES}" if count > _MOST_CATEGORIES else str(count)


def _column(reader: TableReader, place: int, profile: _Profile) -> Column:
    dtype = reader.dtypes[place]
    if "int" in dtype and profile.role == "numeric" and not profile.whole:
        dtype = "float64"  # a text file's first block held whole numbers only
    categories = tuple(sorted(profile.values)) if profile.values else ()
    return Column(reader.names[place], profile.role, dtype, categories, profile.missing)


# ---- data for a fitted model


def match_columns(reader: TableReader, schema: TableSchema | CountsSchema, kept: Sequence[int]) -> list[int]:
    """Find the place in the table of each column the model knows."""
    found = {reader.names[i]: i for i in kept}
    if not (schema.named and reader.named):  # by position, as scikit-learn does
        if len(kept) != len(schema.columns):
            expected = len(schema.columns)
            raise DataError(f"X has {len(kept)} features, but Autoencoder is expecting {expected} features as input")
        return list(kept)
    missing = [name for name in schema.feature_names if name not in found]
    known = set(schema.feature_names)
    extra = [name for name in found if name not in known]
    if missing or extra:
        raise DataError(f"{reader.where}: {_differences(missing, extra)}")
    return [found[name] for name in schema.feature_names]


def _differences(missing: Sequence[str], extra: Sequence[str]) -> str:
    parts = []
    if missing:
        parts.append(f"missing column {some([repr(name) for name in missing])}")
    if extra:
        parts.append(f"unexpected column {some([repr(name) for name in extra])}")
    if missing and extra:
        remedy = "were columns renamed? Give the names the model was fitted on"
    elif missing:
        remedy = "the model needs every column it was fitted on"
    else:
        remedy = f"leave it out with {' '.join(f'--drop {name}' for name in extra[:3])} (drop= in Python)"
    return f"{'; '.join(parts)}; {remedy}"


# ---- the matrix


def _encode(
    reader: TableReader, schema: TableSchema, places: Sequence[int], n: int, options: Options
) -> tuple[Source, NDArray[Any] | None]:
    """Turn the table into its matrix (n, columns), float64, and its labels."""
    label = reader.names.index(options.label) if options.label is not None else None
    labels: list[Any] = []
    with Collector(n, schema.shape, np.dtype(np.float64), options.memory) as rows:
        for batch in reader.batches():
            rows.add(_matrix(batch, schema, places, reader.where, rows.count))
            if label is not None:
                labels.append(batch.column(label))
        source = rows.finish()
    return source, None if label is None else column_labels(labels)


def _matrix(batch: Any, schema: TableSchema, places: Sequence[int], where: str, first: int) -> NDArray[np.float64]:
    out = np.empty((len(batch), len(places)))
    faults = Faults(where, first)
    for i, (column, place) in enumerate(zip(schema.columns, places, strict=True)):
        out[:, i] = column_numbers(batch.column(place), column, faults)
    faults.raise_any()
    if not schema.takes_missing:
        for i, column in enumerate(schema.columns):
            note_missing(column, out[:, i], faults)
        faults.raise_any()
    return out
