"""Scales, ticks and robust ranges: the arithmetic of charts."""

import math
from collections.abc import Sequence

import numpy as np

Range = tuple[float, float]
FENCE = 3.0
"""Values further than this many interquartile ranges from the middle half don't stretch an axis."""


def robust_range(values: Sequence[float]) -> Range:
    """The range of most values: a few far ones (a loss's first epochs, a diverging end) are left outside.

    References
    ----------
    Tukey, "Exploratory data analysis", 1977: the outer fences.
    """
    finite = np.array([value for value in values if math.isfinite(value)], dtype=np.float64)
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    first, third = (float(q) for q in np.quantile(finite, (0.25, 0.75)))
    if third > first:
        low, high = max(low, first - FENCE * (third - first)), min(high, third + FENCE * (third - first))
    return padded(low, high)


def padded(low: float, high: float, share: float = 0.05) -> Range:
    """A range a little wider, never empty."""
    room = (high - low) * share if high > low else max(abs(low) * 0.1, 0.5)
    return low - room, high + room


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers within a range: steps of 1, 2 or 5 times a power of ten."""
    if not (high > low and math.isfinite(high - low)):
        return [low]
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def number(value: float) -> str:
    """A number for a tick or a table, with a true minus sign."""
    if not math.isfinite(value):
        return "–"
    if value == round(value) and abs(value) < 1e7:
        return f"{value:,.0f}".replace("-", "−") if value else "0"
    return f"{value:.4g}".replace("-", "−")


def shortened(text: str, most: int = 60) -> str:
    """A text cut to a length, the cut marked."""
    return text if len(text) <= most else text[: most - 1] + "…"


def share(value: float) -> str:
    """A share in percent, without false precision."""
    return f"{value:.0%}" if abs(value) >= 0.0995 else f"{value:.1%}"
