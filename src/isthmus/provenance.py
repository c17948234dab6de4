"""What a model came from, for its file: data, options, versions, and how the run went."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

import isthmus
from isthmus.choices import plain
from isthmus.data import Dataset
from isthmus.training import Progress, Settings

ELSEWHERE = ("device", "memory", "callbacks")
PLAIN = (str, int, float, bool, type(None))


def fingerprint(data: Dataset) -> str:
    """SHA-256 of the schema, the number of rows and up to 256 rows spread over the data."""
    some = np.unique(np.linspace(0, data.n - 1, 256).astype(np.int64))
    digest = hashlib.sha256(json.dumps([data.schema.to_json(), data.n]).encode())
    digest.update(np.ascontiguousarray(data.source.take(some)).tobytes())
    return digest.hexdigest()


def digest(array: np.ndarray[Any, Any]) -> str:
    """SHA-256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def record(data: Dataset, counts: Mapping[str, Any], settings: Settings, fingerprint: str) -> dict[str, Any]:
    """What a model came from, for its file."""
    return {
        "data": {"sha256": fingerprint, "rows": data.n, "container": data.container, "label": data.label},
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
