"""One door for all data."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isthmus.data import (
    arrayfiles,
    arrays,
    builtin,
    countfiles,
    counts,
    csvfiles,
    images,
    midi,
    recordings,
    series,
    tablefiles,
    tables,
    texts,
)
from isthmus.data.captionfiles import captioned
from isthmus.data.dataset import Dataset, Options
from isthmus.data.kinds import MUSIC, SOUNDS, kind_of_folder, kinds_in
from isthmus.data.schema import CountsSchema, Schema
from isthmus.errors import DataError, InputError
from isthmus.names import did_you_mean

ENDINGS = (".npy", ".npz", ".csv", ".parquet", ".feather", ".arrow", ".jsonl", *countfiles.READERS)


def open_data(
    data: Any,
    *,
    kind: str = "auto",
    key: str | None = None,
    size: tuple[int, int] | None = None,
    skip_bad: bool = False,
    drop: Sequence[str] = (),
    label: str | None = None,
    schema: Schema | None = None,
    memory: int | None = None,
    text: str | None = None,
    max_features: int | None = None,
    series_id: str | None = None,
    window: int | None = None,
    stride: int | None = None,
    usual_label: str = "",
    each_step: bool = False,
    captions: Any = None,
) -> Dataset:
    """Open data of any kind as rows of raw numbers, checked.

    Parameters
    ----------
    data : array, tensor, list, DataFrame, str or Path
        A NumPy array, scipy sparse matrix or torch tensor, (n, d) for a table, (n, height, width[, channels]) for
        pictures, (n, time[, channels]) for series, which may also be a list of (time[, channels]); a pandas or polars
        DataFrame; the path of a .npy, .npz, .csv, .parquet, .feather or .arrow file, of counts in .mtx, .biom, .h5ad
        or a sparse .npz, of texts in .jsonl, or of a folder of pictures or of .txt; a .mid file or a folder of such,
        and with kind="series" of .wav or .flac; a list of texts with kind="text"; or one of the names digits, wine,
        breast-cancer, diabetes, shapes, captioned-shapes, tunes.
    kind : {"auto", "images", "table", "series", "counts", "text"}
        What the rows are; "auto" takes two axes for a table, more of uint8 or uint16 for pictures, and sparse
        matrices for counts. Series are always asked for; those that are shorter than the longest end in NaN.
    key : str, optional
        Which array of an .npz file.
    size : (height, width), optional
        Resize a folder's pictures to this, in pixels.
    skip_bad : bool
        Pass over pictures that can't be read; they are listed in ``skipped``.
    drop : sequence of str
        Columns of a table to leave out.
    label : str, optional
        The column (or the array of an .npz file) to give as ``labels`` and not to learn.
    schema : ImageSchema, TableSchema, SeriesSchema or CountsSchema, optional
        What the model was fitted on; the data must agree, and are converted by it.
    memory : int, optional
        Bytes that the raw numbers and their float32 preparation may take; larger data stay in files.
    text : str, optional
        The column of a table, or the key of a .jsonl file, that holds texts whose words are to be counted.
    max_features : int, optional
        Texts: how many of the commonest words are counted. Default: 2,000.
    series_id : str, optional
        Series in a long table: the column that says which series a row is of.
    window : int, optional
        Series: cut long ones, such as one array (time[, channels]) or table, into windows of so many steps.
    stride : int, optional
        Steps from one window's beginning to the next's. Default: a window's length, so that none share a step.
    each_step : bool
        Series: of one long one, (time,) or a table without ``series_id``, give the window that ends at each step,
        named by the table's column of times. Without ``window`` its length is chosen by the series' own period. Other
        series are opened as without it.
    captions : str, Path or sequence of str, optional
        Texts that a conditional model is told: a CSV file of file,caption, matched by the names of the rows or, where
        they have none, by their order; "builtin" for those that the data bring along; or one text a row.
    usual_label : str, optional
        What ``label`` is where it isn't given and the data have such a column.

    Raises
    ------
    DataError
        If the data can't be read, or don't agree with ``schema``.
    InputError
        If an option doesn't fit the data.
    """
    columns = (drop,) if isinstance(drop, str) else tuple(drop)
    options = Options(
        kind, key, size, skip_bad, columns, label, schema, memory, text, max_features, series_id, window, stride,
        usual_label, each_step,
    )  # fmt: skip
    found = _opened(data, options)
    return found if captions is None else captioned(found, captions)


def _opened(data: Any, options: Options) -> Dataset:
    if isinstance(data, str | os.PathLike):
        return _open_path(os.fspath(data), options)
    if tablefiles.is_frame(data):
        return from_reader(tablefiles.read_frame(data), options)
    if counts.is_sparse(data):
        options.refuse("sparse matrix", "a sparse matrix", ("key", options.key))
        return counts.from_matrix(data, "sparse", options, "sparse matrix")
    if (options.kind == "text" or _counts_words(options)) and texts.is_texts(data):
        return texts.from_texts(data, options, "texts", "texts")
    if options.series and isinstance(data, (list, tuple)):
        return series.from_list(data, options)
    return arrays.from_array(data, options)


def _open_path(name: str, options: Options) -> Dataset:
    path = Path(name)
    if path.is_dir():
        return _open_folder(path, options)
    if not path.exists():
        if name in builtin.NAMES:
            return builtin.from_name(name, options)
        raise DataError(f"{name}: no such file or folder, nor a built-in data set{_similar(path)}")
    ending = path.suffix.lower()
    if ending in MUSIC or (ending in SOUNDS and options.series):
        return midi.from_path(path, options) if ending in MUSIC else recordings.from_path(path, options)
    if ending == ".npy":
        return arrayfiles.from_npy(path, options)
    if ending == ".npz":
        return _open_npz(path, options)
    if ending == ".jsonl":
        return texts.from_jsonl(path, options)
    if ending in countfiles.READERS:
        return countfiles.from_file(path, options)
    return from_reader(read_table(path, ending, options), options)


def _open_npz(path: Path, options: Options) -> Dataset:
    if options.key is None and options.kind in ("auto", "counts") and countfiles.is_sparse_npz(path):
        return countfiles.from_npz(path, options)
    return arrayfiles.from_npz(path, options)


def _open_folder(path: Path, options: Options) -> Dataset:
    if texts.is_text_folder(path, options):
        return texts.from_folder(path, options)
    if next(iter(kinds_in(path)), "") == "music":  # with pictures beside them they are passed over, as all else is
        return midi.from_path(path, options)
    if options.series and kind_of_folder(path)[0] == "sounds":
        return recordings.from_path(path, options)
    return images.from_folder(path, options)


def from_reader(reader: tables.TableReader, options: Options) -> Dataset:
    """Open a table: one column of texts, or counts, where these are asked for; else columns of their own kinds."""
    if options.series:
        return series.from_table(reader, options)
    options = options.labelled(reader.names)
    column = texts.column_asked(options)
    if column is not None:
        return texts.from_column(reader, column, options)
    if options.kind == "text":
        raise InputError(
            f"{reader.where}: which column holds the texts? Name it with --text (in Python open_data(..., text=...))"
        )
    return counts.from_table(reader, options) if options.counts else tables.from_reader(reader, options)


def read_table(path: Path, ending: str, options: Options) -> tables.TableReader:
    """Read a file of a table, by its ending."""
    otherwise = options.series or options.counts or options.kind == "text" or options.text is not None
    schema = None if otherwise else options.expected_table(path.name)
    if ending == ".csv":
        return csvfiles.read_csv(path, schema, options.memory)
    if ending == ".parquet":
        return tablefiles.read_parquet(path)
    if ending in (".feather", ".arrow"):
        return tablefiles.read_feather(path)
    if ending in images.ENDINGS:
        raise DataError(f"{path.name}: one picture is no data set; give the folder it lies in")
    raise DataError(f"{path.name}: unknown ending {ending!r}; known are {', '.join(ENDINGS)}, or a folder of pictures")


def _counts_words(options: Options) -> bool:
    return isinstance(options.schema, CountsSchema) and options.schema.text


def _similar(path: Path) -> str:
    known = list(builtin.NAMES)
    if path.parent.is_dir():
        known += [found.name for found in path.parent.iterdir()]
    return did_you_mean(path.name, known) or f"; built-in are {', '.join(builtin.NAMES)}"
