"""What opening data gives, and what was asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isthmus.data.schema import CountsSchema, ImageSchema, Schema, SeriesSchema, TableSchema
from isthmus.data.source import ArraySource, Source
from isthmus.errors import DataError, InputError


@dataclass(frozen=True, eq=False)
class Dataset:
    """Data as rows of raw numbers, and what they are.

    ``labels`` are (n,) of str or int, or whatever a conditional model is told; ``names`` the pictures' relative paths
    or the series' ids; ``container`` what came in: numpy, torch, list, pandas, polars, npy, npz, csv, parquet, feather
    or folder; ``skipped`` the files passed over, as 'name: reason'; ``label`` the column that the labels stood in;
    ``lengths`` (n,) the steps of series where they are known apart from missing values; ``overlap`` how many windows
    after each one share steps with it; ``steps`` tells that row i is the window that ends at step i of one long series,
    and then ``names`` are the steps' times; ``captions`` (n,) are texts that a conditional model is told instead of the
    labels.
    """

    schema: Schema
    source: Source
    labels: NDArray[Any] | None = None
    names: list[str] | None = None
    container: str = "numpy"
    skipped: list[str] = field(default_factory=list)
    label: str = ""
    lengths: NDArray[np.int64] | None = None
    overlap: int = 0
    steps: bool = False
    captions: NDArray[Any] | None = None

    @property
    def n(self) -> int:
        """The number of rows."""
        return self.source.n

    @property
    def kind(self) -> Literal["images", "table", "series", "counts"]:
        """What the rows are."""
        return self.schema.kind

    def subset(self, rows: NDArray[np.int64]) -> "Dataset":
        """These rows, read into memory, with their labels, names, lengths and captions."""
        sparse = getattr(self.source, "some", None)  # rows of a sparse matrix stay sparse
        return replace(
            self,
            source=ArraySource(self.source.take(rows)) if sparse is None else sparse(rows),
            labels=None if self.labels is None else self.labels[rows],
            names=None if self.names is None else [self.names[row] for row in rows],
            lengths=None if self.lengths is None else self.lengths[rows],
            captions=None if self.captions is None else self.captions[rows],
        )


KINDS = ("auto", "images", "table", "series", "counts", "text")


@dataclass(frozen=True)
class Options:
    """What the caller of ``open_data`` asked for."""

    kind: str = "auto"
    key: str | None = None
    size: tuple[int, int] | None = None
    skip_bad: bool = False
    drop: tuple[str, ...] = ()
    label: str | None = None
    schema: Schema | None = None
    memory: int | None = None
    text: str | None = None
    max_features: int | None = None
    series_id: str | None = None
    window: int | None = None
    stride: int | None = None
    usual_label: str = ""
    each_step: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind={self.kind!r}; known are {', '.join(map(repr, KINDS[:-1]))} and {KINDS[-1]!r}")
        most = self.max_features
        if most is not None and not (isinstance(most, int) and most >= 2):
            raise InputError(f"max_features={most!r}; give a whole number of words, 2 or more")
        for name, value in (("window", self.window), ("stride", self.stride)):
            if value is not None and not (isinstance(value, int) and value >= 1):
                raise InputError(f"{name}={value!r}: give a whole number of steps, 1 or more")
        if self.stride and self.each_step:
            raise InputError(f"stride={self.stride} and a window that ends at each step don't go together")
        if self.stride and not self.window:
            raise InputError(f"stride={self.stride} is how far apart windows begin; give window (--window) too")
        if self.size is not None and not (len(self.size) == 2 and all(1 <= side <= 2**20 for side in self.size)):
            raise InputError(f"size={self.size!r}; give (height, width) in pixels, such as (64, 64)")

    def labelled(self, names: Sequence[str]) -> "Options":
        """The same, with the label's column of the fit where none is asked for and these columns have it."""
        usual = self.usual_label
        take = self.label is None and usual and usual in names and usual not in self.drop
        return replace(self, label=usual) if take else self

    @property
    def series(self) -> bool:
        """Whether series are asked for, or what a model was fitted on."""
        return (self.schema.kind if self.schema else self.kind) == "series"

    def expected(self, kind: Literal["images", "table", "series", "counts"], where: str) -> Schema | None:
        """Return the schema the data must follow, once it is sure that they are of the kind asked for."""
        wanted = self.schema.kind if self.schema else "counts" if self.kind == "text" else self.kind
        if wanted not in ("auto", kind):
            said = "the model was fitted on" if self.schema else "kind= asks for"
            raise DataError(f"{where}: {_THESE[kind]}, and {said} {_A[wanted]}")
        return self.schema

    def expected_images(self, where: str) -> ImageSchema | None:
        """Return ``expected`` for pictures; the options of tables are refused."""
        self.refuse(where, "pictures", ("drop", self.drop), *self._of_series)
        schema = self.expected("images", where)
        return schema if isinstance(schema, ImageSchema) else None

    def expected_table(self, where: str) -> TableSchema | None:
        """Return ``expected`` for a table; the options of pictures are refused."""
        self.refuse(where, "a table", ("size", self.size), ("skip_bad", self.skip_bad), *self._of_series)
        schema = self.expected("table", where)
        return schema if isinstance(schema, TableSchema) else None

    def expected_counts(self, where: str) -> CountsSchema | None:
        """Return ``expected`` for counts."""
        schema = self.expected("counts", where)
        return schema if isinstance(schema, CountsSchema) else None

    @property
    def counts(self) -> bool:
        """Whether counts are asked for, by kind or by the model."""
        return isinstance(self.schema, CountsSchema) or (self.schema is None and self.kind == "counts")

    def expected_series(self, where: str) -> SeriesSchema | None:
        """Return ``expected`` for series; the options of pictures are refused."""
        self.refuse(where, "series", ("size", self.size), ("skip_bad", self.skip_bad))
        schema = self.expected("series", where)
        return schema if isinstance(schema, SeriesSchema) else None

    @property
    def _of_series(self) -> tuple[tuple[str, object], ...]:
        return (("series_id", self.series_id), ("window", self.window), ("stride", self.stride))

    def refuse(self, where: str, kind: str, *given: tuple[str, object]) -> None:
        """Raise if an option was given that means nothing for this kind of data."""
        for name, value in given:
            if value:
                raise InputError(f"{where}: {name}={value!r} means nothing for {kind}; leave it out")


_THESE = {
    "images": "these are pictures",
    "table": "this is a table",
    "series": "these are series",
    "counts": "these are counts",
}
_A = {"images": "pictures", "table": "a table", "series": "series", "counts": "counts"}


def some(names: Sequence[object], most: int = 3) -> str:
    """Write a list for a message: the first few, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
