"""Isthmus: autoencoders as a tool people can rely on.

    from isthmus import Autoencoder
    codes = Autoencoder("vae", latent_dim=8).fit_transform(X)

Names are loaded when they are first used, so that `import isthmus` costs next to nothing.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
    # Threads that wait for each other spin for long by default, which stalls training as soon as another process
    # wants the core; OpenMP reads this when torch is loaded. docs/notes/arithmetic.md has the measurements.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")

_HOMES = {
    "Autoencoder": "isthmus.autoencoder",
    "Posterior": "isthmus.autoencoder",
    "Detector": "isthmus.detection",
    "Model": "isthmus.model",
    "open_data": "isthmus.data",
    "DataError": "isthmus.errors",
    "InputError": "isthmus.errors",
    "IsthmusError": "isthmus.errors",
    "ModelFileError": "isthmus.errors",
    "TrainingError": "isthmus.errors",
}
_ROOMS = ("data", "detection", "errors", "evaluation", "parts", "recipes", "scoring", "training")

__all__ = [*sorted(_HOMES), *_ROOMS]

if TYPE_CHECKING:
    from isthmus import data, detection, errors, evaluation, parts, recipes, scoring, training
    from isthmus.autoencoder import Autoencoder, Posterior
    from isthmus.data import open_data
    from isthmus.detection import Detector
    from isthmus.errors import DataError, InputError, IsthmusError, ModelFileError, TrainingError
    from isthmus.model import Model


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"isthmus.{name}")
    raise AttributeError(f"module 'isthmus' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
