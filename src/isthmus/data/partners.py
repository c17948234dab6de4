"""Two data sets whose rows belong together."""

from pathlib import PurePath

import numpy as np

from isthmus.data.dataset import Dataset
from isthmus.errors import DataError


def in_step(first: Dataset, second: Dataset) -> tuple[Dataset, Dataset]:
    """The same rows, so that each of the second stands where its partner of the first does.

    Pictures in folders are partners if their names are the same but for the ending; all else goes by the order.

    Raises
    ------
    DataError
        If a row has no partner, or a name is there twice.
    """
    if not (first.kind == second.kind == "images" and first.names and second.names):
        if first.n != second.n:
            raise DataError(f"{first.n} rows and {second.n} that they become: give as many of both, in the same order")
        return first, second
    here, there = _by_stem(first.names), _by_stem(second.names)
    alone = sorted(here.keys() ^ there.keys())
    if alone:
        raise DataError(
            f"{len(alone)} pictures have no partner of the same name in the other folder, such as {alone[0]}"
        )
    order = sorted(here)
    rows = (np.array([names[stem] for stem in order], np.int64) for names in (here, there))
    first_rows, second_rows = rows
    return first.subset(first_rows), second.subset(second_rows)


def _by_stem(names: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row, name in enumerate(names):
        stem = PurePath(name).with_suffix("").as_posix()
        if stem in found:
            raise DataError(f"{names[found[stem]]} and {name} differ in their ending alone: which is meant?")
        found[stem] = row
    return found
