"""Autoencoders that learn beside a critic: an adversary or a judge."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import CodeAdversary, DenoisingJudge, DensityRatio, Gaussian, LearnedSimilarity, Perceptual, Rate
from isthmus.recipes.table import recipe


@recipe("factor-vae", source="Kim & Mnih, ICML 2018")
def factor_vae(body: Body, latent_dim: int, *, gamma: float = 10.0, beta: float = 1.0) -> Model:
    """FactorVAE: a VAE whose code values are made independent by a critic that estimates their total correlation."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta), DensityRatio(latent_dim, gamma)))


@recipe("aae", source="Makhzani et al., 2015")
def aae(body: Body, latent_dim: int, *, strength: float = 3.0) -> Model:
    """Adversarial autoencoder: an adversary on the codes makes them look drawn from the prior N(0, I)."""
    return body.assemble(Gaussian(latent_dim), terms=(CodeAdversary(latent_dim, strength),))


@recipe("vae-gan", source="Larsen et al., ICML 2016", kinds=("images",), body={"likelihood": "gaussian:1"})
def vae_gan(body: Body, latent_dim: int, *, beta: float = 1.0, strength: float = 1.0, adversary: float = 1.0) -> Model:
    """VAE/GAN: reconstructions are judged by the features of a discriminator that they try to deceive."""
    critic = LearnedSimilarity(body.shape[0], strength, adversary)
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta), critic))


@recipe("perceptual", source="Hou et al., WACV 2017", kinds=("images",), body={"likelihood": "gaussian:1"})
def perceptual(body: Body, latent_dim: int, *, beta: float = 1.0, strength: float = 10.0, noise: float = 0.5) -> Model:
    """VAE with deep feature consistency: pictures are compared by a judge that learns from the same pictures."""
    judge = DenoisingJudge(body.shape[0], noise=noise)
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta), Perceptual(strength, judge)))
