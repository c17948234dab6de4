"""Autoencoders that are asked for a mask of what they see."""

from dataclasses import replace

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import EdgeContrast, FeatureMap, OneMask
from isthmus.recipes.restoring import TRAINING, check_body
from isthmus.recipes.table import recipe


@recipe(
    "segmenting",
    source="Boykov & Jolly, ICCV 2001 (edges); Zhang, Zuo & Zhang, IEEE TIP 2018 (network)",
    kinds=("images",),
    body={"network": "residual", "activation": "relu", "likelihood": "bernoulli"},
    training=TRAINING,
)
def segmenting(body: Body, latent_dim: int, *, edges: float = 0.1) -> Model:  # noqa: ARG001
    """Masks of pictures of any size, learned from pairs; edges asks the mask's to lie where the picture has some.

    The code is the picture that was seen and the logit of each pixel, so `latent_dim` has no say.
    """
    check_body(body, likelihoods=("bernoulli",), instead="pairs of pictures and masks")
    if edges < 0:
        raise InputError(f"edges={edges:g}: give a weight of 0 or more")
    channels, height, width = body.shape
    terms = (EdgeContrast(edges),) if edges else ()
    bottleneck = FeatureMap((2 * channels, height, width))
    return replace(body, squash=False).assemble(bottleneck, terms=terms, decoder=OneMask())
