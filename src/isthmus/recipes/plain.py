"""Autoencoders whose code is a point that costs nothing."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import GaussianNoise, Point
from isthmus.recipes.table import recipe


@recipe("ae", source="Hinton & Salakhutdinov, Science 2006", kinds=("table", "images", "series"))
def ae(body: Body, latent_dim: int, *, noise: float = 0.0) -> Model:
    """Plain autoencoder: the code is the encoder's output; noise > 0 blurs what the encoder sees in training."""
    return body.assemble(Point(latent_dim), corruption=GaussianNoise(noise) if noise else None)
