"""Help with names that are not quite right."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """'; did you mean ...?' where a known name is near, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """'did you mean ...?' where a known name is near, else the whole choice."""
    known = list(known)
    return did_you_mean(name, known).removeprefix("; ") or f"choose one of {', '.join(known)}"
