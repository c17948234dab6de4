"""A part remembers its constructor call, so that a model is plain JSON and back again.

    TopK(k=8)  <->  {"part": "TopK", "k": 8}

Parts nest: an option may be a part, or a list of parts.
"""

import inspect
from abc import ABC, abstractmethod
from typing import Any, Self

from torch import nn

from isthmus.errors import ModelFileError

Spec = dict[str, Any]


class Part(nn.Module):
    """Base of everything a model is put together from. Subclasses are abstract slots or finished parts."""

    _call: dict[str, Any]

    def __new__(cls, *args: Any, **options: Any) -> Self:
        part = super().__new__(cls)
        has_options = cls.__init__ is not nn.Module.__init__  # whose own *args and **kwargs are none
        call = inspect.signature(cls.__init__ if has_options else _nothing).bind_partial(None, *args, **options)
        call.apply_defaults()
        # nn.Module's own __setattr__ would register parts among the options as children twice
        object.__setattr__(part, "_call", dict(list(call.arguments.items())[1:]))
        return part

    @property
    def spec(self) -> Spec:
        """The constructor call as JSON-able values."""
        return {"part": type(self).__name__} | {name: _plain(value) for name, value in self._call.items()}

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self._call.items() if not _holds_part(value))


class EncoderReader(Part):
    """A part that reads the model's encoder (its weights, or what it makes of something) without owning it."""

    encoder: "Part"

    def read(self, encoder: Part) -> None:
        """Be told the encoder; `nn.Module` would register it a second time, so it is kept out of its sight."""
        self.__dict__["encoder"] = encoder


class Annealed(Part, ABC):
    """A part whose behaviour in training depends on how much of it is done; the loop says so before every step."""

    @abstractmethod
    def anneal(self, progress: float) -> None:
        """Be told the share (0 to 1) of the training that is done: all that such a part may depend on."""


def _nothing(part: Part) -> None:
    """What the constructor of a part without options takes."""


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.spec
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _holds_part(value: Any) -> bool:
    return isinstance(value, Part) or (isinstance(value, (list, tuple)) and any(map(_holds_part, value)))


def known_parts(base: type[Part] = Part) -> dict[str, type[Part]]:
    """Every finished part that has been imported, by its class name."""
    found: dict[str, type[Part]] = {}
    for child in base.__subclasses__():
        found |= known_parts(child)
        if not inspect.isabstract(child):
            found[child.__name__] = child
    return found


def build(spec: Any) -> Any:
    """Build a part (and the parts inside it) from its JSON.

    Raises
    ------
    ModelFileError
        If the JSON names an unknown part or options that the part doesn't take.
    """
    if isinstance(spec, list):
        return [build(item) for item in spec]
    if not (isinstance(spec, dict) and "part" in spec):
        return spec
    part = known_parts().get(spec["part"]) if isinstance(spec["part"], str) else None
    if part is None:
        raise ModelFileError(f"unknown part {str(spec['part'])[:80]!r}: a newer Isthmus may know it")
    options = {name: build(value) for name, value in spec.items() if name != "part"}
    try:
        return part(**options)
    except (TypeError, ValueError, RuntimeError, OverflowError) as fault:
        raise ModelFileError(f"part {spec['part']!r} can't be built from these options: {fault}") from fault
