"""The words that every autoencoder is a sentence of. Torch only: no file, no scikit-learn, no screen."""

from isthmus.parts.bottlenecks import Bottleneck, Gaussian, Point
from isthmus.parts.corruptions import GaussianNoise
from isthmus.parts.discrete import Balance, Bits, Codebook, CodebookUse, Commitment, Discrete, FiniteScalar
from isthmus.parts.likelihoods import Bernoulli, Laplace, Likelihood, Mixed, Normal
from isthmus.parts.networks import ConvDecoder, ConvEncoder, Dense, MaskedPatches, PatchDecoder, PatchEncoder
from isthmus.parts.spec import EncoderReader, Part, build
from isthmus.parts.terms import L1, Critic, Rate, Term
from isthmus.parts.trip import Code, Trip

__all__ = [
    "L1",
    "Balance",
    "Bernoulli",
    "Bits",
    "Bottleneck",
    "Code",
    "Codebook",
    "CodebookUse",
    "Commitment",
    "ConvDecoder",
    "ConvEncoder",
    "Critic",
    "Dense",
    "Discrete",
    "EncoderReader",
    "FiniteScalar",
    "Gaussian",
    "GaussianNoise",
    "Laplace",
    "Likelihood",
    "MaskedPatches",
    "Mixed",
    "Normal",
    "Part",
    "PatchDecoder",
    "PatchEncoder",
    "Point",
    "Rate",
    "Term",
    "Trip",
    "build",
]
