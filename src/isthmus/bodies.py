"""What a recipe is built upon: the data's shape, and the network and likelihood that suit it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.errors import InputError, naming
from isthmus.model import Model
from isthmus.names import nearest
from isthmus.parts import (
    L1,
    Bernoulli,
    Bottleneck,
    Contraction,
    ConvDecoder,
    ConvEncoder,
    Corruption,
    Dense,
    Difference,
    FeatureMap,
    GaussianNoise,
    GreyPatch,
    Holes,
    Laplace,
    Likelihood,
    Masked,
    Masking,
    Mixed,
    Multinomial,
    NegativeBinomial,
    Normal,
    OfCounts,
    Part,
    PatchDecoder,
    PatchEncoder,
    Perceptual,
    RecurrentDecoder,
    RecurrentEncoder,
    RestoringEncoder,
    SaltAndPepper,
    Term,
    Thinning,
    Told,
)
from isthmus.parts.checks import check_positive
from isthmus.parts.networks import ACTIVATIONS, CELLS, patch_side

Groups = tuple[tuple[str, int], ...]

NETWORKS = ("dense", "conv", "vit", "residual", *CELLS)
NORMS = ("layer", "none")
COUNTS = ("multinomial", "negative-binomial")
LIKELIHOODS = ("gaussian", "laplace", "bernoulli", "mixed", *COUNTS)
CORRUPTIONS: dict[str, Callable[[float], Corruption]] = {
    "gaussian": GaussianNoise,
    "masking": Masking,
    "salt-and-pepper": SaltAndPepper,
    "patches": GreyPatch,
    "thinning": Thinning,
    "holes": lambda share: Holes(told=False, share=share),
}
"""What the input may suffer in training, by its name and one number, as in gaussian:0.3."""
PENALTIES: dict[str, Callable[[float], Term]] = {"l1": L1, "contractive": Contraction, "perceptual": Perceptual}
"""Terms that may be added to any recipe's objective, by name and weight."""
_KINDS = {1: "a table", 2: "series", 3: "pictures"}
SMALL_PICTURE = 32 * 32
"""For pictures of up to this many pixels a dense body reaches a lower error in equal time (docs/notes/defaults.md)."""


@dataclass(frozen=True)
class Body:
    """Encoder, decoder and likelihood, ready to be joined by a bottleneck.

    Parameters
    ----------
    shape : tuple of int
        One prepared row: (features,), (channels, height, width) or, of a series, (time, channels).
    network : {"dense", "conv", "vit", "residual", "lstm", "gru"}
    hidden : tuple of int
        Widths of the encoder's hidden layers, channels of its stages or states of its recurrent layers; the decoder
        mirrors them.
    activation : str
    norm : {"layer", "none"}
        Whether dense layers are normalised.
    likelihood : str
        A name of `LIKELIHOODS`; `gaussian` and `laplace` learn their scale, `gaussian:0.1` fixes it.
    groups : tuple of (kind, width)
        A table's columns, or the channels of series' steps, for `mixed`.
    missing : bool
        Whether cells may be missing.
    condition_dim : int
    corruption : str
        What the input suffers in training whatever the recipe, as in gaussian:0.3; "" leaves it to the recipe.
    penalties : tuple of (name, weight)
        Terms added to the recipe's own.
    squash : bool
        Whether the mean of a picture is kept between 0 and 1.
    total : float
        Counts: the mean total of a row.
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
    corruption: str = ""
    penalties: tuple[tuple[str, float], ...] = ()
    squash: bool = True
    total: float = 1.0

    def assemble(
        self,
        bottleneck: Bottleneck,
        *,
        terms: tuple[Term, ...] = (),
        corruption: Corruption | None = None,
        draws: int = 1,
        encoder: Part | None = None,
        decoder: Part | None = None,
        likelihood: Likelihood | None = None,
        drop: float = 0.1,
    ) -> Model:
        """The finished model with this bottleneck, terms and corruption, and those that the user added.

        An encoder, decoder or likelihood that is given stands in the place of the body's own. Where conditions are
        given, `drop` is the share of them that is forgotten in training.

        Raises
        ------
        InputError
            If a corruption can't serve rows of this shape.
        """
        makers = {
            "conv": self._conv,
            "vit": self._vit,
            "residual": self._residual,
            **dict.fromkeys(CELLS, self._recurrent),
        }
        usual = makers.get(self.network, self._dense)(bottleneck)
        encoder, decoder = encoder or usual[0], decoder or usual[1]
        added = [penalty_of(name, weight).for_rows(self.shape) for name, weight in self.penalties]
        corruption = corruption_of(self.corruption) if self.corruption else corruption
        self._check_corruption(corruption)
        told = Told(self.condition_dim, drop) if self.condition_dim else None
        likelihood = likelihood or self.density()
        return Model(encoder, bottleneck, decoder, likelihood, [*terms, *added], corruption, draws, told)

    @property
    def of_counts(self) -> bool:
        """Whether rows are counts, which are prepared as they are."""
        return self.likelihood in COUNTS

    def _check_corruption(self, corruption: Corruption | None) -> None:
        said = next((name for name, kind in CORRUPTIONS.items() if type(corruption) is kind), "")
        said = "holes" if isinstance(corruption, Holes) else said
        if said in ("patches", "holes") and len(self.shape) != 3:
            raise InputError(
                f"corruption {said!r} covers a part of a picture; these data are {self._what}: use 'masking'"
            )
        if said in ("gaussian", "salt-and-pepper") and self.of_counts:
            raise InputError(
                f"corruption {said!r} is for standardised numbers and pictures; these data are counts, of which it "
                "makes no counts: use 'thinning' or 'masking'"
            )
        if said == "thinning" and not self.of_counts:
            raise InputError(
                f"corruption 'thinning' takes items from counts; these data are {self._what}: use 'gaussian'"
            )

    @property
    def _what(self) -> str:
        return "counts" if self.of_counts else _KINDS[len(self.shape)]

    def encoder(self, bottleneck: Bottleneck) -> Part:
        """The dense encoder for this bottleneck."""
        options = {"missing": self.missing, "centred": len(self.shape) == 3} | self._dense_options()
        inner = Dense(self.shape, (bottleneck.inputs,), self.hidden, **options)
        return OfCounts(inner) if self.of_counts else inner

    def _dense(self, bottleneck: Bottleneck) -> tuple[Part, Part]:
        encoder = self.encoder(bottleneck)
        return encoder, Dense((bottleneck.latent_dim,), self.shape, self.hidden[::-1], **self._dense_options())

    def _dense_options(self) -> dict[str, Any]:
        norm = self.norm == "layer"
        return {"activation": self.activation, "condition_dim": self.condition_dim, "norm": norm}

    def _conv(self, bottleneck: Bottleneck) -> tuple[Part, Part]:
        options = (self.hidden, self.activation, self.condition_dim)
        return (
            ConvEncoder(self.shape, bottleneck.inputs, *options, centred=True),
            ConvDecoder(bottleneck.latent_dim, self.shape, *options),
        )

    def _vit(self, bottleneck: Bottleneck) -> tuple[Part, Part]:
        patch, light = patch_side(self.shape), self.hidden[:1]
        return (
            PatchEncoder(self.shape, bottleneck.inputs, self.hidden, patch, self.condition_dim, centred=True),
            PatchDecoder(bottleneck.latent_dim, self.shape, light, patch, self.condition_dim),
        )

    def _residual(self, bottleneck: Bottleneck) -> tuple[Part, Part]:
        if not isinstance(bottleneck, FeatureMap):
            raise InputError("network='residual' makes no code of few values: take it with recipe 'restoring'")
        return RestoringEncoder(self.shape[0], self.hidden, self.activation), Difference()

    def _recurrent(self, bottleneck: Bottleneck) -> tuple[Part, Part]:
        options = (self.hidden, self.network, self.condition_dim)
        return (
            RecurrentEncoder(self.shape, bottleneck.inputs, *options, missing=self.missing),
            RecurrentDecoder(bottleneck.latent_dim, self.shape, *options),
        )

    def density(self) -> Likelihood:
        """The likelihood that was chosen."""
        density = self._density()
        return Masked(density) if self.missing and len(self.shape) == 2 else density

    def _density(self) -> Likelihood:
        name, _, scale = self.likelihood.partition(":")
        if name == "mixed":
            return Mixed(list(self.groups))
        if name == "multinomial":
            return Multinomial(self.total)
        if name == "negative-binomial":
            return NegativeBinomial(self.shape[0], self.total)
        if name == "bernoulli":
            return Bernoulli()
        if name in ("gaussian", "laplace"):
            density = Normal if name == "gaussian" else Laplace
            # a picture's values go from 0 to 1; a standardised column's have no bounds
            with naming(f"likelihood={self.likelihood!r}"):
                return density(_number(scale) if scale else None, bounded=self.squash and len(self.shape) == 3)
        raise InputError(f"likelihood={self.likelihood!r}: {nearest(name, LIKELIHOODS)}")


def corruption_of(text: str) -> Corruption:
    """The corruption that a name and a number describe, as in gaussian:0.3.

    Raises
    ------
    InputError
        If there is none of this name, or the number is none or out of range.
    """
    name, _, amount = text.partition(":")
    if name not in CORRUPTIONS:
        raise InputError(f"corruption={text!r}: {nearest(name, CORRUPTIONS)}")
    with naming(f"corruption={text!r}"):
        return CORRUPTIONS[name](_number(amount))


def penalty_of(name: str, strength: float) -> Term:
    """The term that a name and a weight describe.

    Raises
    ------
    InputError
        If there is none of this name, or the weight is none.
    """
    if name not in PENALTIES:
        raise InputError(f"penalty {name!r}: {nearest(name, PENALTIES)}")
    if not isinstance(strength, (int, float)):
        raise InputError(f"penalty {name}={strength!r}: give a number")
    with naming(f"penalty {name}={strength!r}"):
        return PENALTIES[name](strength)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError("give a name and a number, as in gaussian:0.1") from None


def check_names(
    *, network: str, activation: str, norm: str, likelihood: str, corruption: str, penalties: Mapping[str, float]
) -> None:
    """Refuse names that no data could make right.

    Raises
    ------
    InputError
        Naming the option, and what is nearest to the name given.
    """
    tables = {
        "network": (network, NETWORKS),
        "activation": (activation, tuple(ACTIVATIONS)),
        "norm": (norm, NORMS),
        "likelihood": (likelihood.partition(":")[0], LIKELIHOODS),
    }
    for option, (name, known) in tables.items():
        if name not in ("auto", *known):
            raise InputError(f"{option}={name!r}: {nearest(name, known)}")
    if corruption:
        corruption_of(corruption)
    for name, weight in penalties.items():
        penalty_of(name, weight)
    scale = likelihood.partition(":")[2]
    if scale:
        with naming(f"likelihood={likelihood!r}"):
            check_positive("scale", _number(scale))


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
    corruption: str = "",
    penalties: Mapping[str, float] | None = None,
    condition_dim: int = 0,
    total: float | None = None,
) -> Body:
    """Fill every "auto" from the data's kind and shape.

    Raises
    ------
    InputError
        If a name is unknown, or a choice can't serve this kind of data.
    """
    check_names(
        network=network,
        activation=activation,
        norm=norm,
        likelihood=likelihood,
        corruption=corruption,
        penalties=penalties or {},
    )
    network = _network(network, shape, missing=missing)
    mixed = (missing and len(shape) != 2) or any(kind != "numeric" for kind, _ in groups)
    return Body(
        shape=shape,
        network=network,
        hidden=tuple(hidden) if hidden is not None else _widths(network, shape),
        activation="silu" if activation == "auto" else activation,
        norm=_norm(norm, network, shape),
        likelihood=_likelihood(likelihood, shape, mixed=mixed, counts=total is not None),
        groups=groups,
        missing=missing,
        condition_dim=condition_dim,
        corruption=corruption,
        penalties=tuple((penalties or {}).items()),
        total=1.0 if total is None else total,
    )


def _network(asked: str, shape: tuple[int, ...], *, missing: bool) -> str:
    """Series of one length have a place for each step, which a dense body uses; others are read step by step."""
    if asked == "auto" and len(shape) == 2:
        return "lstm" if missing else "dense"
    if asked == "auto":
        return "conv" if len(shape) == 3 and shape[1] * shape[2] > SMALL_PICTURE else "dense"
    these = _KINDS[len(shape)]
    if asked in ("conv", "vit", "residual") and len(shape) != 3:
        raise InputError(f"network={asked!r} is for pictures; these data are {these}: use network='dense'")
    if asked in CELLS and len(shape) != 2:
        raise InputError(f"network={asked!r} is for series; these data are {these}: use network='dense'")
    return asked


def _norm(asked: str, network: str, shape: tuple[int, ...]) -> str:
    if asked == "auto":
        return "layer" if network == "dense" and len(shape) == 3 else "none"
    if asked == "layer" and network != "dense":
        raise InputError(f"norm={asked!r} for a {network} network: choose none, or layer for a dense one")
    return asked


def _likelihood(asked: str, shape: tuple[int, ...], *, mixed: bool, counts: bool) -> str:
    """The likelihood of data of columns of several kinds or with gaps (`mixed`), of counts, or of plain numbers."""
    if asked == "auto":
        asked = "multinomial" if counts else "mixed" if mixed else "gaussian"
    if (asked in COUNTS) != counts:
        right = f"use {' or '.join(COUNTS)}" if counts else "it is for counts: open them with kind='counts'"
        raise InputError(f"likelihood={asked!r} can't describe these data: {right}")
    if mixed and asked != "mixed":
        these = "a table with missing cells or categories" if len(shape) == 1 else "steps of categories"
        raise InputError(f"likelihood={asked!r} can't describe {these}: use 'mixed'")
    if asked == "mixed" and len(shape) == 2 and not mixed:
        raise InputError("likelihood='mixed' is for tables; these data are series: use 'gaussian' or 'laplace'")
    return asked


def _widths(network: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if network == "conv":
        return (32, 64, 128)
    if network == "vit":
        return (64, 64, 64)
    if network == "residual":
        return (64,) * 11
    if network in CELLS:
        return (64,)
    features = math.prod(shape)
    if len(shape) == 3:
        wide = 2 ** round(math.log2(min(max(192, 1.5 * features), 1024)))
        return (wide, wide // 2, wide // 4)
    wide = min(max(64, 4 * features), 512)
    return (wide, wide // 2)
