"""What a model file holds of an estimator, written and read back with suspicion."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from isthmus import modelfile, provenance, trust
from isthmus.data import Conditions, Preparation, Schema, conditions_from_json, preparation_from_json, schema_from_json
from isthmus.errors import ModelFileError
from isthmus.model import Model

OF_DETECTOR = "autoencoder."
"""What the names of an autoencoder's tensors begin with in the file of a detector."""


@dataclass(frozen=True)
class Kept:
    """A fitted estimator's parameters, and what it learned."""

    params: Mapping[str, Any]
    model: Model
    schema: Schema
    preparation: Preparation
    conditions: Conditions | None
    record: dict[str, Any]
    history: list[dict[str, float]]


def write(path: str | Path, kept: Kept) -> None:
    """Write it all to one file, atomically."""
    modelfile.write(path, kept.model.state_dict(), described(kept))


def described(kept: Kept) -> dict[str, Any]:
    """All but the weights, as plain JSON values."""
    return {
        "params": provenance.plain_params(kept.params),
        "model": kept.model.spec,
        "schema": kept.schema.to_json(),
        "preparation": kept.preparation.to_json(),
        "conditions": kept.conditions.to_json() if kept.conditions else None,
        "record": kept.record,
        "history": kept.history,
    }


def own_tensors(description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The autoencoder's weights of a file that may hold a detector besides."""
    if "detector" not in description:
        return tensors
    return {name.removeprefix(OF_DETECTOR): t for name, t in tensors.items() if name.startswith(OF_DETECTOR)}


def believed(description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Kept:
    """What a file describes, once every part of it is found sound; its faults may be of any kind (`doubting`)."""
    schema, preparation = schema_from_json(description["schema"]), preparation_from_json(description["preparation"])
    trust.check_preparation(preparation, schema)
    told = description.get("conditions")  # absent from files of a version that had none
    conditions = None if told is None else conditions_from_json(told)
    width = conditions.width if conditions else 0
    model = trust.check_model(modelfile.rebuild(description["model"], tensors), preparation.shape, width)
    params, record, history = (description[name] for name in ("params", "record", "history"))
    trust.check_record(record, history)
    trust.check_params(params, record)
    return Kept(params, model, schema, preparation, conditions, record, history)


@contextmanager
def doubting(path: str | Path) -> Iterator[None]:
    """Turn whatever a hostile description makes go wrong into one error.

    Raises
    ------
    ModelFileError
        Naming the file.
    """
    try:
        yield
    except (LookupError, ArithmeticError, RuntimeError, TypeError, AttributeError, ValueError) as fault:
        raise ModelFileError(f"{path}: not a whole model of Isthmus: {str(fault)[:300]}") from fault
