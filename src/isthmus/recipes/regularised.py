"""Deterministic autoencoders to draw from: a density is fitted to their codes afterwards."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import CodeNorm, DecoderNorm, Mixture, Point
from isthmus.recipes.table import recipe


@recipe("rae", source="Ghosh et al., ICLR 2020")
def rae(body: Body, latent_dim: int, *, beta: float = 0.1, decay: float = 1e-3, components: int = 10) -> Model:
    """Regularised autoencoder: small codes, a smooth decoder, and a gaussian mixture fitted to the codes to draw by."""
    bottleneck = Point(latent_dim, prior=Mixture(latent_dim, components))
    return body.assemble(bottleneck, terms=(CodeNorm(beta), DecoderNorm(decay)))
