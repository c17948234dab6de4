"""What the data are: the pictures' size, the table's columns or the series' length, as it is saved with a model."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np

from isthmus.errors import DataError

Role = Literal["numeric", "boolean", "categorical"]

_ROLES = ("numeric", "boolean", "categorical")
_LARGEST = 2**20
_PICTURE_DTYPES = ("uint8", "uint16", "float32", "float64")
_NUMBER = re.compile(r"u?int(8|16|32|64)|float(16|32|64|96|128)")
ARROW_NUMBERS = {"double": "float64", "float": "float32", "halffloat": "float16"}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``dtype`` is the name to give back, in the words of where the column came from; ``categories`` are sorted;
    ``missing`` tells whether cells were missing in the data it was fitted on.
    """

    name: str
    role: Role
    dtype: str
    categories: tuple[str, ...] = ()
    missing: bool = False

    @property
    def number_type(self) -> np.dtype[Any]:
        """The NumPy type of a numeric column: pandas' ``Int64`` is ``int64`` here."""
        return np.dtype(_number_name(self.dtype))


@dataclass(frozen=True)
class TableSchema:
    """The columns of a table; without names of their own (``named=False``) they are called x0, x1, ..."""

    columns: tuple[Column, ...]
    named: bool
    dtype: str = "float64"
    kind: ClassVar[Literal["table"]] = "table"

    @property
    def feature_names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one raw row, (columns,)."""
        return (len(self.columns),)

    @property
    def numeric(self) -> bool:
        """Whether no column holds categories, so that the table can be a plain array."""
        return all(column.role != "categorical" for column in self.columns)

    @property
    def takes_missing(self) -> bool:
        """Whether cells were missing in the data it was fitted on, so that they may be again."""
        return any(column.missing for column in self.columns)

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        columns = [
            {
                "name": column.name,
                "role": column.role,
                "dtype": column.dtype,
                "categories": list(column.categories),
                "missing": column.missing,
            }
            for column in self.columns
        ]
        return {"kind": self.kind, "named": self.named, "dtype": self.dtype, "columns": columns}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "TableSchema":
        """Rebuild a schema; anything unexpected is a DataError."""
        found = _field(description, "columns", list)
        if not 1 <= len(found) <= _LARGEST:
            raise DataError(f"schema: a table of {len(found)} columns")
        columns = tuple(_column(item) for item in found)
        if len({column.name for column in columns}) < len(columns):
            raise DataError("schema: two columns have the same name")
        dtype = _field(description, "dtype", str)
        if dtype != "bool" and not _NUMBER.fullmatch(dtype):
            raise DataError(f"schema: unknown dtype {dtype[:40]!r}")
        return cls(columns, _field(description, "named", bool), dtype)


@dataclass(frozen=True)
class Spectra:
    """How sounds became pictures of frequency x time: samples per second, samples per window, and from one to the next.

    ``noise`` is what the sounds learned from suffered, as white:0-10; nothing where pairs were given.
    """

    rate: int
    window: int
    hop: int
    noise: str = ""

    @property
    def bins(self) -> int:
        """How many frequencies a picture has, its height; the highest of all, half the rate, is left out."""
        return self.window // 2

    @classmethod
    def from_json(cls, description: Any) -> "Spectra":
        """Rebuild; anything unexpected is a DataError."""
        rate, window, hop = (_field(description, name, int) for name in ("rate", "window", "hop"))
        if not (0 < rate < 2**31 and 1 <= hop <= window <= _LARGEST and window % (2 * hop) == 0):
            raise DataError(f"schema: windows of {window} samples every {hop} at {rate} Hz")
        return cls(rate, window, hop, _field(description, "noise", str)[:40])


@dataclass(frozen=True)
class ImageSchema:
    """The size and type of the pictures; ``squeezed`` tells that they came as (n, height, width).

    ``sound`` tells that they are of sounds, and how they were made; else None.
    """

    height: int
    width: int
    channels: int
    dtype: str
    squeezed: bool = False
    sound: Spectra | None = None
    kind: ClassVar[Literal["images"]] = "images"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one raw picture, (height, width, channels)."""
        return (self.height, self.width, self.channels)

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        return {
            "kind": self.kind,
            "height": self.height,
            "width": self.width,
            "channels": self.channels,
            "dtype": self.dtype,
            "squeezed": self.squeezed,
        } | ({"sound": asdict(self.sound)} if self.sound else {})

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "ImageSchema":
        """Rebuild a schema; anything unexpected is a DataError."""
        height, width, channels = (_field(description, side, int) for side in ("height", "width", "channels"))
        if not all(1 <= side <= _LARGEST for side in (height, width, channels)):
            raise DataError(f"schema: pictures of size {height}x{width} with {channels} channels")
        dtype, squeezed = _field(description, "dtype", str), _field(description, "squeezed", bool)
        if dtype not in _PICTURE_DTYPES:
            raise DataError(f"schema: pictures of dtype {dtype[:40]!r}; known are {', '.join(_PICTURE_DTYPES)}")
        if squeezed and channels != 1:
            raise DataError(f"schema: {channels} channels where one is said")
        sound = description.get("sound")  # absent from pictures
        return cls(height, width, channels, dtype, squeezed, Spectra.from_json(sound) if sound else None)


@dataclass(frozen=True)
class CountsSchema:
    """The columns of counts; without names of their own (``named=False``) they are called x0, x1, ...

    Of texts (``text=True``) the columns are the words counted, all others are passed over; ``field`` is the column
    or the key that held them.
    """

    columns: tuple[str, ...]
    named: bool
    dtype: str = "float64"
    text: bool = False
    field: str = ""
    kind: ClassVar[Literal["counts"]] = "counts"

    @property
    def feature_names(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.columns)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row, (columns,)."""
        return (len(self.columns),)

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        return {
            "kind": self.kind,
            "columns": list(self.columns),
            "named": self.named,
            "dtype": self.dtype,
            "text": self.text,
            "field": self.field,
        }

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "CountsSchema":
        """Rebuild a schema; anything unexpected is a DataError."""
        found = _field(description, "columns", list)
        if not 2 <= len(found) <= _LARGEST or not all(isinstance(name, str) for name in found):
            raise DataError(f"schema: counts of {len(found)} columns, or names that are not text")
        if len(set(found)) < len(found):
            raise DataError("schema: two columns have the same name")
        dtype = _field(description, "dtype", str)
        if not _NUMBER.fullmatch(dtype):
            raise DataError(f"schema: unknown dtype {dtype[:40]!r}")
        named, text = _field(description, "named", bool), _field(description, "text", bool)
        return cls(tuple(found), named, dtype, text, _field(description, "field", str))


@dataclass(frozen=True)
class Melody:
    """How tunes became steps: the lowest and the highest pitch (MIDI numbers), steps of a quarter note, and the tempo.

    A step is the pitch of the note that begins there, -1 where one goes on, -2 where there is none. The tempo is in
    quarter notes a minute.
    """

    lowest: int
    highest: int
    beat: int
    tempo: float

    @classmethod
    def from_json(cls, description: Any) -> "Melody":
        """Rebuild; anything unexpected is a DataError."""
        lowest, highest, beat = (_field(description, name, int) for name in ("lowest", "highest", "beat"))
        tempo = _field(description, "tempo", float)
        if not (0 <= lowest <= highest <= 127 and 1 <= beat <= 96 and 1 <= tempo <= 1000):
            raise DataError(f"schema: pitches {lowest} to {highest}, {beat} steps a beat, {tempo:g} beats a minute")
        return cls(lowest, highest, beat, tempo)


@dataclass(frozen=True)
class SeriesSchema:
    """The length and the channels of series, which are (n, length, channels) arrays, NaN after a shorter one's end.

    ``squeezed`` tells that they came without an axis of channels; ``missing`` that some values were NaN, be it that
    lengths differ; ``series_id`` names the column of a long table that says which series a row is of. ``music`` tells
    that they are melodies, ``sound`` that they are samples, full scale being 1, and how they become spectra.
    """

    length: int
    names: tuple[str, ...]
    dtype: str
    squeezed: bool = False
    missing: bool = False
    named: bool = False
    series_id: str = ""
    music: Melody | None = None
    sound: Spectra | None = None
    kind: ClassVar[Literal["series"]] = "series"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one raw series, (length, channels)."""
        return (self.length, len(self.names))

    @property
    def takes_missing(self) -> bool:
        """Whether values were missing in the data it was fitted on, so that they may be again."""
        return self.missing

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""
        return {
            "kind": self.kind,
            "length": self.length,
            "names": list(self.names),
            "dtype": self.dtype,
            "squeezed": self.squeezed,
            "missing": self.missing,
            "named": self.named,
            "series_id": self.series_id,
        } | {name: asdict(told) for name, told in (("music", self.music), ("sound", self.sound)) if told}

    @classmethod
    def from_json(cls, description: Mapping[str, Any]) -> "SeriesSchema":
        """Rebuild a schema; anything unexpected is a DataError."""
        length, names = _field(description, "length", int), _field(description, "names", list)
        if not (1 <= length <= _LARGEST and 1 <= len(names) <= _LARGEST):
            raise DataError(f"schema: series of {length} steps and {len(names)} channels")
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise DataError("schema: the channels' names are not texts that differ")
        dtype = _field(description, "dtype", str)
        if not _NUMBER.fullmatch(dtype):
            raise DataError(f"schema: unknown dtype {dtype[:40]!r}")
        squeezed, missing, named = (_field(description, word, bool) for word in ("squeezed", "missing", "named"))
        if squeezed and len(names) != 1:
            raise DataError(f"schema: {len(names)} channels where one is said")
        series_id, music, sound = (
            _field(description, "series_id", str),
            description.get("music"),
            description.get("sound"),
        )
        heard = Melody.from_json(music) if music else None, Spectra.from_json(sound) if sound else None
        known = [(1, told) for told, is_told in (("int16", music), ("float32", sound)) if is_told]
        if known and known != [(len(names), dtype)]:
            raise DataError(f"schema: {len(names)} channels of {dtype} are neither music nor sounds")
        return cls(length, tuple(names), dtype, squeezed, missing, named, series_id, *heard)


Schema = ImageSchema | TableSchema | SeriesSchema | CountsSchema


def schema_from_json(description: Any) -> Schema:
    """Rebuild a schema from a model file, which may be hostile.

    Raises
    ------
    DataError
        If a part is missing, of the wrong type, or out of bounds.
    """
    kind = _field(description, "kind", str)
    if kind == "images":
        return ImageSchema.from_json(description)
    if kind == "table":
        return TableSchema.from_json(description)
    if kind == "counts":
        return CountsSchema.from_json(description)
    if kind == "series":
        return SeriesSchema.from_json(description)
    raise DataError(f"schema: unknown kind {kind[:40]!r}; known are 'images', 'table', 'series' and 'counts'")


def _column(item: Any) -> Column:
    role = _field(item, "role", str)
    if role not in _ROLES:
        raise DataError(f"schema: unknown role {role[:40]!r} of a column")
    categories = _field(item, "categories", list)
    if not all(isinstance(category, str) for category in categories):
        raise DataError("schema: a category that is not text")
    if list(categories) != sorted(set(categories)) or bool(categories) != (role == "categorical"):
        raise DataError("schema: the categories of a column are not a sorted list, or don't fit its role")
    dtype = _field(item, "dtype", str)
    if len(dtype) > 40 or (role == "numeric" and not _NUMBER.fullmatch(_number_name(dtype))):
        raise DataError(f"schema: unknown dtype {dtype[:40]!r} of a column")
    name, missing = _field(item, "name", str), _field(item, "missing", bool)
    return Column(name, cast(Role, role), dtype, tuple(categories), missing)


def _number_name(dtype: str) -> str:
    base = dtype.split("[")[0].lower()  # 'Int64' and 'int64[pyarrow]' are pandas' own words
    return ARROW_NUMBERS.get(base, base)


def _field(description: Any, key: str, kind: type) -> Any:
    if not isinstance(description, Mapping) or key not in description:
        raise DataError(f"schema: {key!r} is missing")
    value = description[key]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise DataError(f"schema: {key!r} is {type(value).__name__}, expected {kind.__name__}")
    return value
