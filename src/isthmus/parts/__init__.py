"""The words that every autoencoder is a sentence of. Torch only: no file, no scikit-learn, no screen."""

from isthmus.parts.aggregate import MMD, Capacity, TotalCorrelation
from isthmus.parts.bottlenecks import Bottleneck, Gaussian, Point
from isthmus.parts.corruptions import GaussianNoise
from isthmus.parts.likelihoods import Bernoulli, Laplace, Likelihood, Mixed, Normal
from isthmus.parts.networks import ConvDecoder, ConvEncoder, Dense
from isthmus.parts.priors import Flow, Prior, Vamp
from isthmus.parts.spec import EncoderReader, Part, build
from isthmus.parts.terms import L1, Critic, Rate, Term
from isthmus.parts.trip import Code, Trip

__all__ = [
    "L1",
    "MMD",
    "Bernoulli",
    "Bottleneck",
    "Capacity",
    "Code",
    "ConvDecoder",
    "ConvEncoder",
    "Critic",
    "Dense",
    "EncoderReader",
    "Flow",
    "Gaussian",
    "GaussianNoise",
    "Laplace",
    "Likelihood",
    "Mixed",
    "Normal",
    "Part",
    "Point",
    "Prior",
    "Rate",
    "Term",
    "TotalCorrelation",
    "Trip",
    "Vamp",
    "build",
]
