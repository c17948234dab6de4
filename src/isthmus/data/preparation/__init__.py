"""The numbers a network likes: learned from the data, invertible, saved with the model. One file a kind of data."""

from collections.abc import Iterable
from typing import Any, Protocol

from numpy.typing import NDArray

from isthmus.data.preparation.checks import Float32, part
from isthmus.data.preparation.counts import CountsPreparation, fit_counts
from isthmus.data.preparation.images import ImagePreparation, fit_images, to_integers
from isthmus.data.preparation.melodies import MelodyPreparation, fit_melodies
from isthmus.data.preparation.series import SeriesPreparation, fit_series
from isthmus.data.preparation.sounds import SoundPreparation, fit_sounds
from isthmus.data.preparation.tables import TablePreparation, fit_table, groups_of
from isthmus.data.schema import CountsSchema, ImageSchema, Schema, SeriesSchema
from isthmus.errors import DataError

__all__ = [
    "CountsPreparation",
    "ImagePreparation",
    "MelodyPreparation",
    "Preparation",
    "SeriesPreparation",
    "SoundPreparation",
    "TablePreparation",
    "fit_preparation",
    "preparation_from_json",
    "suits",
    "to_integers",
]


class Preparation(Protocol):
    """Raw rows to float32 rows and back. ``shape`` is that of one prepared row."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one prepared row."""

    def apply(self, raw: NDArray[Any]) -> Float32:
        """Return the prepared rows, (n, *shape), freshly made."""

    def undo(self, prepared: NDArray[Any]) -> NDArray[Any]:
        """Return raw rows in the data's own unit."""

    def to_json(self) -> dict[str, Any]:
        """Return a description of plain JSON values."""


def preparation_from_json(description: Any) -> Preparation:
    """Rebuild a preparation from a model file, which may be hostile.

    Raises
    ------
    DataError
        If a part is missing, of the wrong type, or out of bounds.
    """
    kind = part(description, "kind")
    if kind == "images":
        return ImagePreparation.from_json(description)
    if kind == "table":
        return TablePreparation.from_json(description)
    if kind == "counts":
        return CountsPreparation.from_json(description)
    if kind == "series":
        return SeriesPreparation.from_json(description)
    if kind == "melodies":
        return MelodyPreparation.from_json(description)
    if kind == "sounds":
        return SoundPreparation.from_json(description)
    raise DataError(f"preparation: unknown kind {str(kind)[:40]!r}")


def fit_preparation(schema: Schema, chunks: Iterable[NDArray[Any]], *, quantiles: bool = False) -> Preparation:
    """Learn a preparation from raw rows that come piece by piece, in one pass.

    Parameters
    ----------
    schema : ImageSchema, TableSchema or SeriesSchema
        What the rows are.
    chunks : iterable of (k, *schema.shape)
        The rows to learn from; missing cells are left out of means and scales.
    quantiles : bool, default=False
        Of a table: bend numbers to normal scores, by their ranks, instead of standardising them.

    Raises
    ------
    DataError
        If numbers are too large to be standardised.
    """
    if isinstance(schema, ImageSchema):
        return fit_images(schema, chunks)
    if isinstance(schema, CountsSchema):
        return fit_counts(schema, chunks)
    if isinstance(schema, SeriesSchema) and schema.music:
        return fit_melodies(schema, schema.music)
    if isinstance(schema, SeriesSchema) and schema.sound:
        return fit_sounds(schema, schema.sound, chunks)
    if isinstance(schema, SeriesSchema):
        return fit_series(schema, chunks)
    return fit_table(schema, chunks, quantiles=quantiles)


def suits(preparation: Preparation, schema: Schema) -> bool:
    """Whether a preparation is for data of this schema."""
    if isinstance(schema, ImageSchema):
        return isinstance(preparation, ImagePreparation) and preparation.schema == schema
    if isinstance(schema, CountsSchema):
        return isinstance(preparation, CountsPreparation) and preparation.features == len(schema.columns)
    if isinstance(schema, SeriesSchema) and schema.music:
        return preparation == fit_melodies(schema, schema.music)
    if isinstance(schema, SeriesSchema) and schema.sound:
        told = (schema.length, schema.sound)
        return isinstance(preparation, SoundPreparation) and (preparation.length, preparation.spectra) == told
    if isinstance(schema, SeriesSchema):
        return isinstance(preparation, SeriesPreparation) and preparation.shape == schema.shape
    return isinstance(preparation, TablePreparation) and preparation.groups == groups_of(schema)
