"""Figures of made rows against clouds of which they are known."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from isthmus.errors import InputError
from isthmus.evaluation import copies, copies_error, frechet_distance, spread, two_sample_accuracy

numbers = np.random.default_rng(0)


def test_the_frechet_distance_of_gaussians_is_the_closed_form():
    """Of independent values it is the sum over them of (m - m')^2 + (s - s')^2; of any, by the matrix root."""
    a = numbers.normal(size=(200_000, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, 2.0]
    b = numbers.normal(size=(200_000, 3)) * [2.0, 2.0, 1.5] + [1.0, 1.0, 0.0]
    assert frechet_distance(a, b) == pytest.approx((1 + 1) + 0 + (4 + 1), rel=0.02)
    mixed, c = b @ numbers.normal(size=(3, 3)), a @ numbers.normal(size=(3, 3))
    s, t = np.cov(mixed.T), np.cov(c.T)
    root = np.real(sqrtm(s @ t))
    by_hand = ((mixed.mean(0) - c.mean(0)) ** 2).sum() + np.trace(s + t - 2 * root)
    assert frechet_distance(mixed, c) == pytest.approx(by_hand, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_of_the_same_cloud_precision_recall_and_coverage_are_high_and_density_one():
    """Density is 1 in expectation; coverage 1 - 1 / 2^k for equally many rows (Naeem 2020, section 3.3)."""
    a, b = numbers.normal(size=(2, 3000, 2))
    found = spread(a, b, neighbours=5)
    assert found.density == pytest.approx(1, abs=0.06)
    assert found.coverage == pytest.approx(1 - 0.5**5, abs=0.02)
    assert min(found.precision, found.recall) > 0.95


def test_half_of_the_data_made_has_precision_but_half_the_recall():
    real = numbers.normal(size=(2000, 2)) + np.repeat([[0.0], [50.0]], 1000, 0)
    made = numbers.normal(size=(1000, 2))
    found = spread(made, real)
    assert found.precision > 0.95
    assert found.recall == pytest.approx(0.5, abs=0.03)
    assert found.coverage == pytest.approx(0.5, abs=0.03)
    off = spread(numbers.normal(size=(1000, 2)) + 500, real)
    assert off == (0, 0, 0, 0)


def test_one_stray_row_lifts_precision_but_not_density():
    real = np.vstack([numbers.normal(size=(1000, 2)), [[1000.0, 1000.0]]])
    found = spread(numbers.normal(size=(500, 2)) + 100, real)
    assert found.precision > 0.95  # they all lie in the stray row's ball
    assert found.density < 0.25


def test_copies_are_found_and_new_rows_are_none():
    learned, other, new = numbers.normal(size=(3, 1000, 4))
    assert copies(learned + 1e-6, learned, other) == 1
    assert copies(new, learned, other) == pytest.approx(0.5, abs=0.05)
    assert copies(np.vstack([learned[:500], new[:500]]), learned, other) == pytest.approx(0.75, abs=0.05)


def test_the_error_of_copies_is_how_far_they_stray_from_a_half():
    drawn = numbers.normal(size=(200, 300, 3))
    parts = [(rows[:200], rows[200:250], rows[250:]) for rows in drawn]
    errors = [copies_error(*part) for part in parts[:50]]
    assert np.std([copies(*part) for part in parts]) == pytest.approx(np.mean(errors), rel=0.15)


def test_a_classifier_tells_what_differs():
    a, b = numbers.normal(size=(2, 2000, 3))
    assert two_sample_accuracy(a, b) == pytest.approx(0.5, abs=0.03)
    # of unit gaussians a distance d apart the best accuracy is Phi(d / 2)
    assert two_sample_accuracy(a, b + np.array([2, 0, 0])) == pytest.approx(0.841, abs=0.02)


@pytest.mark.parametrize("figure", [frechet_distance, spread, two_sample_accuracy])
def test_rows_that_do_not_match_are_refused(figure):
    with pytest.raises(InputError, match="one width"):
        figure(np.zeros((20, 3)), np.zeros((20, 2)))
    with pytest.raises(InputError, match="rows or more"):
        figure(np.zeros((1, 3)), np.zeros((20, 3)))
    with pytest.raises(InputError, match="equally many"):
        copies(np.zeros((2, 3)), np.zeros((20, 3)), np.zeros((19, 3)))
