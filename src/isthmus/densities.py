"""A density over the codes of a trained model, so that new rows can be drawn from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture

from isthmus.model import Model
from isthmus.parts import Mixture

Rows = NDArray[np.int64]
MOST_ROWS = 20_000
SHARE_OF_VARIANCE = 1e-4
"""Added to each covariance's diagonal, of the codes' mean variance: with few rows a component may else be flat."""


def fit_prior(model: Model, encode: Callable[[Rows], NDArray[Any]], learned: Rows, seed: int) -> None:
    """Fit the bottleneck's mixture, if it has one, to the codes of the training rows, or 20,000 of them.

    Each component has a full covariance; it takes 2 rows a code value, so fewer rows get fewer components.
    """
    prior = getattr(model.bottleneck, "prior", None)
    if not isinstance(prior, Mixture):
        return
    if len(learned) > MOST_ROWS:
        learned = np.sort(np.random.default_rng(seed).choice(learned, MOST_ROWS, replace=False))
    fit_mixture(prior, np.asarray(encode(learned), np.float64), seed)


def fit_mixture(prior: Mixture, codes: NDArray[np.float64], seed: int) -> None:
    """Fit a mixture to codes (n, latent_dim); fewer than 2 rows a code value and component make fewer components."""
    codes = codes.repeat(2, 0) if len(codes) == 1 else codes  # of one row the density is all but a point
    count = min(prior.components, max(1, len(codes) // (2 * codes.shape[1])))
    floor = SHARE_OF_VARIANCE * float(codes.var(0).mean()) + 1e-9
    fitted = GaussianMixture(count, reg_covar=floor, random_state=seed).fit(codes)
    prior.place(*(torch.from_numpy(values) for values in (fitted.weights_, fitted.means_, fitted.covariances_)))
