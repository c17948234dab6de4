"""Autoencoders that shape the codes of all rows together, the aggregate posterior."""

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import MMD, Gaussian, Point, Rate, StandardNormal, TotalCorrelation
from isthmus.recipes.table import recipe


@recipe("tc-vae", source="Chen et al., NeurIPS 2018")
def tc_vae(body: Body, latent_dim: int, *, beta: float = 6.0, warmup: float = 0.0) -> Model:
    """VAE in whose rate the total correlation between code values counts beta times: code values on their own."""
    if beta < 1:
        raise InputError(f"beta={beta}: of tc-vae it is 1 or more; 1 is a plain vae")
    return body.assemble(Gaussian(latent_dim), terms=(Rate(1.0, warmup), TotalCorrelation(beta - 1)))


@recipe("wae-mmd", source="Tolstikhin et al., ICLR 2018")
def wae_mmd(body: Body, latent_dim: int, *, strength: float = 500.0) -> Model:
    """Wasserstein autoencoder: codes are points that cost nothing each, but all together resemble N(0, I)."""
    return body.assemble(Point(latent_dim, prior=StandardNormal(latent_dim)), terms=(MMD(strength),))


@recipe("info-vae", source="Zhao, Song & Ermon, AAAI 2019")
def info_vae(body: Body, latent_dim: int, *, alpha: float = 0.5, strength: float = 500.0) -> Model:
    """VAE that pays 1 - alpha of its rate, and instead for codes that all together differ from N(0, I)."""
    if not (alpha <= 1 and strength + alpha >= 1):
        raise InputError(f"alpha={alpha}, strength={strength}: alpha is at most 1, and both together 1 or more")
    return body.assemble(Gaussian(latent_dim), terms=(Rate(1 - alpha), MMD(alpha + strength - 1)))
