"""Files in, files out: data as rows of raw numbers, and back again. NumPy only, no torch."""

from isthmus.data.dataset import Dataset
from isthmus.data.opening import open_data
from isthmus.data.preparation import (
    ImagePreparation,
    Preparation,
    SeriesPreparation,
    TablePreparation,
    fit_preparation,
    preparation_from_json,
    suits,
)
from isthmus.data.restoring import restore
from isthmus.data.schema import Column, ImageSchema, Schema, SeriesSchema, TableSchema, schema_from_json
from isthmus.data.series import cut_like
from isthmus.data.source import ArraySource, FileSource, Source, chunks
from isthmus.data.splits import split
from isthmus.data.writing import check_output, read_codes, write_codes, write_data
from isthmus.files import atomic_write

__all__ = [
    "ArraySource",
    "Column",
    "Dataset",
    "FileSource",
    "ImagePreparation",
    "ImageSchema",
    "Preparation",
    "Schema",
    "SeriesPreparation",
    "SeriesSchema",
    "Source",
    "TablePreparation",
    "TableSchema",
    "atomic_write",
    "check_output",
    "chunks",
    "cut_like",
    "fit_preparation",
    "open_data",
    "preparation_from_json",
    "read_codes",
    "restore",
    "schema_from_json",
    "split",
    "suits",
    "write_codes",
    "write_data",
]
