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
Codes = NDArray[np.float64]
MOST_ROWS = 20_000
DRAWS = 5
"""Of each row's code, where it is a distribution."""
JUDGED = 0.25
"""Share of the rows that a number of components is chosen by."""
SHARE_OF_VARIANCE = 1e-4
"""Added to each covariance's diagonal, of the codes' mean variance: with few rows a component may else be flat."""


def fit_prior(
    model: Model, posterior: Callable[[Rows], tuple[NDArray[Any], NDArray[Any]]], learned: Rows, seed: int
) -> None:
    """Fit the bottleneck's mixture, if it has one, to the codes of the training rows, or 20,000 of them.

    Each component has a full covariance; it takes 2 rows a code value, so fewer rows get fewer components. A mixture
    that is there to draw by alone has as many of them as are best for rows that they weren't fitted to, of codes that
    are drawn: the means lie closer than the codes that the decoder learned from.
    """
    drawn_by, prior = (getattr(model.bottleneck, name, None) for name in ("drawn_by", "prior"))
    mixture = drawn_by or prior
    if not isinstance(mixture, Mixture):
        return
    rng = np.random.default_rng(seed)
    if len(learned) > MOST_ROWS:
        learned = np.sort(rng.choice(learned, MOST_ROWS, replace=False))
    codes, std = (np.asarray(moment, np.float64) for moment in posterior(learned))
    if drawn_by is None:
        fit_mixture(mixture, codes, seed)
        return
    draws = max(1, min(DRAWS, MOST_ROWS // len(codes)))
    codes_nDZ = codes[:, None] + std[:, None] * rng.standard_normal((len(codes), draws, codes.shape[1]))
    fit_mixture(mixture, _flat(codes_nDZ), seed, most=_best_count(codes_nDZ, mixture.components, seed))


def fit_mixture(prior: Mixture, codes: Codes, seed: int, most: int | None = None) -> None:
    """Fit a mixture to codes (n, latent_dim); fewer than 2 rows a code value and component make fewer components."""
    codes = codes.repeat(2, 0) if len(codes) == 1 else codes  # of one row the density is all but a point
    count = min(prior.components, _most(codes)) if most is None else most
    fitted = _fitted(codes, count, seed)
    prior.place(*(torch.from_numpy(values) for values in (fitted.weights_, fitted.means_, fitted.covariances_)))


def _best_count(codes_nDZ: NDArray[np.float64], most: int, seed: int) -> int:
    """Of 1, 2, 4, ... components as many as are likeliest for rows that weren't fitted to, up to where that falls."""
    order = np.random.default_rng(seed).permutation(len(codes_nDZ))
    judged, kept = np.split(codes_nDZ[order], [int(JUDGED * len(order))])
    best, likeliest = 1, -np.inf
    count, most = 1, min(most, _most(kept[:, 0]))
    while count <= most and len(judged):
        likely = _fitted(_flat(kept), count, seed).score(_flat(judged))
        if likely < likeliest:
            break
        best, likeliest, count = count, likely, 2 * count
    return best


def _flat(codes_nDZ: NDArray[np.float64]) -> Codes:
    return codes_nDZ.reshape(-1, codes_nDZ.shape[-1])


def _most(codes: Codes) -> int:
    return max(1, len(codes) // (2 * int(codes.shape[1])))


def _fitted(codes: Codes, count: int, seed: int) -> GaussianMixture:
    floor = SHARE_OF_VARIANCE * float(codes.var(0).mean()) + 1e-9
    return GaussianMixture(count, reg_covar=floor, random_state=seed).fit(codes)
