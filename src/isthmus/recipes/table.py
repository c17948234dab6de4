"""What a recipe is, and the table that the families beside this file enter theirs into."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.bodies import Body
from isthmus.errors import InputError, naming
from isthmus.model import Model
from isthmus.names import nearest


@dataclass(frozen=True)
class Recipe:
    """A named way to put parts together.

    `kinds` are the kinds of data it serves: images, series, counts, table (any columns, with gaps), or numbers for
    tables of complete numeric columns alone. `body` is what it takes for network, hidden, likelihood and the like
    where the user leaves them "auto", `training` for weight_decay, patience and other settings of training that the
    user doesn't name.
    A `conditional` recipe is told the class, or a vector, of every row. The code of a `wide` one is as wide as the row,
    where the user doesn't say how wide.
    """

    name: str
    make: Callable[..., Model]
    source: str
    kinds: tuple[str, ...] = ("table", "images", "series", "counts")
    body: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    conditional: bool = False
    wide: bool = False

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (self.make.__doc__ or "").strip().splitlines()[0]

    @property
    def options(self) -> dict[str, Any]:
        """The recipe's own options and their defaults."""
        parameters = inspect.signature(self.make).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def build(self, body: Body, latent_dim: int, options: Mapping[str, Any]) -> Model:
        """The model for this body.

        Raises
        ------
        InputError
            If an option is unknown or out of range.
        """
        self.check(options)
        given = {name: int(value) if self._counts(name) else value for name, value in options.items()}
        said = ", ".join(f"{name}={value!r}" for name, value in given.items())
        with naming(f"recipe {self.name!r} with {said}" if said else ""):
            return self.make(body, latent_dim, **given)

    def _counts(self, name: str) -> bool:
        """Whether the option is a whole number, which a command line gives as 8.0."""
        return isinstance(self.options[name], int)

    def check_kind(self, kind: str, *, numbers: bool) -> None:
        """Refuse data that the recipe doesn't serve; `numbers` says that a table is of complete numeric columns.

        Raises
        ------
        InputError
            Naming what it does serve.
        """
        if kind in self.kinds or (kind == "table" and numbers and "numbers" in self.kinds):
            return
        served = " and ".join(_SERVED.get(claimed, claimed) for claimed in self.kinds)
        given = _SERVED.get(kind, kind) + ("" if numbers or kind != "table" else " with categories or missing cells")
        raise InputError(f"recipe {self.name!r} is for {served}; these data are {given}")

    def check(self, options: Mapping[str, Any]) -> None:
        """Refuse options that the recipe doesn't have, and values of another type than the default's.

        Raises
        ------
        InputError
            Naming the option and, if one is near, the name meant.
        """
        for name, value in options.items():
            if name not in self.options:
                known = nearest(name, self.options) if self.options else "it has none"
                raise InputError(f"recipe {self.name!r} has no option {name!r}: {known}")
            if isinstance(self.options[name], str) != isinstance(value, str):
                wanted = "a word" if isinstance(self.options[name], str) else "a finite number"
                raise InputError(f"recipe {self.name!r}: {name}={value!r} is not {wanted}")
            if not isinstance(value, str) and not _is_finite(value):
                raise InputError(f"recipe {self.name!r}: {name}={value!r} is not a finite number")
            if self._counts(name) and value != int(value):
                raise InputError(f"recipe {self.name!r}: {name}={value!r} is not a whole number")


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_SERVED = {
    "images": "pictures",
    "series": "series",
    "counts": "counts",
    "table": "tables",
    "numbers": "tables of complete numeric columns",
}
_TABLE: dict[str, Recipe] = {}


def recipe(name: str, source: str, **claims: Any) -> Callable[[Callable[..., Model]], Callable[..., Model]]:
    """Enter a function (body, latent_dim, *, its own options) -> Model into the table; `claims` as in `Recipe`."""

    def enter(make: Callable[..., Model]) -> Callable[..., Model]:
        _TABLE[name] = Recipe(name, make, source, **claims)
        return make

    return enter


def names() -> tuple[str, ...]:
    """All recipes' names, in the table's order."""
    return tuple(_TABLE)


def get(name: str) -> Recipe:
    """The recipe of this name.

    Raises
    ------
    InputError
        If there is none; the message suggests the nearest.
    """
    if name not in _TABLE:
        raise InputError(f"unknown recipe {name!r}: {nearest(str(name), _TABLE)}")
    return _TABLE[name]
