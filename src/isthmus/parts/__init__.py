"""The words that every autoencoder is a sentence of. Torch only: no file, no scikit-learn, no screen."""

from isthmus.parts.bottlenecks import Bottleneck, Gaussian, Point
from isthmus.parts.corruptions import GaussianNoise
from isthmus.parts.critics import CodeAdversary, DensityRatio, FeatureDistance, LearnedSimilarity, Perceptual
from isthmus.parts.judges import DenoisingJudge, Discriminator, Judge
from isthmus.parts.likelihoods import Bernoulli, Laplace, Likelihood, Mixed, Normal
from isthmus.parts.networks import ConvDecoder, ConvEncoder, Dense
from isthmus.parts.spec import EncoderReader, Part, build
from isthmus.parts.terms import L1, Critic, Rate, Term
from isthmus.parts.told import Told
from isthmus.parts.trip import Code, Trip

__all__ = [
    "L1",
    "Bernoulli",
    "Bottleneck",
    "Code",
    "CodeAdversary",
    "ConvDecoder",
    "ConvEncoder",
    "Critic",
    "DenoisingJudge",
    "Dense",
    "DensityRatio",
    "Discriminator",
    "EncoderReader",
    "FeatureDistance",
    "Gaussian",
    "GaussianNoise",
    "Judge",
    "Laplace",
    "LearnedSimilarity",
    "Likelihood",
    "Mixed",
    "Normal",
    "Part",
    "Perceptual",
    "Point",
    "Rate",
    "Term",
    "Told",
    "Trip",
    "build",
]
