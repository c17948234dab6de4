"""Autoencoders that see a part of each row."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import MaskedPatches, Point
from isthmus.parts.networks import patch_side
from isthmus.recipes.table import recipe


@recipe(
    "masked", source="He et al., CVPR 2022; Dosovitskiy et al., ICLR 2021", kinds=("images",), body={"network": "vit"}
)
def masked(body: Body, latent_dim: int, *, share: float = 0.75) -> Model:
    """Masked autoencoder: a vision transformer sees a share of the patches hidden and gives back the whole picture.

    The loss is over all patches, seen ones too: they all pass through one code of `latent_dim` values.
    """
    fill = None if body.network == "vit" else 0.0
    return body.assemble(Point(latent_dim), corruption=MaskedPatches(body.shape, patch_side(body.shape), share, fill))
