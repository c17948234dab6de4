"""Files in, files out: data as rows of raw numbers, and back again. NumPy only, no torch."""

from isthmus.data.captionedshapes import captioned_shapes
from isthmus.data.captionfiles import captioned
from isthmus.data.captions import CaptionConditions, fit_captions
from isthmus.data.conditions import (
    ClassConditions,
    Conditions,
    VectorConditions,
    as_labels,
    check_one_each,
    conditions_from_json,
    fit_conditions,
    labelled,
)
from isthmus.data.counts import SparseSource
from isthmus.data.dataset import Dataset
from isthmus.data.opening import open_data
from isthmus.data.preparation import (
    CountsPreparation,
    ImagePreparation,
    Preparation,
    SeriesPreparation,
    TablePreparation,
    fit_preparation,
    preparation_from_json,
    suits,
)
from isthmus.data.restoring import restore
from isthmus.data.schema import Column, CountsSchema, ImageSchema, Schema, SeriesSchema, TableSchema, schema_from_json
from isthmus.data.series import cut_like
from isthmus.data.shapes import shapes
from isthmus.data.source import ArraySource, FileSource, Source, chunks
from isthmus.data.splits import split
from isthmus.data.writing import check_output, read_codes, write_codes, write_data
from isthmus.files import atomic_write

__all__ = [
    "ArraySource",
    "CaptionConditions",
    "ClassConditions",
    "Column",
    "Conditions",
    "CountsPreparation",
    "CountsSchema",
    "Dataset",
    "FileSource",
    "ImagePreparation",
    "ImageSchema",
    "Preparation",
    "Schema",
    "SeriesPreparation",
    "SeriesSchema",
    "Source",
    "SparseSource",
    "TablePreparation",
    "TableSchema",
    "VectorConditions",
    "as_labels",
    "atomic_write",
    "captioned",
    "captioned_shapes",
    "check_one_each",
    "check_output",
    "chunks",
    "conditions_from_json",
    "cut_like",
    "fit_captions",
    "fit_conditions",
    "fit_preparation",
    "labelled",
    "open_data",
    "preparation_from_json",
    "read_codes",
    "restore",
    "schema_from_json",
    "shapes",
    "split",
    "suits",
    "write_codes",
    "write_data",
]
