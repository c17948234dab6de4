"""What preparations share: checks of their descriptions, which may come from a hostile file, and their bounds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import DataError

Float32 = NDArray[np.float32]
FURTHEST = 1e12


def part(description: Any, key: str) -> Any:
    """One entry of a description; DataError if it is missing."""
    if not isinstance(description, Mapping) or key not in description:
        raise DataError(f"preparation: {key!r} is missing")
    return description[key]


def numbers(values: Any, length: int) -> NDArray[np.float64]:
    """So many finite numbers; DataError otherwise."""
    plain = isinstance(values, list) and all(type(value) in (int, float) and abs(value) < 1e300 for value in values)
    if not plain or len(values) != length:
        raise DataError(f"preparation: expected {length} finite numbers")
    return np.array(values, np.float64)
