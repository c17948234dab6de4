"""Texts as counts of their words: folders of .txt, .jsonl files, a column of a table, lists."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data import cells
from isthmus.data.counts import from_matrix
from isthmus.data.dataset import Dataset, Options
from isthmus.data.images import ENDINGS
from isthmus.data.schema import CountsSchema
from isthmus.data.tables import TableReader
from isthmus.errors import DataError
from isthmus.names import did_you_mean

MOST_WORDS = 2000
"""Words counted unless ``max_features`` says otherwise: the commonest."""
FIELD = "text"


def is_text_folder(folder: Path, options: Options) -> bool:
    """Say whether a folder is to be read as texts: asked for, or it holds .txt files, no pictures, no kind is said."""
    if _asked(options):
        return True
    if options.kind != "auto" or options.schema is not None or not any(folder.glob("*.txt")):
        return False
    return not any(path.suffix.lower() in ENDINGS for path in folder.rglob("*"))  # notes beside pictures are notes


def _asked(options: Options) -> bool:
    return options.kind == "text" or options.text is not None or _of_text(options.schema)


def _of_text(schema: object) -> bool:
    return isinstance(schema, CountsSchema) and schema.text


def column_asked(options: Options) -> str | None:
    """Return the column of a table that holds texts, if one was named, now or at the fit."""
    schema = options.schema
    fitted = schema.field if isinstance(schema, CountsSchema) and schema.text else None
    return options.text or fitted or None


def from_folder(folder: Path, options: Options) -> Dataset:
    """Open all .txt files under a folder, sorted by their relative path, one text each."""
    paths = sorted(path for path in folder.rglob("*.txt") if path.is_file())
    if not paths:
        raise DataError(f"{folder.name}: no .txt files in this folder")
    names = [path.relative_to(folder).as_posix() for path in paths]
    labels = np.array([name.split("/", 1)[0] for name in names]) if all("/" in name for name in names) else None
    opened = from_texts(map(_read, paths), replace(options, label=None), folder.name, "folder", names=names)
    return replace(opened, labels=labels)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: can't be read as UTF-8 text ({error})") from error


def from_jsonl(path: Path, options: Options) -> Dataset:
    """Open a .jsonl file: each line an object, whose text stands under the key ``text`` or as ``options.text`` says."""
    key = column_asked(options) or FIELD
    return from_texts(_lines(path, key), options, path.name, "jsonl", field=key)


def _lines(path: Path, key: str) -> Iterator[str]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path.name}: line {number} is no JSON ({error})") from error
            if not isinstance(found, dict) or not isinstance(found.get(key), str):
                raise DataError(
                    f"{path.name}: line {number} has no text under {key!r}; name its key with --text (in Python "
                    "open_data(..., text=...))"
                )
            yield found[key]


def from_column(reader: TableReader, column: str, options: Options) -> Dataset:
    """Open one column of a table as texts; a missing cell is an empty text. All others but the label are left out."""
    for name in (column, *([options.label] if options.label is not None else [])):
        if name not in reader.names:
            raise DataError(f"{reader.where}: no column {name!r}{did_you_mean(name, reader.names)}")
    labels: list[Any] = []

    def texts() -> Iterator[str]:
        for batch in reader.batches():
            if options.label is not None:
                labels.append(batch.column(reader.names.index(options.label)))
            yield from cells.texts(batch.column(reader.names.index(column))).fill_null("").to_pylist()

    opened = from_texts(texts(), replace(options, label=None), reader.where, reader.container, field=column)
    return replace(opened, labels=cells.column_labels(labels) if labels else None, label=options.label or "")


def is_texts(data: object) -> bool:
    """Say whether this is a list, array or column of texts, one a row."""
    return bool(np.ndim(data) == 1 and len(data) and all(isinstance(text, str) for text in data))  # type: ignore[arg-type, attr-defined]


def from_texts(
    texts: Iterable[str],
    options: Options,
    where: str,
    container: str,
    *,
    field: str = "",
    names: Sequence[str] | None = None,
) -> Dataset:
    """Count the words of texts: of the model's words if there is one, else of the commonest.

    scikit-learn's ``CountVectorizer`` does it, with its own rules: lower case, words of two letters or more.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # a second of import that other data should not cost

    known = options.expected_counts(where)
    if known is not None and not known.text:
        raise DataError(f"{where}: these are texts, and the model was fitted on counts of columns")
    options.refuse(where, "texts", ("key", options.key), ("drop", options.drop))
    words = known.columns if known is not None else None
    counter = CountVectorizer(max_features=None if words else options.max_features or MOST_WORDS, vocabulary=words)
    try:
        matrix = counter.fit_transform(texts)
    except ValueError as error:
        raise DataError(f"{where}: no words could be counted ({error})") from error
    found = list(counter.get_feature_names_out())
    bare = replace(options, kind="counts", text=None, max_features=None)
    opened = from_matrix(matrix, container, bare, where, columns=found, names=names)
    return opened if known else replace(opened, schema=CountsSchema(tuple(found), True, "int64", True, field))
