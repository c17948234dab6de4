"""Simple generative models against what they are fitted to."""

import numpy as np
import pytest

from isthmus.generation import simple

NUMBERS = np.random.default_rng(0)
LOADS = NUMBERS.normal(size=(2, 6))


def rows(n: int = 20_000) -> np.ndarray:
    """Two hidden values, six features, noise of 0.3."""
    return 5 + NUMBERS.normal(size=(n, 2)) @ LOADS + 0.3 * NUMBERS.normal(size=(n, 6))


@pytest.mark.parametrize(
    "fit", [simple.gaussian, lambda x: simple.probabilistic_pca(x, 2), lambda x: simple.mixture(x, 1)]
)
def test_mean_and_covariance_are_those_learned_from(fit):
    drawn = fit(rows())(100_000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(0), 5, atol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), LOADS.T @ LOADS + 0.09 * np.eye(6), atol=0.15)


def test_probabilistic_pca_of_too_few_values_is_round_in_the_others():
    drawn = simple.probabilistic_pca(rows(), 1)(50_000, np.random.default_rng(1))
    values = np.linalg.eigvalsh(np.cov(drawn.T))
    true = np.linalg.eigvalsh(LOADS.T @ LOADS + 0.09 * np.eye(6))
    np.testing.assert_allclose(values[-1], true[-1], rtol=0.05)
    np.testing.assert_allclose(values[:-1], true[:-1].mean(), rtol=0.1)


def test_of_few_wide_rows_what_is_left_is_spread_over_all_directions():
    rows = NUMBERS.normal(size=(40, 300)) * np.linspace(3, 1, 300)
    values = np.sort(np.linalg.eigvalsh(np.cov(rows.T)))[::-1]
    found = simple.principal(rows, 5)
    np.testing.assert_allclose(found.explained_variance_, values[:5])
    assert found.noise_variance_ == pytest.approx(values[5:].mean())
    wide = simple.probabilistic_pca(NUMBERS.normal(size=(20, 60_000)), 4)  # whose covariances would take 29 GB
    assert wide(3, NUMBERS).shape == (3, 60_000)


def test_mixture_finds_two_clumps():
    clumps = np.concatenate([rows(500), rows(500) + 40])
    drawn = simple.mixture(clumps, 2)(2000, np.random.default_rng(1))
    assert 0.45 < (drawn.mean(1) > 25).mean() < 0.55
    assert not ((drawn.mean(1) > 15) & (drawn.mean(1) < 35)).any()


def test_multinomial_keeps_totals_and_shares():
    shares = np.array([0.5, 0.3, 0.2])
    counts = np.random.default_rng(0).multinomial(np.repeat([10, 1000], 200), shares).astype(float)
    drawn = simple.multinomial(counts)(5000, np.random.default_rng(1))
    assert set(drawn.sum(1)) == {10.0, 1000.0}
    np.testing.assert_allclose(drawn.sum(0) / drawn.sum(), shares, atol=0.01)


def test_same_numbers_same_rows():
    fitted = simple.mixture(rows(500))
    first, again = (fitted(10, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
