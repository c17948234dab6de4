"""The interface that code written for PyOD's detectors asks for; confidence and rejection against simulation."""

import pickle

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from isthmus import Autoencoder, Detector, InputError
from isthmus.detection.confidence import Ranking
from isthmus.model import Model

QUICK = Autoencoder(latent_dim=1, hidden=(8,), epochs=4, batch_size=64, validation=0)


def data(seed=0):
    """Normal rows, one in ten anomalies; X_train, X_test, y_train, y_test."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(800, 6))
    y = (np.arange(800) % 10 == 0).astype(int)
    x[y == 1] = rng.uniform(-6, 6, size=(80, 6))
    return x[:600], x[600:], y[:600], y[600:]


X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = data()


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(QUICK, convention="pyod", contamination=0.1, random_state=0).fit(X_TRAIN)


def test_what_a_fitted_detector_of_pyod_has(detector):
    assert detector.decision_scores_.shape == (600,)
    assert set(np.unique(detector.labels_)) == {0, 1}
    assert detector.labels_.sum() == 60
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > detector.threshold_)
    assert detector.threshold_ == np.percentile(detector.decision_scores_, 90)
    assert isinstance(detector.model, Model)
    assert (detector._mu, detector._sigma) == (detector.decision_scores_.mean(), detector.decision_scores_.std())
    assert not hasattr(Detector(), "model")


def test_scores_labels_and_chances_of_new_rows(detector):
    scores = detector.decision_function(X_TEST)
    assert scores.shape == (200,)
    assert roc_auc_score(Y_TEST, scores) > 0.9
    labels = detector.predict(X_TEST)
    assert labels.dtype.kind == "i"
    np.testing.assert_array_equal(labels, scores > detector.threshold_)
    linear, unify = detector.predict_proba(X_TEST), detector.predict_proba(X_TEST, method="unify")
    low, high = detector.decision_scores_.min(), detector.decision_scores_.max()
    np.testing.assert_allclose(linear[:, 1], ((scores - low) / (high - low)).clip(0, 1))
    np.testing.assert_allclose(
        unify[:, 1], (2 * norm.cdf((scores - detector._mu) / detector._sigma) - 1).clip(0, 1), atol=1e-12
    )
    for chances in (linear, unify):
        np.testing.assert_allclose(chances.sum(1), 1)
    with pytest.raises(ValueError, match="choose linear or unify"):
        detector.predict_proba(X_TEST, method="something")


def test_confidence_comes_with_labels_or_chances(detector):
    confidence = detector.predict_confidence(X_TEST)
    assert confidence.shape == (200,)
    assert confidence.min() >= 0
    assert confidence.max() <= 1
    labels, with_labels = detector.predict(X_TEST, return_confidence=True)
    chances, with_chances = detector.predict_proba(X_TEST, return_confidence=True)
    np.testing.assert_array_equal(labels, detector.predict(X_TEST))
    np.testing.assert_array_equal(chances, detector.predict_proba(X_TEST))
    np.testing.assert_array_equal(with_labels, confidence)
    np.testing.assert_array_equal(with_chances, confidence)


def test_confidence_is_the_chance_that_another_sample_says_the_same():
    """Of 4,000 other samples of 300 rows, the share in which a score is among the 30 highest."""
    rng, n, k = np.random.default_rng(0), 300, 30
    scores = norm.isf([0.2, 0.12, 0.1, 0.08, 0.03])
    held = norm.isf((np.arange(n) + 0.5) / n)  # as the distribution is, so that the posterior mean is right
    normal, strange = Ranking(held, k).chances(scores)
    thresholds = np.sort(rng.normal(size=(4000, n)), axis=1)[:, n - k]
    np.testing.assert_allclose(strange, (scores[:, None] >= thresholds).mean(1), atol=0.08)
    np.testing.assert_allclose(normal + strange, 1)
    np.testing.assert_allclose(strange[2], 0.5, atol=0.1)


def test_confidence_of_a_promise_is_about_the_rows_held_out():
    """A row that no held-out one is as strange as is flagged, and surely so if the promise is of many."""
    detector = Detector(QUICK, false_alarms=0.2, calibration=200, random_state=0).fit(X_TRAIN)
    far = detector.predict_confidence(np.full((1, 6), 50.0))
    assert far > 0.999999
    scores = detector.calibration_scores_
    count = int(0.2 * 201)
    np.testing.assert_allclose(
        Ranking(scores, count).chances([scores[-1] + 1])[1], detector._confidence(np.array([scores[-1] + 1]))
    )


def test_rejected_are_the_rows_between(detector):
    labels, scores = detector.predict(X_TEST), detector.decision_function(X_TEST)
    kept = detector.predict_with_rejection(X_TEST, T=4)
    rejected = kept == -2
    assert rejected.any()
    np.testing.assert_array_equal(kept[~rejected], labels[~rejected])
    between = (scores >= scores[rejected].min()) & (scores <= scores[rejected].max())
    np.testing.assert_array_equal(rejected, between)
    confidence = detector.predict_confidence(X_TEST)
    np.testing.assert_array_equal(rejected, 2 * abs(confidence - 0.5) <= 1 - 2 * np.exp(-4))
    assert (detector.predict_with_rejection(X_TEST, T=32) == -2).sum() > rejected.sum()
    ours = Detector(QUICK, contamination=0.1, random_state=0).fit(X_TRAIN)
    np.testing.assert_array_equal(ours.predict_with_rejection(X_TEST, T=4) == 0, rejected)


def test_the_share_rejected_keeps_to_what_is_said():
    """Of 300 samples: on average what is expected, and above the bound in no more than the share delta of them."""
    rng, shares, delta = np.random.default_rng(0), [], 0.2
    for _ in range(300):
        ranking = Ranking(rng.normal(size=400), 40)
        shares.append(ranking.unsure(rng.normal(size=2000), 4).mean())
    said = ranking.rejection(4, delta, 1, 1, 0.1)
    assert np.mean(shares) == pytest.approx(said.expected, abs=0.004)
    assert np.mean(np.array(shares) > said.upper_bound) <= delta
    assert said.upper_bound < 0.25
    assert said.cost <= 0.1 + 0.1 + 0.1 * said.expected


def test_what_rejection_costs(detector):
    labels, stats = detector.predict_with_rejection(X_TEST, return_stats=True)
    assert labels.shape == (200,)
    expected, bound, cost = stats
    assert 0 <= expected <= bound <= 1
    assert cost >= 0
    assert detector.compute_rejection_stats() == tuple(stats)
    dear = detector.compute_rejection_stats(c_fp=10, c_fn=10)
    assert dear.cost > cost
    for options, said in (({"T": 0}, "T=0"), ({"delta": 1}, "delta=1"), ({"c_r": -1}, "c_r=-1")):
        with pytest.raises(InputError, match=said):
            detector.compute_rejection_stats(**options)


def test_fit_and_judge_in_one():
    detector = Detector(QUICK, convention="pyod", random_state=0)
    assert detector.fit_predict_score(X_TEST, Y_TEST) == roc_auc_score(Y_TEST, detector.decision_scores_)
    precision = detector.fit_predict_score(X_TEST, Y_TEST, scoring="prc_n_score")
    worst = np.argsort(-detector.decision_scores_)[: Y_TEST.sum()]
    assert precision == Y_TEST[worst].mean()
    with pytest.raises(NotImplementedError, match="prc_n_score"):
        detector.fit_predict_score(X_TEST, Y_TEST, scoring="something")
    np.testing.assert_array_equal(detector.fit_predict(X_TEST), detector.labels_)


def test_clones_and_pickles(detector):
    again = clone(detector)
    assert again.get_params()["contamination"] == 0.1
    assert not hasattr(again, "decision_scores_")
    pickled = pickle.loads(pickle.dumps(detector))  # noqa: S301 - of our own making
    np.testing.assert_array_equal(pickled.decision_function(X_TEST), detector.decision_function(X_TEST))
