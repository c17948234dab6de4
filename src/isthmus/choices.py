"""What "auto" means, and the checks that need data and options together.

The rules were chosen by measurement; docs/notes/defaults.md has the figures.
"""

import hashlib
import json
import math
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import isthmus
from isthmus.data import Dataset, ImageSchema, Preparation, TableSchema, split
from isthmus.data.source import Source
from isthmus.errors import InputError
from isthmus.training import Progress, Settings

Rows = NDArray[np.int64]
MOST_HELD_OUT = 10_000
FEWEST_TO_SHARE = 10
"""Of fewer rows no share is held out: they would say nothing."""
CHUNK_BYTES = 32 << 20
ELSEWHERE = ("device", "memory", "callbacks")
PLAIN = (str, int, float, bool, type(None))


def plain(value: Any) -> Any:
    """Python's own number for NumPy's."""
    return value.item() if isinstance(value, np.generic) else value


def _whole_number(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InputError(f"{name}={value!r}: give a whole number, 1 or more")
    return int(value)


def latent_dim(asked: int | None, shape: tuple[int, ...]) -> int:
    """The square root of the number of features, from 2 to 128, and never more than there are features."""
    if asked is not None:
        return _whole_number("latent_dim", asked)
    features = math.prod(shape)
    return min(features, min(max(2, round(math.sqrt(features))), 128))


def batch_size(asked: int | None, rows: int) -> int:
    """The power of two nearest to the square root of the number of rows, from 16 to 1024."""
    if asked is not None:
        return _whole_number("batch_size", asked)
    return int(np.clip(2 ** round(math.log2(math.sqrt(rows))), 16, 1024))


def epochs(asked: int | None, minutes: float | None, rows: int, batch: int) -> int | None:
    """Enough for 4,000 steps, from 20 to 400; none where a time budget is given instead."""
    if asked is not None:
        return _whole_number("epochs", asked)
    if minutes is not None:
        return None
    return int(np.clip(math.ceil(4000 / math.ceil(rows / batch)), 20, 400))


def patience(asked: int | str | None, epochs: int | None) -> int | None:
    """A fifth of the epochs, at least 10; none where the number of epochs isn't known."""
    if asked == "auto":
        return None if epochs is None else max(10, math.ceil(epochs / 5))
    return None if asked is None else _whole_number("patience", asked)


def check_shift(asked: int, schema: TableSchema | ImageSchema) -> None:
    """Only pictures can be shifted."""
    if asked and schema.kind != "images":
        raise InputError(f"shift={asked} moves pictures; these data are a table")


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
    """A quarter of the machine's memory, in bytes."""
    if asked is not None:
        return _whole_number("memory", asked)
    return int(os.sysconf("SC_PAGE_SIZE")) * int(os.sysconf("SC_PHYS_PAGES")) // 4


def held_out_rows(n: int, validation: float, seed: int) -> tuple[Rows, Rows]:
    """Training and held-out rows; a share never holds out more than 10,000, and nothing of fewer than 10.

    Raises
    ------
    InputError
        If `validation` is no share of the rows.
    """
    if isinstance(validation, float) and 0 < validation < 1:
        validation = 0 if n < FEWEST_TO_SHARE else min(validation, MOST_HELD_OUT / n)
    return split(n, validation, seed)


def chunks(source: Source, rows: Rows) -> Iterator[NDArray[Any]]:
    """The rows of a source, some 32 MB at a time."""
    each = max(1, CHUNK_BYTES * len(source) // max(1, source.nbytes))
    for start in range(0, len(rows), each):
        yield source.take(rows[start : start + each])


def has_missing(schema: TableSchema | ImageSchema) -> bool:
    """Whether cells were missing in the data."""
    return isinstance(schema, TableSchema) and schema.takes_missing


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
    if some.min() < 0 or some.max() > 1:
        raise InputError(
            f"likelihood='bernoulli' is for values from 0 to 1; after preparation these go from {some.min():.3g} "
            f"to {some.max():.3g}: use 'gaussian'"
        )


def fingerprint(data: Dataset) -> str:
    """SHA-256 of the schema, the number of rows and up to 256 rows spread over the data."""
    some = np.unique(np.linspace(0, data.n - 1, 256).astype(np.int64))
    digest = hashlib.sha256(json.dumps([data.schema.to_json(), data.n]).encode())
    digest.update(np.ascontiguousarray(data.source.take(some)).tobytes())
    return digest.hexdigest()


def record(data: Dataset, counts: Mapping[str, Any], settings: Settings, fingerprint: str) -> dict[str, Any]:
    """What a model came from, for its file."""
    return {
        "data": {"sha256": fingerprint, "rows": data.n, "container": data.container},
        **counts,
        "settings": asdict(settings),
        "versions": {
            "isthmus": isthmus.__version__,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def outcome(progress: Progress) -> dict[str, Any]:
    """How a run went, for the model's file."""
    best = progress.history[progress.best_epoch - 1] if progress.best_epoch else {}
    return {
        "epochs": progress.epoch,
        "steps": progress.step,
        "seconds": round(progress.seconds, 3),
        "stopped": progress.stopped,
        "best_epoch": progress.best_epoch,
        "held_out": {key: value for key, value in best.items() if key.startswith("held_")},
    }


def plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The estimator's parameters that JSON can hold; generators, and where it runs, stay behind."""
    kept: dict[str, Any] = {}
    for name, value in params.items():
        if name in ELSEWHERE:
            continue
        if isinstance(value, Mapping):
            kept[name] = {option: plain(number) for option, number in value.items()}
        elif isinstance(value, (list, tuple)):
            kept[name] = [item for item in value if isinstance(item, PLAIN)]
        elif isinstance(value, np.generic):
            kept[name] = value.item()
        elif isinstance(value, PLAIN):
            kept[name] = value
    return kept
