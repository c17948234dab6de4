"""Every named autoencoder, once: the one table that users, documentation, command line and tests read.

A recipe is a function (body, latent_dim, *, its own options) -> Model. Its first docstring line is what
`isthmus recipes` prints, its `source` the paper it is from. To add one, write the function: nothing else lists names.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.names import nearest
from isthmus.parts import Gaussian, GaussianNoise, Point, Rate


@dataclass(frozen=True)
class Recipe:
    """A named way to put parts together."""

    name: str
    make: Callable[..., Model]
    source: str

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
        return self.make(body, latent_dim, **options)

    def check(self, options: Mapping[str, Any]) -> None:
        """Refuse options that the recipe doesn't have, and values that aren't numbers.

        Raises
        ------
        InputError
            Naming the option and, if one is near, the name meant.
        """
        for name, value in options.items():
            if name not in self.options:
                known = nearest(name, self.options) if self.options else "it has none"
                raise InputError(f"recipe {self.name!r} has no option {name!r}: {known}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise InputError(f"recipe {self.name!r}: {name}={value!r} is not a finite number")


_TABLE: dict[str, Recipe] = {}


def _recipe(name: str, source: str) -> Callable[[Callable[..., Model]], Callable[..., Model]]:
    def enter(make: Callable[..., Model]) -> Callable[..., Model]:
        _TABLE[name] = Recipe(name, make, source)
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


@_recipe("ae", source="Hinton & Salakhutdinov, Science 2006")
def ae(body: Body, latent_dim: int, *, noise: float = 0.0) -> Model:
    """Plain autoencoder: the code is the encoder's output; noise > 0 blurs what the encoder sees in training."""
    return body.assemble(Point(latent_dim), corruption=GaussianNoise(noise) if noise else None)


@_recipe("vae", source="Kingma & Welling, ICLR 2014; beta: Higgins et al., ICLR 2017")
def vae(body: Body, latent_dim: int, *, beta: float = 1.0, warmup: float = 0.0, free_bits: float = 0.0) -> Model:
    """Variational autoencoder: a gaussian code that costs beta x its rate; minus the ELBO at beta = 1."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta, warmup, free_bits),))
