"""Simple generative models of rows, which whatever draws rows should beat.

Legend: n rows, F features, K principal components.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

Floats = NDArray[np.float64]
Sampler = Callable[[int, np.random.Generator], Floats]
"""So many rows (n, F), of these random numbers."""
MOST_ROWS = 20_000
COMPONENTS, MOST_AXES = 10, 50


def probabilistic_pca(rows: Floats, latent_dim: int) -> Sampler:
    """Rows from m + W z + e, z ~ N(0, I) of latent_dim values and e ~ N(0, s^2 I), fitted by maximum likelihood.

    With as many values as features it is the gaussian of the rows' mean and covariance.

    References
    ----------
    Tipping & Bishop, "Probabilistic principal component analysis", J. Royal Statistical Society B, 1999.
    """
    pca = principal(rows, latent_dim)
    loads_KF = pca.components_ * np.sqrt(np.maximum(pca.explained_variance_ - pca.noise_variance_, 0))[:, None]

    def sample(n: int, numbers: np.random.Generator) -> Floats:
        rows_nF: Floats = pca.mean_ + numbers.standard_normal((n, len(loads_KF))) @ loads_KF + _noise(pca, n, numbers)
        return rows_nF

    return sample


def gaussian(rows: Floats) -> Sampler:
    """Rows from the gaussian of their mean and covariance."""
    return probabilistic_pca(rows, rows.shape[1])


def mixture(rows: Floats, components: int = COMPONENTS, seed: int = 0) -> Sampler:
    """Rows from a mixture of gaussians over their first 50 principal components, alike noise on what is left.

    Of few rows there are fewer components, so that each has twice as many rows as values.
    """
    pca = principal(rows, MOST_AXES)
    scores_nK = pca.transform(_some(rows))
    most = max(1, len(scores_nK) // (2 * scores_nK.shape[1]))
    fitted = GaussianMixture(min(components, most), reg_covar=1e-6, random_state=seed).fit(scores_nK)

    def sample(n: int, numbers: np.random.Generator) -> Floats:
        fitted.set_params(random_state=int(numbers.integers(1 << 31)))
        drawn_nK = numbers.permutation(fitted.sample(n)[0])
        rows_nF: Floats = pca.inverse_transform(drawn_nK) + _noise(pca, n, numbers, within=False)
        return rows_nF

    return sample


def multinomial(counts: Floats) -> Sampler:
    """Counts whose totals are drawn from those given, and whose shares are those of all rows together."""
    totals, shares_F = counts.sum(1).astype(np.int64), counts.sum(0) / counts.sum()

    def sample(n: int, numbers: np.random.Generator) -> Floats:
        return numbers.multinomial(numbers.choice(totals, n), shares_F).astype(np.float64)

    return sample


def principal(rows: Floats, most: int) -> PCA:
    """The first principal components, at most so many, of rows or 20,000 of them; its noise is that of PPCA.

    Of fewer rows than features there is no covariance matrix: of wide pictures it would take gigabytes.
    """
    rows = _some(rows)
    wide = rows.shape[1] > len(rows)
    count = min(most, len(rows) - 1, rows.shape[1])
    pca = PCA(count, svd_solver="full" if wide else "covariance_eigh").fit(rows)
    if wide:  # scikit-learn spreads what is left over as many directions as there are rows
        left = rows.var(0, ddof=1).sum() - pca.explained_variance_.sum()
        pca.noise_variance_ = max(float(left), 0.0) / (rows.shape[1] - count)
    return pca


def _noise(pca: PCA, n: int, numbers: np.random.Generator, *, within: bool = True) -> Floats:
    """N(0, s^2) in every direction, or in those alone that the components leave out."""
    noise_nF: Floats = np.sqrt(pca.noise_variance_) * numbers.standard_normal((n, pca.n_features_in_))
    if not within:
        noise_nF -= noise_nF @ pca.components_.T @ pca.components_
    return noise_nF


def _some(rows: Floats) -> Floats:
    if len(rows) <= MOST_ROWS:
        return rows
    return rows[np.random.default_rng(0).choice(len(rows), MOST_ROWS, replace=False)]
