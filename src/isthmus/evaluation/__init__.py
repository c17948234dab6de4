"""Figures that judge codes, pictures and curves: arrays in, numbers out, each with its source.

What needs a fitted model and data is in `isthmus.jobs.evaluate`; what needs a network's densities in `isthmus.scoring`.
"""

from isthmus.evaluation.bounds import bits_per_dimension
from isthmus.evaluation.columns import (
    Usefulness,
    associations,
    column_distances,
    pair_distances,
    train_on_synthetic,
)
from isthmus.evaluation.curves import knee
from isthmus.evaluation.dimension import maximum_likelihood_dimension, two_nn
from isthmus.evaluation.disentanglement import DCI, dci, mig, sap
from isthmus.evaluation.latent import Continuity, active_units, completeness, continuity
from isthmus.evaluation.samples import Spread, copies, copies_error, frechet_distance, spread, two_sample_accuracy

__all__ = [
    "DCI",
    "Continuity",
    "Spread",
    "Usefulness",
    "active_units",
    "associations",
    "bits_per_dimension",
    "column_distances",
    "completeness",
    "continuity",
    "copies",
    "copies_error",
    "dci",
    "frechet_distance",
    "knee",
    "maximum_likelihood_dimension",
    "mig",
    "pair_distances",
    "sap",
    "spread",
    "train_on_synthetic",
    "two_nn",
    "two_sample_accuracy",
]
