"""Every named autoencoder, once: the one table that users, documentation, command line and tests read.

A recipe is a function (body, latent_dim, *, its own options) -> Model in the file of its family. Its first docstring
line is what `isthmus recipes` prints, its `source` the paper it is from. To add one, write the function: nothing else
lists names.
"""

from isthmus.recipes import plain, recurrent, variational  # the order of the table
from isthmus.recipes.table import Recipe, get, names

__all__ = ["Recipe", "get", "names", "plain", "recurrent", "variational"]
