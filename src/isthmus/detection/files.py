"""A detector as one file: its autoencoder's description and weights, what it learned of rows, and its threshold."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from isthmus import keeping, modelfile, provenance
from isthmus.autoencoder import Autoencoder
from isthmus.detection.memory import Memory
from isthmus.detection.steps import LastStep
from isthmus.detection.strangeness import Strangeness, weights_for
from isthmus.errors import ModelFileError

if TYPE_CHECKING:
    from isthmus.detection.detector import Detector

Kind = TypeVar("Kind", bound="Detector")
LOOKS = "strangeness."
KEPT = ("rows", "held", "keys")
NUMBERS = ("decision_scores_", "calibration_scores_")


def write(path: str | Path, detector: "Detector") -> None:
    """Write all that `read` needs, atomically."""
    kept, strangeness = detector.autoencoder_.kept(), detector.strangeness_
    tensors = {keeping.OF_DETECTOR + name: tensor for name, tensor in kept.model.state_dict().items()}
    tensors |= {LOOKS + name: tensor for name, tensor in strangeness.own_state().items()}
    tensors |= {name: torch.from_numpy(getattr(detector, name)) for name in NUMBERS}
    own = {"params": provenance.plain_params(detector.get_params(deep=False)), "threshold": detector.threshold_}
    own["given"] = detector.autoencoder is not None
    if detector.goes_on_ and (memory := detector.memory_) is not None:
        tensors |= {name: torch.from_numpy(getattr(memory, name)) for name in KEPT}
        own |= {"share": memory.share, "seen": memory.seen, "steps": memory.steps}
    own["each_step"] = detector.steps_
    modelfile.write(path, tensors, keeping.described(kept) | {"detector": own})


def read(path: str | Path, kind: type[Kind]) -> Kind:
    """The detector that `write` wrote.

    Raises
    ------
    ModelFileError
        If the file is truncated, garbled, hostile, from a newer version, or of an autoencoder alone.
    """
    description, tensors = modelfile.read(path)
    if "detector" not in description:
        raise ModelFileError(f"{path}: holds an autoencoder, not a detector: write one with `isthmus detect --save`")
    with keeping.doubting(path):
        own = description["detector"]
        detector = kind(**own["params"])
        detector.check_options()
        kept = keeping.believed(description, keeping.own_tensors(description, tensors))
        detector.autoencoder_ = Autoencoder.of(kept)
        detector.schema_, detector.label_ = detector.autoencoder_.schema_, detector.autoencoder_.label_
        detector.steps_ = own.get("each_step") is True
        looks = _under(LOOKS, tensors)
        detector.strangeness_ = (
            LastStep.of(kept.model, kept.preparation.shape[-1], looks)
            if detector.steps_
            else Strangeness.of(kept.model, kept.preparation.shape, weights_for(detector.normal_only), looks)
        )
        detector.decision_scores_, detector.calibration_scores_ = (_numbers(tensors[name]) for name in NUMBERS)
        threshold, held = own["threshold"], len(detector.calibration_scores_)
        if not (isinstance(threshold, float) and np.isfinite(threshold) and len(detector.decision_scores_)):
            raise ModelFileError("its threshold or its scores are garbled")
        if held < (max(1, detector.needed) if detector.promises else 0):
            raise ModelFileError(f"the {held} rows it was calibrated by can't keep its promise")
        detector.decide(float(own["threshold"]))
        if own.get("given"):
            detector.autoencoder = Autoencoder(**detector.autoencoder_.get_params())
        detector.goes_on_ = "seen" in own
        detector.memory_ = _memory(own, tensors, kept) if detector.goes_on_ else None
        detector.describe()
    return detector


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _numbers(tensor: Tensor) -> Any:
    found = tensor.double().numpy()
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ModelFileError("its scores are not a row of finite numbers")
    return found


def _memory(own: Mapping[str, Any], tensors: Mapping[str, Tensor], kept: keeping.Kept) -> Memory:
    """The rows kept, once it is sure that they are such rows as the model is for."""
    rows, held, keys = (tensors[name].numpy() for name in KEPT)
    share, seen, steps = own["share"], own["seen"], own["steps"]
    sound = held.dtype == bool and keys.dtype == np.float64 and held.shape == keys.shape == rows.shape[:1]
    sound = sound and 0 <= share < 1 and isinstance(seen, int) and seen >= len(rows) > held.sum()
    sound = sound and isinstance(steps, int) and steps >= 0
    sound = sound and rows.ndim == len(kept.schema.shape) + 1
    if not sound or np.isinf(kept.preparation.apply(rows)).any():
        raise ModelFileError("the rows it keeps are garbled")
    return Memory(rows, held, keys, float(share), seen, steps)
