"""The autoencoder that fills what is hidden of a picture, whatever its size."""

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Holes
from isthmus.recipes.restoring import BODY, TRAINING, restorer
from isthmus.recipes.table import recipe


@recipe(
    "inpainting",
    source="Pathak et al., CVPR 2016 (context encoders); Zhang, Zuo & Zhang, IEEE TIP 2018 (FFDNet)",
    kinds=("images",),
    body=BODY,
    training=TRAINING | {"batch_size": 32, "turn": False},
)
def inpainting(body: Body, latent_dim: int, *, noise: str = "holes") -> Model:  # noqa: ARG001
    """Fills what is hidden of pictures of any size; noise is holes, or some of holes:patch,pixels,scribbles.

    Only what is hidden is asked for: known pixels pass as they are. The code is the picture that was seen and what of
    it is damage, so `latent_dim` has no say.
    """
    return restorer(body, holes_of(noise), masked=True)


def holes_of(text: str) -> Holes:
    """The holes that a text such as holes or holes:patch,scribbles describes.

    Raises
    ------
    InputError
        If it describes none.
    """
    name, _, kinds = text.partition(":")
    if name != "holes":
        raise InputError(f"noise={text!r}: write holes, or some of holes:patch,pixels,scribbles")
    return Holes(kinds.split(",")) if kinds else Holes()
