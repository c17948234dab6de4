"""A detector as one file: its autoencoder's description and weights, what it learned of rows, and its threshold."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from isthmus import keeping, modelfile, provenance
from isthmus.autoencoder import Autoencoder
from isthmus.detection.steps import LastStep
from isthmus.detection.strangeness import Strangeness, weights_for
from isthmus.errors import ModelFileError

if TYPE_CHECKING:
    from isthmus.detection.detector import Detector

Kind = TypeVar("Kind", bound="Detector")
MODEL, LOOKS = "autoencoder.", "strangeness."
NUMBERS = ("decision_scores_", "calibration_scores_")


def write(path: str | Path, detector: "Detector") -> None:
    """Write all that `read` needs, atomically."""
    kept, strangeness = detector.autoencoder_.kept(), detector.strangeness_
    tensors = {MODEL + name: tensor for name, tensor in kept.model.state_dict().items()}
    tensors |= {LOOKS + name: tensor for name, tensor in strangeness.own_state().items()}
    tensors |= {name: torch.from_numpy(getattr(detector, name)) for name in NUMBERS}
    own = {"params": provenance.plain_params(detector.get_params(deep=False)), "threshold": detector.threshold_}
    own["steps"] = detector.steps_
    modelfile.write(path, tensors, keeping.described(kept) | {"detector": own})


def is_detector(path: str | Path) -> bool:
    """Whether a model file holds a detector.

    Raises
    ------
    ModelFileError
        If it is no model file.
    """
    return "detector" in modelfile.read(path)[0]


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
        kept = keeping.believed(description, _under(MODEL, tensors))
        detector.autoencoder_ = Autoencoder.of(kept)
        detector.schema_, detector.label_ = detector.autoencoder_.schema_, detector.autoencoder_.label_
        detector.steps_ = own.get("steps") is True
        looks = _under(LOOKS, tensors)
        detector.strangeness_ = (
            LastStep.of(kept.model, kept.preparation.shape[-1], looks)
            if detector.steps_
            else Strangeness.of(kept.model, kept.preparation.shape, weights_for(detector.normal_only), looks)
        )
        detector.decision_scores_, detector.calibration_scores_ = (_numbers(tensors[name]) for name in NUMBERS)
        if not np.isfinite(own["threshold"]) or not len(detector.decision_scores_):
            raise ModelFileError("its threshold or its scores are garbled")
        detector.decide(float(own["threshold"]))
        detector.describe()
    return detector


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _numbers(tensor: Tensor) -> Any:
    found = tensor.double().numpy()
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ModelFileError("its scores are not a row of finite numbers")
    return found
