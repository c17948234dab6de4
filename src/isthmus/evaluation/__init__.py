"""Figures that judge codes, pictures and curves: arrays in, numbers out, each with its source.

What needs a fitted model and data is in `isthmus.jobs.evaluate`; what needs a network's densities in `isthmus.scoring`.
"""

from isthmus.evaluation.bounds import bits_per_dimension
from isthmus.evaluation.curves import knee
from isthmus.evaluation.dimension import maximum_likelihood_dimension, two_nn
from isthmus.evaluation.disentanglement import DCI, dci, mig, sap
from isthmus.evaluation.latent import Continuity, active_units, completeness, continuity
from isthmus.evaluation.samples import Spread, copies, frechet_distance, spread, two_sample_accuracy

__all__ = [
    "DCI",
    "Continuity",
    "Spread",
    "active_units",
    "bits_per_dimension",
    "completeness",
    "continuity",
    "copies",
    "dci",
    "frechet_distance",
    "knee",
    "maximum_likelihood_dimension",
    "mig",
    "sap",
    "spread",
    "two_nn",
    "two_sample_accuracy",
]
