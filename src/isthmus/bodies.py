"""What a recipe is built upon: the data's shape, and the network and likelihood that suit it."""

import math
from dataclasses import dataclass
from typing import Any

from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.names import nearest
from isthmus.parts import (
    Bernoulli,
    Bottleneck,
    ConvDecoder,
    ConvEncoder,
    Dense,
    Laplace,
    Likelihood,
    Mixed,
    Normal,
    Part,
    Term,
)

Groups = tuple[tuple[str, int], ...]

NETWORKS = ("dense", "conv")
NORMS = ("layer", "none")
LIKELIHOODS = ("gaussian", "laplace", "bernoulli", "mixed")
SMALL_PICTURE = 32 * 32
"""For pictures of up to this many pixels a dense body reaches a lower error in equal time (docs/notes/defaults.md)."""


@dataclass(frozen=True)
class Body:
    """Encoder, decoder and likelihood, ready to be joined by a bottleneck.

    Parameters
    ----------
    shape : tuple of int
        One prepared row: (features,) or (channels, height, width).
    network : {"dense", "conv"}
    hidden : tuple of int
        Widths of the encoder's hidden layers or channels of its stages; the decoder mirrors them.
    activation : str
    norm : {"layer", "none"}
        Whether dense layers are normalised.
    likelihood : str
        A name of `LIKELIHOODS`; `gaussian` and `laplace` learn their scale, `gaussian:0.1` fixes it.
    groups : tuple of (kind, width)
        A table's columns, for `mixed`.
    missing : bool
        Whether cells may be missing.
    condition_dim : int
    """

    shape: tuple[int, ...]
    network: str
    hidden: tuple[int, ...]
    activation: str
    norm: str
    likelihood: str
    groups: Groups = ()
    missing: bool = False
    condition_dim: int = 0

    def assemble(
        self, bottleneck: Bottleneck, *, terms: tuple[Term, ...] = (), corruption: Part | None = None
    ) -> Model:
        """The finished model with this bottleneck, terms and corruption."""
        sides = self._conv(bottleneck) if self.network == "conv" else self._dense(bottleneck)
        return Model(sides[0], bottleneck, sides[1], self._likelihood(), list(terms), corruption)

    def _dense(self, bottleneck: Bottleneck) -> tuple[Part, Part]:
        options: dict[str, Any] = {
            "activation": self.activation,
            "condition_dim": self.condition_dim,
            "norm": self.norm == "layer",
        }
        encoder = Dense(self.shape, (bottleneck.inputs,), self.hidden, missing=self.missing, **options)
        return encoder, Dense((bottleneck.latent_dim,), self.shape, self.hidden[::-1], **options)

    def _conv(self, bottleneck: Bottleneck) -> tuple[Part, Part]:
        options = (self.hidden, self.activation, self.condition_dim)
        return (
            ConvEncoder(self.shape, bottleneck.inputs, *options),
            ConvDecoder(bottleneck.latent_dim, self.shape, *options),
        )

    def _likelihood(self) -> Likelihood:
        name, _, scale = self.likelihood.partition(":")
        if name == "mixed":
            return Mixed(list(self.groups))
        if name == "bernoulli":
            return Bernoulli()
        if name in ("gaussian", "laplace"):
            density = Normal if name == "gaussian" else Laplace
            # a picture's values go from 0 to 1; a standardised column's have no bounds
            return density(_positive(scale) if scale else None, bounded=len(self.shape) == 3)
        raise InputError(f"likelihood={self.likelihood!r}: {nearest(name, LIKELIHOODS)}")


def _positive(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"likelihood scale {text!r}: give a number, as in gaussian:0.1") from None


def choose_body(
    shape: tuple[int, ...],
    groups: Groups,
    *,
    missing: bool,
    network: str = "auto",
    hidden: tuple[int, ...] | None = None,
    activation: str = "auto",
    norm: str = "auto",
    likelihood: str = "auto",
) -> Body:
    """Fill every "auto" from the data's kind and shape.

    Raises
    ------
    InputError
        If a name is unknown, or a choice can't serve this kind of data.
    """
    if network == "auto":
        network = "conv" if len(shape) == 3 and shape[1] * shape[2] > SMALL_PICTURE else "dense"
    if network not in NETWORKS:
        raise InputError(f"network={network!r}: {nearest(network, NETWORKS)}")
    if network == "conv" and len(shape) != 3:
        raise InputError("network='conv' is for pictures; these data are a table: use network='dense'")
    if norm == "auto":
        norm = "layer" if network == "dense" and len(shape) == 3 else "none"
    if norm not in NORMS or (norm == "layer" and network == "conv"):
        raise InputError(f"norm={norm!r} for a {network} network: choose none, or layer for a dense one")
    mixed = missing or any(kind != "numeric" for kind, _ in groups)
    if likelihood == "auto":
        likelihood = "mixed" if mixed else "gaussian"
    if mixed and likelihood != "mixed":
        raise InputError(
            f"likelihood={likelihood!r} can't describe a table with missing cells or categories: use 'mixed'"
        )
    return Body(
        shape=shape,
        network=network,
        hidden=tuple(hidden) if hidden is not None else _widths(network, shape),
        activation="silu" if activation == "auto" else activation,
        norm=norm,
        likelihood=likelihood,
        groups=groups,
        missing=missing,
    )


def _widths(network: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if network == "conv":
        return (32, 64, 128)
    features = math.prod(shape)
    if len(shape) == 3:
        wide = 2 ** round(math.log2(min(max(192, 1.5 * features), 1024)))
        return (wide, wide // 2, wide // 4)
    wide = min(max(64, 4 * features), 512)
    return (wide, wide // 2)
