"""The words that every autoencoder is a sentence of. Torch only: no file, no scikit-learn, no screen."""

from isthmus.parts.aggregate import MMD, Capacity, TotalCorrelation
from isthmus.parts.autoregressive import Autoregressive
from isthmus.parts.bottlenecks import Bottleneck, FeatureMap, Gaussian, Point, TopK
from isthmus.parts.contrast import EdgeContrast
from isthmus.parts.corruptions import (
    Corruption,
    Downscaling,
    GaussianNoise,
    GreyPatch,
    Masking,
    SaltAndPepper,
    Thinning,
    ToldNoise,
)
from isthmus.parts.counts import (
    Balanced,
    Compositional,
    FromLogRatios,
    LinearGaussian,
    Multinomial,
    NegativeBinomial,
    OfCounts,
)
from isthmus.parts.critics import (
    CodeAdversary,
    DensityRatio,
    FeatureDistance,
    LearnedSimilarity,
    Perceptual,
    PictureAdversary,
)
from isthmus.parts.discrete import Balance, Bits, Codebook, CodebookUse, Commitment, Discrete, FiniteScalar
from isthmus.parts.hierarchy import TwoLevels
from isthmus.parts.holes import Holes
from isthmus.parts.judges import DenoisingJudge, Discriminator, Judge
from isthmus.parts.likelihoods import Bernoulli, Laplace, Likelihood, Masked, Mixed, Normal
from isthmus.parts.networks import (
    ConvDecoder,
    ConvEncoder,
    Dense,
    Difference,
    MaskedPatches,
    OneMask,
    PatchDecoder,
    PatchEncoder,
    RecurrentDecoder,
    RecurrentEncoder,
    RestoringEncoder,
    Selector,
    TiedLinear,
)
from isthmus.parts.noisy import BlindSpot, Recorrupted
from isthmus.parts.priors import Flow, Mixture, Prior, StandardNormal, Vamp
from isthmus.parts.regularisers import CodeNorm, Contraction, DecoderNorm, KLSparsity
from isthmus.parts.spec import Annealed, EncoderReader, Part, build
from isthmus.parts.terms import L1, Critic, Rate, Steady, Term
from isthmus.parts.told import Told
from isthmus.parts.trip import Code, Trip

__all__ = [
    "L1",
    "MMD",
    "Annealed",
    "Autoregressive",
    "Balance",
    "Balanced",
    "Bernoulli",
    "Bits",
    "BlindSpot",
    "Bottleneck",
    "Capacity",
    "Code",
    "CodeAdversary",
    "CodeNorm",
    "Codebook",
    "CodebookUse",
    "Commitment",
    "Compositional",
    "Contraction",
    "ConvDecoder",
    "ConvEncoder",
    "Corruption",
    "Critic",
    "DecoderNorm",
    "DenoisingJudge",
    "Dense",
    "DensityRatio",
    "Difference",
    "Discrete",
    "Discriminator",
    "Downscaling",
    "EdgeContrast",
    "EncoderReader",
    "FeatureDistance",
    "FeatureMap",
    "FiniteScalar",
    "Flow",
    "FromLogRatios",
    "Gaussian",
    "GaussianNoise",
    "GreyPatch",
    "Holes",
    "Judge",
    "KLSparsity",
    "Laplace",
    "LearnedSimilarity",
    "Likelihood",
    "LinearGaussian",
    "Masked",
    "MaskedPatches",
    "Masking",
    "Mixed",
    "Mixture",
    "Multinomial",
    "NegativeBinomial",
    "Normal",
    "OfCounts",
    "OneMask",
    "Part",
    "PatchDecoder",
    "PatchEncoder",
    "Perceptual",
    "PictureAdversary",
    "Point",
    "Prior",
    "Rate",
    "Recorrupted",
    "RecurrentDecoder",
    "RecurrentEncoder",
    "RestoringEncoder",
    "SaltAndPepper",
    "Selector",
    "StandardNormal",
    "Steady",
    "Term",
    "Thinning",
    "TiedLinear",
    "Told",
    "ToldNoise",
    "TopK",
    "TotalCorrelation",
    "Trip",
    "TwoLevels",
    "Vamp",
    "build",
]
