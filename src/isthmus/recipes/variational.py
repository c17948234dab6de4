"""Variational autoencoders: the code is a distribution, and its distance from a prior is the rate."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import Gaussian, Rate
from isthmus.recipes.table import recipe


@recipe(
    "vae",
    source="Kingma & Welling, ICLR 2014; beta: Higgins et al., ICLR 2017",
    kinds=("table", "images", "series"),
)
def vae(body: Body, latent_dim: int, *, beta: float = 1.0, warmup: float = 0.0, free_bits: float = 0.0) -> Model:
    """Variational autoencoder: a gaussian code that costs beta x its rate; minus the ELBO at beta = 1."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta, warmup, free_bits),))
