"""Everything Isthmus raises on purpose.

    IsthmusError
    ├── InputError (also a ValueError)   the user's data, options or files; the CLI exits with code 2
    │   ├── DataError                    data that can't be read, or isn't what the model was fitted on
    │   └── ModelFileError               a model file or checkpoint that can't be trusted
    └── TrainingError (a RuntimeError)   training went wrong: divergence, not-a-number

A message says what was wrong, where (file, row or column), the value found, and what to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class IsthmusError(Exception):
    """The root of the tree; catch this to catch them all."""


class InputError(IsthmusError, ValueError):
    """An option, file or array from the user that can't be used as it is."""


class DataError(InputError):
    """Data that can't be read, or that doesn't agree with what the model was fitted on."""


class ModelFileError(InputError):
    """A model file that is truncated, garbled, hostile or from a newer version."""


class TrainingError(IsthmusError, RuntimeError):
    """Training met a loss that is not finite; the message says what to try."""


@contextmanager
def naming(what: str) -> Iterator[None]:
    """A context in which the message of an InputError begins with `what`, what the user wrote, unless it names it."""
    try:
        yield
    except InputError as fault:
        if not what or str(fault).startswith(what):
            raise
        raise type(fault)(f"{what}: {fault}") from None
