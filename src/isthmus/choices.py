"""What "auto" means, and the checks that need data and options together.

The rules were chosen by measurement; docs/notes/defaults.md has the figures.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.data import Dataset, Preparation, Schema, SeriesSchema, TableSchema, split
from isthmus.data.source import Source
from isthmus.errors import InputError

Rows = NDArray[np.int64]
MOST_HELD_OUT = 10_000
MOST_CODE_VALUES = 1 << 15
FEWEST_TO_SHARE = 10
"""Of fewer rows no share is held out: they would say nothing."""
CHUNK_BYTES = 32 << 20
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def plain(value: Any) -> Any:
    """Python's own number for NumPy's."""
    return value.item() if isinstance(value, np.generic) else value


def whole_number(name: str, value: Any) -> int:
    """A whole number of 1 or more, or an InputError that names it."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InputError(f"{name}={value!r}: give a whole number, 1 or more")
    return int(value)


def latent_dim(asked: int | str | None, shape: tuple[int, ...], *, wide: bool = False) -> int:
    """The square root of the number of features, from 2 to 128, and never more than there are features.

    This stands for "auto" too where rows are too few to search (`isthmus.sizing`). A recipe whose code is to hold
    all there is to know of a row (`wide`) gets as many code values as there are features, up to 128.
    """
    if asked not in (None, "auto"):
        wanted = whole_number("latent_dim", asked)
        if wanted > MOST_CODE_VALUES:
            raise InputError(f"latent_dim={wanted}: at most {MOST_CODE_VALUES:,}")
        return wanted
    features = math.prod(shape)
    return min(features, min(max(2, features if wide else round(math.sqrt(features))), 128))


def batch_size(asked: int | None, rows: int) -> int:
    """The power of two nearest to the square root of the number of rows, from 16 to 1024."""
    if asked is not None:
        return whole_number("batch_size", asked)
    return int(np.clip(2 ** round(math.log2(math.sqrt(rows))), 16, 1024))


def epochs(asked: int | None, minutes: float | None, rows: int, batch: int) -> int | None:
    """Enough for 4,000 steps, from 20 to 400; none where a time budget is given instead."""
    if asked is not None:
        return whole_number("epochs", asked)
    if minutes is not None:
        return None
    return int(np.clip(math.ceil(4000 / math.ceil(rows / batch)), 20, 400))


def patience(asked: int | str | None, epochs: int | None, *, held_out: bool) -> int | None:
    """A fifth of the epochs, at least 10; none where that isn't known, or no rows are held out."""
    if isinstance(asked, int) and not held_out:
        raise InputError(f"patience={asked} waits for held-out rows to improve, and none are held out: give validation")
    if asked == "auto":
        return None if epochs is None or not held_out else max(10, math.ceil(epochs / 5))
    return None if asked is None else whole_number("patience", asked)


def check_shift(asked: int, schema: Schema) -> None:
    """Only pictures and melodies can be shifted."""
    if asked and schema.kind != "images" and getattr(schema, "music", None) is None:
        raise InputError(f"shift={asked} moves pictures and melodies; these data are {schema.kind}: leave it out")


def check_binarize(asked: bool, likelihood: str) -> None:
    """Only what is bernoulli can be drawn as 0 or 1."""
    if not isinstance(asked, (bool, np.bool_)):
        raise InputError(f"binarize={asked!r}: give True or False")
    if asked and likelihood != "bernoulli":
        raise InputError(f"binarize=True draws 0 or 1 for likelihood='bernoulli'; this one is {likelihood!r}")


def device(asked: str) -> str:
    """CUDA if there is one, else the CPU."""
    if asked == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise InputError("device='cuda': torch finds no CUDA device here; use 'cpu' or 'auto'")
    if asked not in ("cpu", "cuda"):
        raise InputError(f"device={asked!r}: choose auto, cpu or cuda")
    return asked


def memory_budget(asked: int | None) -> int:
    """A quarter of the memory, in bytes, that the machine has or its container is allowed."""
    if asked is not None:
        return whole_number("memory", asked)
    limits = [int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES"))]
    for limit in CONTAINER_LIMITS:
        if limit.exists() and (text := limit.read_text().strip()).isdecimal():
            limits.append(int(text))
    return min(limits) // 4


def held_out_rows(n: int, validation: float, seed: int, overlap: int = 0) -> tuple[Rows, Rows]:
    """Training and held-out rows; a share never holds out more than 10,000, and nothing of fewer than 10.

    Of rows that share steps with the `overlap` rows after them, the last ones are held out.

    Raises
    ------
    InputError
        If `validation` is no share of the rows, or leaves none to learn from.
    """
    if isinstance(validation, float) and 0 < validation < 1:
        validation = 0 if n < FEWEST_TO_SHARE else min(validation, MOST_HELD_OUT / n)
    return split(n, validation, seed, overlap)


def chunks(source: Source, rows: Rows) -> Iterator[NDArray[Any]]:
    """The rows of a source, some 32 MB at a time."""
    each = max(1, CHUNK_BYTES // max(1, math.prod(source.shape) * source.dtype.itemsize))
    for start in range(0, len(rows), each):
        yield source.take(rows[start : start + each])


def has_missing(schema: Schema) -> bool:
    """Whether cells were missing in the data."""
    return isinstance(schema, TableSchema | SeriesSchema) and schema.takes_missing


def is_numeric(schema: Schema) -> bool:
    """Whether every column of a table is a number."""
    return isinstance(schema, TableSchema) and all(column.role == "numeric" for column in schema.columns)


def check_likelihood(likelihood: str, data: Dataset, rows: Rows, preparation: Preparation) -> None:
    """Refuse a density that can't produce the data.

    Raises
    ------
    InputError
        If it is bernoulli and prepared values lie outside 0 to 1.
    """
    if likelihood != "bernoulli":
        return
    some = preparation.apply(data.source.take(rows[:1000]))
    if np.nanmin(some) < 0 or np.nanmax(some) > 1:
        raise InputError(
            f"likelihood='bernoulli' is for values from 0 to 1; after preparation these go from {np.nanmin(some):.3g} "
            f"to {np.nanmax(some):.3g}: use 'gaussian'"
        )


def some_rows(source: Source, rows: NDArray[np.int64], preparation: Preparation, most: int = 1000) -> torch.Tensor:
    """At most so many of these rows, evenly spread and prepared: enough for a mean."""
    spread = rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(np.int64)]
    return torch.from_numpy(preparation.apply(source.take(spread)))
