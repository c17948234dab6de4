"""Every named autoencoder, once: the one table that users, documentation, command line and tests read.

A recipe is a function (body, latent_dim, *, its own options) -> Model in the file of its family. Its first docstring
line is what `isthmus recipes` prints, its `source` the paper it is from. To add one, write the function: nothing else
lists names.
"""

# the order of the table
# isort: off
from isthmus.recipes import (
    plain,
    regularised,
    variational,
    variational_priors,
    variational_aggregate,
    critics,
    discrete,
    masked,
    restoring,
    inpainting,
    segmenting,
    recurrent,
    counts,
)

# isort: on
from isthmus.recipes.table import Recipe, get, names

__all__ = [
    "Recipe",
    "counts",
    "critics",
    "discrete",
    "get",
    "inpainting",
    "masked",
    "names",
    "plain",
    "recurrent",
    "regularised",
    "restoring",
    "segmenting",
    "variational",
    "variational_aggregate",
    "variational_priors",
]
