"""Autoencoders of counts: of species in samples, of genes in cells, of words in texts."""

from dataclasses import replace

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Balanced, Dense, FromLogRatios, Gaussian, LinearGaussian, OfCounts, Rate
from isthmus.recipes.table import recipe


@recipe("multinomial", source="Morton et al. (catvae) 2021; softmax: Miao et al. (NVDM), ICML 2016", kinds=("counts",))
def multinomial(body: Body, latent_dim: int, *, form: str = "ilr", beta: float = 1.0, warmup: float = 0.0) -> Model:
    """Counts whose log-ratios are linear in the code plus noise (form=ilr), or whose logits are (form=softmax)."""
    forms = {"ilr": log_ratios, "softmax": softmax}
    if form not in forms:
        raise InputError(f"recipe 'multinomial': form={form!r}: choose one of {', '.join(forms)}")
    return forms[form](body, latent_dim, Rate(beta, warmup))


@recipe("negative-binomial", source="Lopez et al. (scVI), Nature Methods 2018", kinds=("counts",),
        body={"likelihood": "negative-binomial"})  # fmt: skip
def negative_binomial(body: Body, latent_dim: int, *, beta: float = 1.0, warmup: float = 0.0) -> Model:
    """Counts more scattered than a multinomial's: a gaussian code, and a learned dispersion of each feature."""
    return body.assemble(Gaussian(latent_dim), terms=(Rate(beta, warmup),))


def softmax(body: Body, latent_dim: int, rate: Rate) -> Model:
    """NVDM: a gaussian code, and a linear decoder into the softmax."""
    return body.assemble(Gaussian(latent_dim), terms=(rate,), decoder=Dense((latent_dim,), body.shape))


def log_ratios(body: Body, latent_dim: int, rate: Rate) -> Model:
    """catvae: a linear gaussian model of the log-ratios, whose posterior an encoder gives."""
    bottleneck = LinearGaussian(latent_dim, body.shape[0] - 1)
    shape = replace(body, shape=(bottleneck.coordinates,), likelihood="gaussian")
    encoder = Balanced(OfCounts(shape.encoder(bottleneck), ratios=True))
    return body.assemble(bottleneck, terms=(rate,), encoder=encoder, decoder=FromLogRatios(body.shape))
