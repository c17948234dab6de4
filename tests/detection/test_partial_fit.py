"""Learning on: what a detector keeps, what it forgets, and that its promise stands."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from isthmus import Autoencoder, Detector, InputError, ModelFileError, modelfile, open_data
from isthmus.detection import memory
from isthmus.detection.memory import Memory

QUICK = Autoencoder(latent_dim=1, hidden=(8,), epochs=4, batch_size=32, validation=0)


def rows(n, centre=0.0, seed=0):
    return np.random.default_rng(seed).normal(centre, 1, size=(n, 3))


def tensors_of(path):
    return modelfile.read(path)[1]


def test_the_first_call_is_fit():
    x = rows(100)
    ours, theirs = Detector(QUICK, random_state=0).partial_fit(x), Detector(QUICK, random_state=0).fit(x)
    np.testing.assert_array_equal(ours.decision_scores_, theirs.decision_scores_)
    assert ours.threshold_ == theirs.threshold_


def test_what_came_later_is_learned_and_what_came_before_not_forgotten():
    """A second kind of rows is strange until it came, and the first kind still isn't; a third kind is to the end."""
    detector = Detector(random_state=0).partial_fit(rows(300))
    second, third = rows(200, 6, seed=8), rows(100, -8, seed=9)
    before = roc_auc_score(np.arange(400) >= 200, detector.anomaly_scores(np.vstack([rows(200, seed=7), second])))
    for seed in range(3):
        detector.partial_fit(rows(100, 6, seed=20 + seed))
    after = roc_auc_score(np.arange(400) >= 200, detector.anomaly_scores(np.vstack([rows(200, seed=7), second])))
    assert before > 0.99
    assert 0.2 < after < 0.8
    normal = np.vstack([rows(200, seed=7), second])
    assert (detector.predict(normal) == -1).mean() < 0.25
    assert (detector.predict(third) == -1).mean() > 0.95


def test_a_kind_of_row_that_was_never_there_is_found_as_well_as_by_a_fit_to_all():
    pieces = [rows(100, seed=seed) for seed in range(4)]
    detector = Detector(random_state=0)
    for piece in pieces:
        detector.partial_fit(piece)
    whole = Detector(random_state=0).fit(np.vstack(pieces))
    x, truth = np.vstack([rows(300, seed=9), 2.5 * rows(100, seed=10)]), np.arange(400) >= 300
    found, best = (roc_auc_score(truth, d.anomaly_scores(x)) for d in (detector, whole))
    assert found > best - 0.05
    assert len(detector.decision_scores_) == 400
    assert detector.labels_.sum() == pytest.approx(40, abs=1)
    assert len(detector.autoencoder_.history_) > len(whole.autoencoder_.history_)


def test_the_promise_stands():
    """P-values of new normal rows are uniform after three batches of which one comes row by row."""
    p = []
    for seed in range(30):
        detector = Detector(QUICK, normal_only=True, calibration=0.4, false_alarms=0.1, random_state=seed)
        detector.partial_fit(rows(60, seed=100 + seed)).partial_fit(rows(60, seed=300 + seed))
        for row in rows(3, seed=500 + seed):
            detector.partial_fit(row[None])
        p.append(detector.p_values(rows(100, seed=700 + seed)))
    kept = detector.memory_
    assert len(kept.rows) == len(detector.decision_scores_) == 123
    assert len(detector.calibration_scores_) == kept.held.sum()
    assert np.mean(np.array(p) <= 0.1) <= 0.1 + 3 * np.std(np.mean(np.array(p) <= 0.1, 1)) / 30**0.5
    assert kstest(np.random.default_rng(0).permutation([q[0] for q in p]), "uniform").pvalue > 0.01


def test_rows_held_out_are_never_learned_from(monkeypatch):
    learned = []
    original = Autoencoder.partial_fit

    def seen(self, X, y=None):
        learned.append(X.source.read(0, X.n))
        return original(self, X, y)

    monkeypatch.setattr(Autoencoder, "partial_fit", seen)
    detector = Detector(QUICK, false_alarms=0.2, random_state=0).partial_fit(rows(100))
    for seed in range(1, 5):
        detector.partial_fit(rows(50, seed=seed))
    held = {row.tobytes() for row in detector.memory_.rows[detector.memory_.held]}
    assert len(held) == len(detector.calibration_scores_) > 60
    assert not held & {row.tobytes() for batch in learned for row in batch}


def test_few_rows_are_kept_and_all_with_the_same_chance(monkeypatch):
    """Of 8 batches of 40 rows 20 to learn from and 20 held out: each batch has its eighth of them, on average."""
    monkeypatch.setattr(memory, "MOST_ROWS", 20)
    monkeypatch.setattr(memory, "FEWEST_ROWS", 20)
    counts = np.zeros(8)
    for seed in range(300):
        rng, kept = np.random.default_rng(seed), None
        for batch in range(8):
            data = open_data(np.full((40, 1), float(batch)))
            if kept is None:
                kept = Memory.of(data, (np.arange(20), np.arange(20, 40)), 0.5, rng, 0)
            else:
                kept = kept.with_more(Memory.of(data, kept.parts_of(data, rng), 0.5, rng, 0), 0)
            assert max(kept.held.sum(), (~kept.held).sum()) == 20
        assert kept.seen == 320
        assert (np.diff(kept.rows[:, 0]) >= 0).all(), "in the order in which they came"
        counts += np.bincount(kept.rows[:, 0].astype(int), minlength=8)
    np.testing.assert_allclose(counts / 300, 5, atol=4 * (5 * 7 / 8 / 300) ** 0.5)


def test_as_many_are_held_out_as_the_promise_takes(monkeypatch):
    monkeypatch.setattr(memory, "MOST_ROWS", 30)
    detector = Detector(QUICK, false_alarms=0.01, calibration=0.5, random_state=0).partial_fit(rows(250))
    assert len(detector.partial_fit(rows(200, seed=1)).calibration_scores_) == 99
    assert (~detector.memory_.held).sum() == 30


@pytest.mark.parametrize("kind", ["table", "pictures", "frame", "series"])
def test_a_file_goes_on_as_what_was_saved_would_have(kind, tmp_path):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"a": rng.normal(size=90), "b": rng.choice(["x", "y"], 90), "c": rng.integers(0, 9, 90)})
    short = np.cumsum(rng.normal(size=(90, 12)), 1)
    short[40:50, 9:] = np.nan
    x = {
        "table": rows(90),
        "pictures": (load_digits().images[:90] * 15).astype(np.uint8),
        "frame": frame,
        "series": short,
    }[kind]
    detector = Detector(Autoencoder(epochs=2), fdr=0.1, random_state=0, kind="series" if kind == "series" else "auto")
    detector.partial_fit(x[:50]).partial_fit(x[50:60])
    detector.save(tmp_path / "d.safetensors")
    again = Detector.load(tmp_path / "d.safetensors").partial_fit(x[60:])
    detector.partial_fit(x[60:])
    assert again.anomaly_scores(x).tobytes() == detector.anomaly_scores(x).tobytes()
    assert again.calibration_scores_.tobytes() == detector.calibration_scores_.tobytes()
    assert again.threshold_ == detector.threshold_
    assert len(again.decision_scores_) == 90
    again.save(tmp_path / "e.safetensors")
    assert len(Detector.load(tmp_path / "e.safetensors").memory_.rows) == 90


def test_a_file_holds_rows_only_where_it_is_to_go_on(tmp_path):
    path = tmp_path / "d.safetensors"
    detector = Detector(QUICK, random_state=0).fit(rows(60))
    detector.save(path)
    assert "rows" not in tensors_of(path)
    with pytest.raises(InputError, match="holds no rows"):
        Detector.load(path).partial_fit(rows(10))
    detector.partial_fit(rows(10, seed=1)).save(path)
    assert len(tensors_of(path)["rows"]) == 70
    detector.fit(rows(60)).save(path)
    assert "rows" not in tensors_of(path)


@pytest.mark.parametrize("name", ["rows", "held", "keys"])
def test_rows_that_are_garbled_are_refused(name, tmp_path):
    path = tmp_path / "d.safetensors"
    Detector(QUICK, random_state=0).partial_fit(rows(60)).save(path)
    description, tensors = modelfile.read(path)
    for bad in (tensors[name][:-1], tensors[name].float()[:, None], torch.full_like(tensors["rows"], torch.inf)):
        modelfile.write(path, tensors | {name: bad}, description)
        with pytest.raises(ModelFileError):
            Detector.load(path)


def test_a_batch_that_is_refused_leaves_the_detector_as_it_was():
    detector = Detector(QUICK, false_alarms=0.2, random_state=0).partial_fit(rows(60))
    before = detector.anomaly_scores(rows(60)).tobytes()
    for bad in (np.ones((4, 2)), np.full((4, 3), np.inf), np.full((4, 3), np.nan), np.ones((0, 3))):
        with pytest.raises(ValueError, match=r"."):
            detector.partial_fit(bad)
    assert detector.anomaly_scores(rows(60)).tobytes() == before
    assert len(detector.memory_.rows) == 60
