"""The words that every autoencoder is a sentence of. Torch only: no file, no scikit-learn, no screen."""

from isthmus.parts.bottlenecks import Bottleneck, Gaussian, Point
from isthmus.parts.corruptions import GaussianNoise
from isthmus.parts.likelihoods import Bernoulli, Laplace, Likelihood, Masked, Mixed, Normal
from isthmus.parts.networks import ConvDecoder, ConvEncoder, Dense, RecurrentDecoder, RecurrentEncoder
from isthmus.parts.spec import EncoderReader, Part, build
from isthmus.parts.terms import L1, Critic, Rate, Term
from isthmus.parts.trip import Code, Trip

__all__ = [
    "L1",
    "Bernoulli",
    "Bottleneck",
    "Code",
    "ConvDecoder",
    "ConvEncoder",
    "Critic",
    "Dense",
    "EncoderReader",
    "Gaussian",
    "GaussianNoise",
    "Laplace",
    "Likelihood",
    "Masked",
    "Mixed",
    "Normal",
    "Part",
    "Point",
    "Rate",
    "RecurrentDecoder",
    "RecurrentEncoder",
    "Term",
    "Trip",
    "build",
]
