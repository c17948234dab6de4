"""The words that every autoencoder is a sentence of. Torch only: no file, no scikit-learn, no screen."""

from isthmus.parts.bottlenecks import Bottleneck, Gaussian, Point, TopK
from isthmus.parts.corruptions import GaussianNoise, GreyPatch, Masking, SaltAndPepper
from isthmus.parts.likelihoods import Bernoulli, Laplace, Likelihood, Mixed, Normal
from isthmus.parts.networks import ConvDecoder, ConvEncoder, Dense, Selector, TiedLinear
from isthmus.parts.priors import Mixture, Prior
from isthmus.parts.regularisers import CodeNorm, Contraction, DecoderNorm, KLSparsity
from isthmus.parts.spec import Annealed, EncoderReader, Part, build
from isthmus.parts.terms import L1, Critic, Rate, Term
from isthmus.parts.trip import Code, Trip

__all__ = [
    "L1",
    "Annealed",
    "Bernoulli",
    "Bottleneck",
    "Code",
    "CodeNorm",
    "Contraction",
    "ConvDecoder",
    "ConvEncoder",
    "Critic",
    "DecoderNorm",
    "Dense",
    "EncoderReader",
    "Gaussian",
    "GaussianNoise",
    "GreyPatch",
    "KLSparsity",
    "Laplace",
    "Likelihood",
    "Masking",
    "Mixed",
    "Mixture",
    "Normal",
    "Part",
    "Point",
    "Prior",
    "Rate",
    "SaltAndPepper",
    "Selector",
    "Term",
    "TiedLinear",
    "TopK",
    "Trip",
    "build",
]
