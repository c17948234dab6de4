"""Variational autoencoders: the code is a distribution, and its distance from a prior is the rate."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import Gaussian, Rate
from isthmus.recipes.table import recipe


@recipe("vae", source="Kingma & Welling, ICLR 2014; beta: Higgins et al., ICLR 2017")
def vae(body: Body, latent_dim: int, *, beta: float = 1.0, warmup: float = 0.0, free_bits: float = 0.0) -> Model:
    """Variational autoencoder: a gaussian code that costs beta x its rate; minus the ELBO at beta = 1."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta, warmup, free_bits),))


@recipe("conditional", source="Sohn, Lee & Yan, NeurIPS 2015; Ho & Salimans 2022 for drop", conditional=True)
def conditional(body: Body, latent_dim: int, *, beta: float = 1.0, drop: float = 0.1) -> Model:
    """Conditional VAE: encoder and decoder are told the class, or a vector, of every row; the code holds the rest."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta),), drop=drop)
