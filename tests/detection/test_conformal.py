"""The promises of conformal p-values, by simulation and against exact distributions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from isthmus import InputError
from isthmus.detection import conformal

REPETITIONS = 500


@settings(max_examples=50, deadline=None)
@given(
    held=st.lists(st.integers(0, 6), min_size=1, max_size=30),
    scores=st.lists(st.integers(-1, 7), min_size=1, max_size=5),
)
def test_p_values_are_ranks_among_the_held_out(held, scores):
    expected = [(1 + sum(h >= s for h in held)) / (1 + len(held)) for s in scores]
    np.testing.assert_allclose(conformal.p_values(held, scores), expected)


@settings(max_examples=100, deadline=None)
@given(held=st.lists(st.integers(0, 9), min_size=9, max_size=60), share=st.sampled_from([0.1, 0.2, 0.25, 0.5]))
def test_the_threshold_is_where_p_values_pass_the_share(held, share):
    scores = np.arange(-1, 11) + 0.5 * np.arange(12).reshape(-1, 1) / 11
    above = scores > conformal.threshold(held, share)
    np.testing.assert_array_equal(above, conformal.p_values(held, scores) <= share)


def test_of_normal_rows_no_more_than_the_share_is_flagged():
    """Mean of 500 calibrations: floor(a (m + 1)) / (m + 1) exactly, and each one's share beta-distributed."""
    rng, share, m = np.random.default_rng(0), 0.05, 150
    flagged = [
        (rng.normal(size=4000) > conformal.threshold(rng.normal(size=m), share)).mean() for _ in range(REPETITIONS)
    ]
    exact = np.floor(share * (m + 1)) / (m + 1)
    assert np.mean(flagged) == pytest.approx(exact, abs=4 * np.std(flagged) / REPETITIONS**0.5)
    assert kstest(flagged, "beta", args=(np.floor(share * (m + 1)), m + 1 - np.floor(share * (m + 1)))).pvalue > 0.01


def test_anomalies_among_the_held_out_make_alarms_rarer_not_commoner():
    rng, share = np.random.default_rng(1), 0.05
    flagged = []
    for _ in range(REPETITIONS):
        held = np.concatenate([rng.normal(size=190), rng.normal(4, size=10)])
        flagged.append((rng.normal(size=1000) > conformal.threshold(held, share)).mean())
    assert np.mean(flagged) < share


def test_of_discoveries_no_more_than_the_share_is_false():
    rng, fdr, shares, found = np.random.default_rng(2), 0.2, [], []
    for _ in range(REPETITIONS):
        scores = np.concatenate([rng.normal(size=180), rng.normal(4, size=20)])
        flagged = conformal.discoveries(conformal.p_values(rng.normal(size=300), scores), fdr)
        shares.append(flagged[:180].sum() / max(1, flagged.sum()))
        found.append(flagged[180:].mean())
    assert np.mean(shares) <= 0.9 * fdr + 3 * np.std(shares) / REPETITIONS**0.5  # 0.9 of the rows are normal
    assert np.mean(found) > 0.7


def test_the_false_discovery_rate_is_the_share_of_normal_rows_times_what_was_asked():
    """Exactly, where FDR (m + 1) / n is whole: here 0.2 x 1000 / 200 = 1, and 0.9 x 0.2.

    Mary & Roquain, "Semi-supervised multiple testing", Electronic Journal of Statistics 16, 2022, theorem 3.1.
    """
    rng, fdr, shares = np.random.default_rng(4), 0.2, []
    for _ in range(REPETITIONS):
        scores = np.concatenate([rng.normal(size=180), rng.normal(3, size=20)])
        flagged = conformal.discoveries(conformal.p_values(rng.normal(size=999), scores), fdr)
        shares.append(flagged[:180].sum() / max(1, flagged.sum()))
    assert np.mean(shares) == pytest.approx(0.9 * fdr, abs=3 * np.std(shares) / REPETITIONS**0.5)


def test_too_few_rows_for_a_promise_are_counted():
    assert [conformal.rows_needed(share) for share in (0.5, 0.1, 0.01, 0.001)] == [1, 9, 99, 999]
    with pytest.raises(InputError, match=r"takes 999 held-out rows, and there are 500"):
        conformal.threshold(np.arange(500), 0.001)
    for share in (0, 1, -0.1, True, "0.1", float("nan")):
        with pytest.raises(InputError, match="share between 0 and 1"):
            conformal.threshold(np.arange(500), share)


def test_drift_is_seen_and_chance_is_not():
    rng = np.random.default_rng(3)
    alarms, seen = 0, 0
    for _ in range(REPETITIONS):
        held = rng.normal(size=200)
        alarms += conformal.drifted(conformal.p_values(held, rng.normal(size=400)), 200)
        seen += conformal.drifted(conformal.p_values(held, rng.normal(1.0, size=400)), 200)
    assert alarms <= 4  # one in a thousand
    assert seen > 0.9 * REPETITIONS
    assert not conformal.drifted([], 200)
