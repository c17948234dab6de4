"""Autoencoders that give back what a damaged picture was, whatever its size."""

import math
import re
from collections.abc import Callable
from dataclasses import replace

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.names import nearest
from isthmus.parts import (
    BlindSpot,
    Corruption,
    Downscaling,
    FeatureMap,
    Masked,
    PictureAdversary,
    Recorrupted,
    RestoringEncoder,
    Term,
    ToldNoise,
)
from isthmus.parts.scaling import LARGEST
from isthmus.recipes.table import recipe

WHITE = 255.0
"""Levels of noise are told in the units of 8-bit pictures, whatever the depth."""

BODY = {"network": "residual", "activation": "relu"}
TRAINING = {
    "batch_size": 16, "learning_rate": 1e-3, "weight_decay": 0.0, "ema": "auto", "keep_last": True, "turn": True
}  # fmt: skip


@recipe(
    "restoring",
    source="Zhang, Zuo & Zhang, IEEE TIP 2018 (FFDNet); Zhang et al., IEEE TIP 2017 (DnCNN)",
    kinds=("images",),
    body=BODY,
    training=TRAINING,
)
def restoring(
    body: Body,
    latent_dim: int,  # noqa: ARG001
    *,
    noise: str = "gaussian:0-55",
    frames: int = 1,
    adversary: float = 0.0,
) -> Model:
    """Restorer of pictures of any size; noise is gaussian:LEVEL or gaussian:FROM-TO of 255, downscale:FACTOR or none.

    With pairs of pictures it is none. Where the pictures themselves are noisy it is self, or self:LEVEL where the noise
    is gaussian. Of clips the channels are so many frames that follow each other. An `adversary` of some weight, such as
    0.01, asks for likely detail. The code is the picture that was seen and what of it is noise, so `latent_dim` has no
    say.
    """
    check_body(body)
    terms = (PictureAdversary(body.shape[0], adversary),) if adversary else ()
    return restorer(body, noise_of(noise), terms=terms, frames=frames)


def restorer(
    body: Body, corruption: Corruption | None, *, terms: tuple[Term, ...] = (), frames: int = 1, masked: bool = False
) -> Model:
    """The model that gives back what a picture was, told its noise or, if `masked`, what of it is hidden.

    Raises
    ------
    InputError
        If the user asked for something else of the body.
    """
    check_body(body)
    channels, height, width = body.shape
    if frames not in (1, channels):
        raise InputError(f"frames={frames}: the rows have {channels} channels, which are to be as many frames")
    body = replace(body, squash=False)
    likelihood = Masked(body.density()) if isinstance(corruption, BlindSpot) else None
    code = FeatureMap((2 * channels, height, width))
    encoder = RestoringEncoder(channels, body.hidden, body.activation, masked=True) if masked else None
    return body.assemble(code, terms=terms, corruption=corruption, encoder=encoder, likelihood=likelihood)


def check_body(body: Body, likelihoods: tuple[str, ...] = ("gaussian", "laplace"), instead: str = "noise") -> None:
    """Refuse a body that makes no map of the picture that was seen, or choices that a recipe has in its own way.

    Raises
    ------
    InputError
        Naming the choice and, of a corruption, what is given `instead`.
    """
    likelihood = body.likelihood.partition(":")[0]
    if body.network != "residual":
        raise InputError(f"network={body.network!r}: a restorer of pictures of any size takes residual alone")
    if likelihood not in likelihoods:
        raise InputError(f"likelihood={body.likelihood!r}: this recipe takes {' or '.join(likelihoods)}")
    for name, given, other in (("corruption", body.corruption, instead), ("penalties", body.penalties, "")):
        if given:
            raise InputError(
                f"{name}={given!r} has no use with this recipe: {other and f'give {other}, or '}leave it out"
            )


def noise_of(text: str) -> Corruption | None:
    """The damage that a text such as gaussian:25 or gaussian:0-55 describes; of "none" None.

    Raises
    ------
    InputError
        If it describes none.
    """
    name, _, rest = text.partition(":")
    if name not in DAMAGES:
        raise InputError(f"noise={text!r}: {nearest(name, DAMAGES)}")
    return DAMAGES[name](rest)


def multiple_of(noise: str) -> int:
    """What the sides of patches that are to suffer this must be multiples of; an even number."""
    return math.lcm(2, *getattr(noise_of(noise), "factors", ()))


def _gaussian(text: str) -> ToldNoise:
    number = r"(\d+(?:\.\d+)?)"
    found = re.fullmatch(rf"{number}(?:-{number})?", text)
    levels = [float(level) for level in found.groups() if level is not None] if found else []
    if not levels or not 0 < levels[-1] <= WHITE or levels[0] > levels[-1]:
        raise InputError(
            f"noise='gaussian:{text}': write gaussian:LEVEL or gaussian:FROM-TO, in units of 255, above 0, or none"
        )
    return ToldNoise(levels[0] / WHITE, levels[-1] / WHITE)


def _alone(text: str) -> Corruption:
    if not text:
        return BlindSpot()
    if not re.fullmatch(r"\d+(?:\.\d+)?", text) or not 0 < float(text) <= WHITE:
        raise InputError(f"noise='self:{text}': write self or self:LEVEL, in units of 255, above 0")
    return Recorrupted(float(text) / WHITE)


def _downscale(text: str) -> Downscaling:
    found = re.fullmatch(r"(\d)(?:-(\d))?", text)
    factors = [int(factor) for factor in found.groups() if factor] if found else []
    if not factors or not 2 <= factors[0] <= factors[-1] <= LARGEST:
        raise InputError(
            f"noise='downscale:{text}': write downscale:FACTOR or downscale:FROM-TO, whole numbers from 2 to {LARGEST}"
        )
    return Downscaling(tuple(range(factors[0], factors[-1] + 1)))


DAMAGES: dict[str, Callable[[str], Corruption | None]] = {
    "gaussian": _gaussian,
    "downscale": _downscale,
    "self": _alone,
    "none": lambda _: None,
}
"""What pictures may suffer in training, by the word before the colon; it is made from what comes after."""
