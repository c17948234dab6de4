"""Variational autoencoders whose prior is learned with all else."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import Flow, Gaussian, Rate, TwoLevels, Vamp
from isthmus.recipes.table import recipe


@recipe("vamp", source="Tomczak & Welling, AISTATS 2018")
def vamp(body: Body, latent_dim: int, *, components: int = 100, warmup: float = 0.0, draws: int = 1) -> Model:
    """VAE whose prior is a mixture of what its encoder makes of learned pseudo-inputs."""
    prior = Vamp(latent_dim, body.shape, components, body.condition_dim)
    return body.assemble(Gaussian(latent_dim, prior), terms=(Rate(1.0, warmup),), draws=draws)


@recipe("flow-prior", source="Chen et al., ICLR 2017; Papamakarios et al., NeurIPS 2017")
def flow_prior(body: Body, latent_dim: int, *, transforms: int = 3, warmup: float = 0.0, draws: int = 1) -> Model:
    """VAE whose prior is a normalising flow; needs the extra `flows`."""
    bottleneck = Gaussian(latent_dim, Flow(latent_dim, transforms))
    return body.assemble(bottleneck, terms=(Rate(1.0, warmup),), draws=draws)


@recipe("hierarchical", source="Sønderby et al., NeurIPS 2016; Vahdat & Kautz, NeurIPS 2020")
def hierarchical(body: Body, latent_dim: int, *, width: int = 256, warmup: float = 0.1) -> Model:
    """VAE with two levels of codes: the upper half of the code says what to expect of the lower."""
    return body.assemble(TwoLevels(latent_dim, width), terms=(Rate(1.0, warmup),))
