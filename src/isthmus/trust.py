"""Whether what a model file says can be believed: it may be garbled, or written to do harm."""

import copy
import math
from typing import Any

import torch

from isthmus.data import Preparation, Schema, suits
from isthmus.errors import ModelFileError
from isthmus.model import Model
from isthmus.parts import Bottleneck, Corruption, Likelihood, Part, Term, Told

LARGEST_ROW = 1 << 22
LARGEST_TRIAL = 1 << 26
_RECORD: dict[str, Any] = {
    "data": {"sha256": str, "rows": int, "container": str},
    "training_rows": int,
    "held_out_rows": int,
    "validation": (int, float),
    "settings": {"seed": int},
    "versions": {"isthmus": str, "torch": str, "numpy": str, "python": str},
}
_RUN = {"epochs": int, "steps": int, "seconds": (int, float), "stopped": str, "best_epoch": int, "held_out": {}}


def check_record(record: Any, history: Any) -> None:
    """Refuse a file's account of its fit that can't be shown.

    Raises
    ------
    ModelFileError
        If a part is missing or of the wrong type.
    """
    sound = _is_like(record, _RECORD) and isinstance(record["data"].get("label", ""), str)
    sound = sound and ("epochs" not in record or _is_like(record, _RUN))
    figures = [record.get("held_out", {}), *history] if sound and isinstance(history, list) else [None]
    numbers = all(isinstance(row, dict) and all(_is_like(v, (int, float)) for v in row.values()) for row in figures)
    whole = "sizes" not in record or (sound and _is_curve(record["sizes"]))
    if not (numbers and whole and 0 <= record.get("best_epoch", 0) <= len(history)):
        raise ModelFileError("its record of the fit is garbled")


def _is_curve(sizes: Any) -> bool:
    """Whether JSON is the curve of a search for a number of code values."""
    if not _is_like(sizes, {"chosen": int, "rows": int, "dims": list, "errors": list}):
        return False
    dims, errors = sizes["dims"], sizes["errors"]
    figures = [sizes.get(name) for name in ("two_nn", "maximum_likelihood")]
    numbers = all(_is_like(v, (int, float)) for v in [*errors, *(f for f in figures if f is not None)])
    return 0 < len(dims) == len(errors) < 1000 and numbers and all(_is_like(dim, int) for dim in dims)


def _is_like(value: Any, model: Any) -> bool:
    """Whether JSON has this form: a type, or a mapping of such; numbers are within reason, whole ones from 0."""
    if isinstance(model, dict):
        return isinstance(value, dict) and all(key in value and _is_like(value[key], model[key]) for key in model)
    if isinstance(value, bool) or not isinstance(value, model):
        return False
    if isinstance(value, int):
        return (0 if model is int else -(2**63)) <= value < 2**63
    return isinstance(value, (str, list)) or abs(value) < 1e300


def check_params(params: Any, record: Any) -> None:
    """Refuse parameters of the estimator that what comes after a fit would stumble over.

    Raises
    ------
    ModelFileError
        If one is of the wrong type, or the share that was held out is none.
    """
    settings = [params.get(name) or {} for name in ("options", "penalties")]
    plain = all(isinstance(s, dict) and all(_is_like(v, (int, float, str)) for v in s.values()) for s in settings)
    sound = plain and all(isinstance(params.get(name, ""), str) for name in ("recipe", "corruption", "optimizer"))
    sound = sound and _is_like(params.get("ema") or 0, (int, float, str)) and _is_like(params.get("accumulate", 1), int)
    if not (sound and 0 <= record["validation"] <= record["data"]["rows"]):
        raise ModelFileError("its parameters are garbled")


def check_preparation(preparation: Preparation, schema: Schema) -> None:
    """Refuse a preparation made for other data.

    Raises
    ------
    ModelFileError
        If it doesn't suit the schema.
    """
    if not suits(preparation, schema):
        raise ModelFileError("the file's preparation is for other data than its schema describes")


def check_model(model: object, shape: tuple[int, ...], condition_dim: int = 0) -> Model:
    """Refuse a model from a file that can't serve rows of this shape, with conditions of this length.

    Raises
    ------
    ModelFileError
        If it isn't a model, isn't for such rows, or fails on one empty row.
    """
    if not (isinstance(model, Model) and _is_whole(model)):
        raise ModelFileError("the file's parts don't make a model")
    _check_size(model, shape)
    if condition_dim != (0 if model.told is None else model.told.condition_dim):
        raise ModelFileError(f"the file's model isn't for its conditions of {condition_dim} values")
    try:
        with torch.no_grad():
            trial, device = model.eval(), "cpu"
            if _may_be_heavy(model, shape):  # then shapes alone: a hostile model gets no memory to fill
                trial, device = copy.deepcopy(model).to("meta"), "meta"
            trip = trial(torch.zeros(1, *shape, device=device))
            code, mean = trial.encode(trip.x_B___), trial.likelihood.inner.mean(trip.raw_B___)
    except (RuntimeError, IndexError) as fault:
        raise ModelFileError(f"the file's model doesn't fit its own data: {str(fault)[:200]}") from fault
    for found in (trip.raw_B___, mean):
        if tuple(found.shape[1:]) != tuple(shape):
            raise ModelFileError(f"the file's model gives {tuple(found.shape[1:])} for rows of {tuple(shape)}")
    if tuple(code.shape) != (1, model.bottleneck.latent_dim):
        raise ModelFileError(f"the file's model gives codes of {code.shape[-1]}, not {model.bottleneck.latent_dim}")
    return model


def _is_whole(model: Model) -> bool:
    slots = (
        (model.encoder, Part),
        (model.bottleneck, Bottleneck),
        (model.decoder, Part),
        (model.likelihood, Likelihood),
    )
    filled = all(isinstance(part, kind) for part, kind in slots)
    return (
        filled
        and isinstance(model.corruption, Corruption | None)
        and isinstance(model.told, Told | None)
        and all(isinstance(t, Term) for t in model.terms)
    )


def _may_be_heavy(model: Model, shape: tuple[int, ...]) -> bool:
    """Whether a row could need much memory on its way: its cells times the widest layer (meta tensors load slowly)."""
    widest = max((max(tensor.shape, default=1) for tensor in model.state_dict().values()), default=1)
    return math.prod(shape) * widest > LARGEST_TRIAL


def _check_size(model: Model, shape: tuple[int, ...]) -> None:
    """Refuse rows so large that running the model on one, to check it, would be the harm done."""
    encoder, decoder = model.encoder.spec, model.decoder.spec
    for declared in (encoder.get("inputs") or encoder.get("shape"), decoder.get("outputs") or decoder.get("shape")):
        if declared and tuple(declared) != tuple(shape):
            raise ModelFileError(f"the file's model is for rows of {tuple(declared)}, its data are of {tuple(shape)}")
    weights = sum(tensor.numel() for tensor in model.state_dict().values())
    if math.prod(shape) > max(LARGEST_ROW, 1000 * weights):
        raise ModelFileError(f"rows of {tuple(shape)} for {weights:,} weights")
