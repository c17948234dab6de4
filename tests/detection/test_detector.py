"""Detector as an estimator: scikit-learn's and PyOD's ways, its promise, its file, and what it refuses."""

import warnings

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from isthmus import Autoencoder, Detector, InputError, ModelFileError, modelfile
from isthmus.detection.strangeness import References

CANCER = load_breast_cancer()
BENIGN, MALIGNANT = CANCER.data[CANCER.target == 1], CANCER.data[CANCER.target == 0]
MIXED = np.concatenate([BENIGN[:300], MALIGNANT[:30]])


@pytest.fixture(scope="module")
def fitted() -> Detector:
    return Detector(random_state=0).fit(MIXED)


def test_scikit_learns_checks_all_pass():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the check of the array API is skipped, by scikit-learn itself
        check_estimator(Detector(random_state=0))


def test_anomalies_are_stranger(fitted):
    truth = np.arange(len(MIXED)) >= 300
    assert roc_auc_score(truth, fitted.decision_scores_) > 0.9
    new = np.concatenate([BENIGN[300:], MALIGNANT[30:]])
    assert roc_auc_score(np.arange(len(new)) >= len(BENIGN) - 300, fitted.anomaly_scores(new)) > 0.85


def test_the_two_conventions_say_the_same(fitted):
    pyod = Detector(convention="pyod", random_state=0).fit(MIXED)
    np.testing.assert_array_equal(pyod.labels_, fitted.labels_)
    np.testing.assert_allclose(pyod.decision_function(MIXED), -fitted.score_samples(MIXED))
    np.testing.assert_array_equal(pyod.predict(MIXED) == 1, fitted.predict(MIXED) == -1)
    np.testing.assert_array_equal(pyod.predict(MIXED) == 1, pyod.decision_function(MIXED) > pyod.threshold_)
    np.testing.assert_allclose(fitted.decision_function(MIXED), fitted.score_samples(MIXED) - fitted.offset_)
    assert fitted.labels_.sum() == 33
    proba = fitted.predict_proba(MIXED)
    np.testing.assert_allclose(proba.sum(1), 1)
    assert np.array_equal(np.argsort(proba[:, 1]), np.argsort(fitted.decision_scores_))
    assert fitted.predict_proba(MIXED, method="unify")[:, 1].min() >= 0


def test_a_row_fitted_is_no_neighbour_of_its_own():
    """Fitted rows and new ones of the same kind score alike, though the fitted ones stand among the references."""
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(100, 4)), rng.normal(size=(2000, 4))
    detector = Detector(normal_only=True, random_state=0).fit(x)
    apart = np.median(detector.anomaly_scores(new)) - np.median(detector.decision_scores_)
    assert abs(apart) < 0.25 * detector.decision_scores_.std()


@pytest.mark.parametrize("kind", ["wide", "pictures"])
def test_nor_in_single_precision(kind):
    rng = np.random.default_rng(0)
    if kind == "wide":
        x = torch.from_numpy(rng.normal(size=(1500, 60))).float()
    else:
        x = torch.from_numpy(rng.random((1500, 784))).float()
    sets = References(x[:1024].view(4, 256, -1))
    found = sets(x)
    assert found[:1024].min() > 0.9 * found[1024:].min(), "a row is its own nearest"


def test_equal_rows_score_alike_however_many_are_scored_at_once():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (1000, 3)).astype(float)
    detector = Detector(false_alarms=0.1, random_state=0).fit(x)
    alone = np.concatenate([detector.anomaly_scores(row[None]) for row in x[:100]])
    np.testing.assert_array_equal(alone, detector.anomaly_scores(x)[:100])
    _, which = np.unique(x, axis=0, return_inverse=True)
    assert all(len(np.unique(detector.anomaly_scores(x)[which == i])) == 1 for i in range(8))


def test_files_that_mean_harm(tmp_path, fitted):
    fitted.save(tmp_path / "d.safetensors")
    for name, value in (("strangeness.scale", 0.0), ("strangeness.medians", -1.0), ("strangeness.least", -1.0)):
        description, tensors = modelfile.read(tmp_path / "d.safetensors")
        tensors[name] = torch.full_like(tensors[name], value)
        modelfile.write(tmp_path / "bad.safetensors", tensors, description)
        with pytest.raises(ModelFileError, match="odd values"):
            Detector.load(tmp_path / "bad.safetensors")
    description, tensors = modelfile.read(tmp_path / "d.safetensors")
    tensors["strangeness.place.rows_SRU"] = tensors["strangeness.place.rows_SRU"][:0]
    modelfile.write(tmp_path / "bad.safetensors", tensors, description)
    with pytest.raises(ModelFileError, match="odd values"):
        Detector.load(tmp_path / "bad.safetensors")


def test_few_normal_rows_are_flagged():
    rng, shares = np.random.default_rng(0), []
    for seed in range(8):
        detector = Detector(false_alarms=0.05, calibration=0.5, random_state=seed).fit(rng.normal(size=(400, 3)))
        shares.append((detector.predict(rng.normal(size=(2000, 3))) == -1).mean())
        assert detector.p_values(np.full((1, 3), 9.0)) == pytest.approx(1 / 201)
    assert np.mean(shares) <= 0.05 + 3 * np.std(shares) / 8**0.5
    assert np.mean(shares) > 0.02


def test_discoveries_keep_to_their_share():
    rng = np.random.default_rng(1)
    detector = Detector(fdr=0.2, calibration=0.5, random_state=0).fit(rng.normal(size=(600, 3)))
    found = detector.discoveries(np.concatenate([rng.normal(size=(90, 3)), rng.normal(6, size=(10, 3))]))
    assert found[90:].all()
    assert found[:90].sum() <= 8
    with pytest.raises(InputError, match="fit with fdr"):
        Detector(false_alarms=0.1, random_state=0).fit(MIXED).discoveries(MIXED)


def test_a_promise_for_which_rows_are_too_few_is_refused_before_learning():
    with pytest.raises(InputError, match=r"takes 999 held-out rows \(about 3,330 in all\), and of 330 rows 99"):
        Detector(false_alarms=0.001).fit(MIXED)
    with pytest.raises(InputError, match="no rows were held out"):
        Detector(random_state=0).fit(MIXED).p_values(MIXED)


@pytest.mark.parametrize("data", ["table", "pictures", "frame"])
def test_a_file_gives_back_the_same_detector(data, tmp_path):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    x = {
        "table": MIXED,
        "pictures": (load_digits().images[:200] * 15).astype(np.uint8),
        "frame": pandas.DataFrame({"a": rng.normal(size=90), "b": rng.choice(["x", "y"], 90)}),
    }[data]
    quick = Autoencoder(epochs=3)
    detector = Detector(quick, fdr=0.1, normal_only=data == "pictures", random_state=0).fit(x)
    detector.save(tmp_path / "d.safetensors")
    again = Detector.load(tmp_path / "d.safetensors")
    assert again.anomaly_scores(x).tobytes() == detector.anomaly_scores(x).tobytes()
    for name in ("threshold_", "offset_", "n_features_in_"):
        assert getattr(again, name, None) == getattr(detector, name, None)
    np.testing.assert_array_equal(again.p_values(x), detector.p_values(x))
    np.testing.assert_array_equal(again.labels_, detector.labels_)


def test_a_loaded_detector_has_the_parameters_that_were_given(tmp_path):
    """So that a clone of it is fitted the same way; callbacks, device and memory stay behind."""
    quick = Autoencoder("vae", epochs=2, latent_dim=3, options={"beta": 0.5})
    given = Detector(quick, fdr=0.1, calibration=40, normal_only=True, convention="pyod", random_state=4).fit(MIXED)
    given.save(tmp_path / "d.safetensors")
    again = Detector.load(tmp_path / "d.safetensors")
    assert again.get_params(deep=False) | {"autoencoder": None} == given.get_params(deep=False) | {"autoencoder": None}
    theirs = again.autoencoder.get_params()
    assert theirs | {"random_state": None} == quick.get_params()
    assert not hasattr(again.autoencoder, "model_")
    refitted = clone(again).fit(MIXED)
    np.testing.assert_array_equal(refitted.decision_scores_, given.decision_scores_)
    Detector(random_state=0).fit(MIXED[:50]).save(tmp_path / "d.safetensors")
    assert Detector.load(tmp_path / "d.safetensors").autoencoder is None


def test_files_that_are_no_detectors(tmp_path, fitted):
    Autoencoder(epochs=1).fit(load_wine().data).save(tmp_path / "a.safetensors")
    with pytest.raises(ModelFileError, match="holds an autoencoder, not a detector"):
        Detector.load(tmp_path / "a.safetensors")
    fitted.save(tmp_path / "d.safetensors")
    whole = (tmp_path / "d.safetensors").read_bytes()
    (tmp_path / "d.safetensors").write_bytes(whole[:-7])
    with pytest.raises(ModelFileError, match="cut short or garbled"):
        Detector.load(tmp_path / "d.safetensors")


def test_the_same_seed_the_same_scores():
    scores = [Detector(random_state=3).fit(MIXED).decision_scores_.tobytes() for _ in range(2)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"contamination": 0}, "contamination=0"), ({"contamination": 0.6}, "at most 0.5"),
     ({"false_alarms": 1.5}, "false_alarms=1.5"), ({"fdr": "a"}, "fdr='a'"), ({"convention": "x"}, "convention='x'"),
     ({"fdr": 0.1, "calibration": 1.0}, "1.0"), ({"device": "tpu"}, "device='tpu'"),
     ({"contamination": "auto"}, "contamination='auto'"),
     ({"fdr": 0.1, "false_alarms": 0.1}, "two promises"), ({"fdr": 0.1, "calibration": 0}, "is none")],
)  # fmt: skip
def test_options_that_no_data_make_right(options, said):
    with pytest.raises(InputError, match=said):
        Detector(**options).fit(MIXED)


def test_odd_tables():
    rng = np.random.default_rng(0)
    constant = np.hstack([rng.normal(size=(50, 2)), np.ones((50, 1))])
    detector = Detector(random_state=0).fit(constant)
    assert np.isfinite(detector.decision_scores_).all()
    broken = np.vstack([constant[:5], [[0.0, 0.0, 5.0]]])  # the constant column moved
    assert detector.anomaly_scores(broken).argmax() == 5
    same = Detector(random_state=0).fit(np.ones((20, 3)))
    assert np.isfinite(same.decision_scores_).all()
    gaps = rng.normal(size=(60, 3))
    gaps[::4, 1] = np.nan
    assert np.isfinite(Detector(random_state=0).fit(gaps).decision_scores_).all()
    with pytest.raises(ValueError, match=r"1 sample|1 row"):
        Detector().fit(np.ones((1, 3)))


def test_counts_are_judged_by_what_they_are_shares_of_and_not_by_how_many_there_are():
    rng = np.random.default_rng(0)
    topics = rng.dirichlet(np.full(60, 0.1), 3)
    totals = rng.integers(50, 2000, 600)
    counts = np.stack([rng.multinomial(n, topics[i % 3]) for i, n in enumerate(totals)])
    strange = np.arange(600) < 20
    counts[strange] = [rng.multinomial(n, topics.mean(0)[::-1]) for n in totals[strange]]
    detector = Detector(kind="counts", random_state=0).fit(counts)
    scores = detector.decision_scores_
    assert roc_auc_score(strange, scores) > 0.95
    assert abs(spearmanr(scores[~strange], totals[~strange]).statistic) < 0.5
