"""Variational autoencoders: the code is a distribution, and its distance from a prior is the rate."""

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Autoregressive, Capacity, Gaussian, Mixture, Rate
from isthmus.recipes.table import recipe


@recipe(
    "vae",
    source="Kingma & Welling, ICLR 2014; beta: Higgins et al., ICLR 2017",
)
def vae(body: Body, latent_dim: int, *, beta: float = 1.0, warmup: float = 0.0, free_bits: float = 0.0) -> Model:
    """Variational autoencoder: a gaussian code that costs beta x its rate; minus the ELBO at beta = 1."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta, warmup, free_bits),))


@recipe(
    "tabular",
    source="Kingma & Welling, ICLR 2014; of tables: Xu et al., NeurIPS 2019; the density: Ghosh et al., ICLR 2020",
    kinds=("table",),
    body={"numbers": "quantile"},
    wide=True,
)
def tabular(body: Body, latent_dim: int, *, beta: float = 0.3, components: int = 32) -> Model:
    """VAE to draw rows of tables from: numbers bent to be normal, and a gaussian mixture fitted to its codes."""
    bottleneck = Gaussian(latent_dim, drawn_by=Mixture(latent_dim, components))
    return body.assemble(bottleneck, terms=(Rate(beta),))


@recipe("conv-vae", source="Kingma & Welling, ICLR 2014", kinds=("images",), body={"network": "conv"})
def conv_vae(body: Body, latent_dim: int, *, beta: float = 1.0) -> Model:
    """Convolutional variational autoencoder, for pictures of any size."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta),))


@recipe("beta-vae", source="Higgins et al., ICLR 2017; capacity: Burgess et al. 2018")
def beta_vae(
    body: Body, latent_dim: int, *, beta: float = 4.0, warmup: float = 0.0, capacity: float = 0.0, rise: float = 0.5
) -> Model:
    """VAE whose rate costs beta times as much; with a capacity C in nats, beta x |rate - C| as C rises from 0."""
    if capacity and warmup:
        raise InputError(
            f"capacity={capacity}, warmup={warmup}: a capacity rises in its own time, set by rise; leave warmup out"
        )
    term = Capacity(beta, capacity, rise) if capacity else Rate(beta, warmup)
    return body.assemble(Gaussian(latent_dim), terms=(term,))


@recipe("iwae", source="Burda, Grosse & Salakhutdinov, ICLR 2016")
def iwae(body: Body, latent_dim: int, *, draws: int = 5, warmup: float = 0.0) -> Model:
    """Importance-weighted autoencoder: several codes drawn per row, for a bound tighter than the ELBO."""
    return body.assemble(Gaussian(latent_dim, sampled=True), terms=(Rate(1.0, warmup),), draws=draws)


@recipe("pixel-vae", source="Gulrajani et al., ICLR 2017; Chen et al., ICLR 2017", kinds=("images",))
def pixel_vae(body: Body, latent_dim: int, *, reach: int = 3, width: int = 16, warmup: float = 0.0) -> Model:
    """VAE each of whose pixels sees those above and to the left of it: the code is left with what they can't tell.

    Of black and white pictures (binarize) it has the best likelihood of all; grey ones their neighbours may tell so
    well that nothing is left for the code.
    """
    likelihood = Autoregressive(body.density(), body.shape[0], reach, width)
    return body.assemble(Gaussian(latent_dim), terms=(Rate(1.0, warmup),), likelihood=likelihood)


@recipe("conditional", source="Sohn, Lee & Yan, NeurIPS 2015; Ho & Salimans 2022 for drop", conditional=True)
def conditional(body: Body, latent_dim: int, *, beta: float = 1.0, drop: float = 0.1) -> Model:
    """Conditional VAE: encoder and decoder are told the class, or a vector, of every row; the code holds the rest."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta),), drop=drop)


@recipe(
    "drawing",
    source="Sohn, Lee & Yan, NeurIPS 2015; beta: Higgins et al., ICLR 2017",
    kinds=("images",),
    body={"network": "conv", "likelihood": "bernoulli"},
    conditional=True,
)
def drawing(body: Body, latent_dim: int, *, beta: float = 2.0, drop: float = 0.0) -> Model:
    """Conditional VAE for drawing what a caption says, which is always told and left out of the code.

    A dear code doesn't repeat the caption, so that one drawn from the prior doesn't contradict it; convolutions put
    together shapes and places that were never seen together.
    """
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta),), drop=drop)
