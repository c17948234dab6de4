"""Autoencoders that give back what a damaged picture was, whatever its size."""

import re
from collections.abc import Callable
from dataclasses import replace

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.names import nearest
from isthmus.parts import BlindSpot, FeatureMap, Masked, Part, Recorrupted, Splitting, ToldNoise
from isthmus.recipes.table import recipe

WHITE = 255.0
"""Levels of noise are told in the units of 8-bit pictures, whatever the depth."""


@recipe(
    "restoring",
    source="Zhang, Zuo & Zhang, IEEE TIP 2018 (FFDNet); Zhang et al., IEEE TIP 2017 (DnCNN)",
    kinds=("images",),
    body={"network": "residual", "activation": "relu"},
    training={
        "batch_size": 16, "learning_rate": 1e-3, "weight_decay": 0.0, "ema": "auto", "keep_last": True, "turn": True
    },
)  # fmt: skip
def restoring(body: Body, latent_dim: int, *, noise: str = "gaussian:0-55", frames: int = 1) -> Model:  # noqa: ARG001
    """Denoiser of pictures of any size; noise is gaussian:LEVEL or gaussian:FROM-TO of 255, none where pairs are given.

    Where the pictures themselves are noisy it is self, or self:LEVEL where the noise is gaussian. Of clips the channels
    are so many frames that follow each other. The code is the picture that was seen and what of it is noise, so
    `latent_dim` has no say.
    """
    _check(body)
    channels, height, width = body.shape
    if frames not in (1, channels):
        raise InputError(f"frames={frames}: the rows have {channels} channels, which are to be as many frames")
    corruption, body = noise_of(noise), replace(body, squash=False)
    likelihood = Masked(body.density()) if isinstance(corruption, BlindSpot) else None
    bottleneck = FeatureMap((2 * channels, height, width))
    return body.assemble(bottleneck, corruption=corruption, likelihood=likelihood)


def _check(body: Body) -> None:
    likelihood = body.likelihood.partition(":")[0]
    if body.network != "residual":
        raise InputError(f"network={body.network!r}: a restorer of pictures of any size takes residual alone")
    if likelihood not in ("gaussian", "laplace"):
        raise InputError(f"likelihood={body.likelihood!r}: a difference of pictures takes gaussian or laplace")
    for name, given, instead in (("corruption", body.corruption, "noise"), ("penalties", body.penalties, "")):
        if given:
            raise InputError(
                f"{name}={given!r} has no use with recipe 'restoring': {instead and f'give {instead}, or '}leave it out"
            )


def noise_of(text: str) -> Part | None:
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


def _gaussian(text: str) -> ToldNoise:
    number = r"(\d+(?:\.\d+)?)"
    found = re.fullmatch(rf"{number}(?:-{number})?", text)
    levels = [float(level) for level in found.groups() if level is not None] if found else []
    if not levels or not 0 < levels[-1] <= WHITE or levels[0] > levels[-1]:
        raise InputError(
            f"noise='gaussian:{text}': write gaussian:LEVEL or gaussian:FROM-TO, in units of 255, above 0, or none"
        )
    return ToldNoise(levels[0] / WHITE, levels[-1] / WHITE)


def _alone(text: str) -> Splitting:
    if not text:
        return BlindSpot()
    if not re.fullmatch(r"\d+(?:\.\d+)?", text) or not 0 < float(text) <= WHITE:
        raise InputError(f"noise='self:{text}': write self or self:LEVEL, in units of 255, above 0")
    return Recorrupted(float(text) / WHITE)


DAMAGES: dict[str, Callable[[str], Part | None]] = {"gaussian": _gaussian, "self": _alone, "none": lambda _: None}
"""What pictures may suffer in training, by the word before the colon; it is made from what comes after."""
