"""The words that every autoencoder is a sentence of. Torch only: no file, no scikit-learn, no screen."""

from isthmus.parts.bottlenecks import Bottleneck, Gaussian, Point
from isthmus.parts.corruptions import GaussianNoise
from isthmus.parts.counts import Balanced, FromLogRatios, LinearGaussian, Multinomial, NegativeBinomial, OfCounts
from isthmus.parts.likelihoods import Bernoulli, Laplace, Likelihood, Mixed, Normal
from isthmus.parts.networks import ConvDecoder, ConvEncoder, Dense
from isthmus.parts.spec import EncoderReader, Part, build
from isthmus.parts.terms import L1, Critic, Rate, Term
from isthmus.parts.trip import Code, Trip

__all__ = [
    "L1",
    "Balanced",
    "Bernoulli",
    "Bottleneck",
    "Code",
    "ConvDecoder",
    "ConvEncoder",
    "Critic",
    "Dense",
    "EncoderReader",
    "FromLogRatios",
    "Gaussian",
    "GaussianNoise",
    "Laplace",
    "Likelihood",
    "LinearGaussian",
    "Mixed",
    "Multinomial",
    "NegativeBinomial",
    "Normal",
    "OfCounts",
    "Part",
    "Point",
    "Rate",
    "Term",
    "Trip",
    "build",
]
