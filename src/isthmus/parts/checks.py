"""Checks of numbers that parts are built from; all raise InputError with the option's name, its value and the rule."""

import math

from isthmus.errors import InputError

MOST = 1 << 31


def check_whole(name: str, value: object, least: int = 1, most: int = MOST) -> int:
    """Refuse what is no whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        upper = f"from {least} to {most:,}" if most < MOST else f"{least} or more"
        raise InputError(f"{name}={value!r}: give a whole number, {upper}")
    return value


def check_not_negative(name: str, value: float) -> float:
    """Refuse what is no finite number of 0 or more."""
    if not 0 <= value < math.inf:
        raise InputError(f"{name}={value}: give a finite number, 0 or more")
    return value


def check_positive(name: str, value: float, most: float = math.inf) -> float:
    """Refuse what is no finite number above 0, or one above `most`."""
    if not (0 < value < math.inf and value <= most):
        raise InputError(f"{name}={value}: give a finite number above 0" + (f", at most {most:g}" * (most < math.inf)))
    return value


def check_share(name: str, value: float) -> float:
    """Refuse what doesn't lie from 0 to 1."""
    if not 0 <= value <= 1:
        raise InputError(f"{name}={value}: give a share from 0 to 1")
    return value
