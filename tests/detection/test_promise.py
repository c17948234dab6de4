"""The promises of a detector, by 500 repetitions of everything: drawing, fitting, calibrating, scoring."""

import numpy as np
import pytest
from scipy.stats import betabinom, kstest

from isthmus import Autoencoder, Detector
from isthmus.detection import conformal

REPETITIONS, ROWS, HELD, NEW = 500, 119, 59, 100
SHARE, FDR, ODD = 0.1, 0.25, 20
QUICK = Autoencoder(latent_dim=1, hidden=(4,), epochs=1, batch_size=64, validation=0)


@pytest.fixture(scope="module")
def p_values():
    """P-values of new normal rows, and of as many anomalies as are tried, under 500 detectors of other rows each."""
    rng, found = np.random.default_rng(0), []
    for seed in range(REPETITIONS):
        detector = Detector(QUICK, false_alarms=SHARE, calibration=HELD, random_state=seed)
        detector.fit(rng.normal(size=(ROWS, 2)))
        new = np.concatenate([rng.normal(size=(NEW, 2)), rng.normal(7, 1, size=(ODD, 2))])
        scores = detector.anomaly_scores(new)
        found.append(detector.p_values_of(scores))
        np.testing.assert_array_equal(scores > detector.threshold_, found[-1] <= SHARE)
    return np.array(found)


def test_the_share_of_normal_rows_flagged_is_what_theory_says(p_values):
    """Of 100 rows a number that is beta-binomial: k = 6 of 60 ranks are flagged, on average exactly 6/60."""
    flagged = (p_values[:, :NEW] <= SHARE).sum(1)
    k = int(SHARE * (HELD + 1))
    error = flagged.std() / NEW / REPETITIONS**0.5
    assert flagged.mean() / NEW == pytest.approx(k / (HELD + 1), abs=4 * error)
    law, rng = betabinom(NEW, k, HELD + 1 - k), np.random.default_rng(1)
    uniform = law.cdf(flagged - 1) + rng.random(REPETITIONS) * law.pmf(flagged)
    assert kstest(uniform, "uniform").pvalue > 0.001


def test_the_share_of_false_discoveries_is_what_theory_says(p_values):
    """Of 80 normal rows and 20 anomalies: FDR x 0.8 where FDR (m + 1) / n is whole, else less.

    Mary & Roquain, "Semi-supervised multiple testing", Electronic Journal of Statistics 16, 2022, theorem 3.1: equal
    at 0.25 x 60 / 100 = 0.15 only up to rounding down, so at most 0.8 x 0.25.
    """
    mixed = np.concatenate([p_values[:, : NEW - ODD], p_values[:, NEW:]], 1)
    found = np.array([conformal.discoveries(p, FDR) for p in mixed])
    false = found[:, : NEW - ODD].sum(1) / np.maximum(1, found.sum(1))
    assert false.mean() <= 0.8 * FDR + 3 * false.std() / REPETITIONS**0.5
    assert false.mean() > 0.05, "it doesn't flag nothing"
    assert found[:, NEW - ODD :].mean() > 0.8


def test_the_promise_holds_where_rows_are_alike_and_too_many_for_double_precision():
    """Scores of float32 and of float64 differ in the last decimal, and ties are to stay ties."""
    rng = np.random.default_rng(0)
    four = rng.normal(size=(4, 2))
    fit, fresh = (four[rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])] for n in (21_000, 5000))
    quick = Autoencoder(latent_dim=1, epochs=1, batch_size=2048)
    flagged = [Detector(quick, false_alarms=0.05, random_state=seed).fit(fit).predict(fresh) == -1 for seed in range(4)]
    assert max(share.mean() for share in flagged) <= 0.06
