"""One long series: its windows, a score for each step that depends on nothing later, and stretches."""

import numpy as np
import pytest
import torch
from scipy.stats import halfnorm

from isthmus import Autoencoder, DataError, Detector, InputError, ModelFileError, modelfile, open_data
from isthmus.data.steps import choose_window, ending_at_each, irregular
from isthmus.detection.steps import BEFORE, improbability, stretches

CASES = 200
PERIOD = 25


def wave(steps: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turn = 2 * np.pi * (np.arange(steps) + rng.uniform(0, PERIOD)) / PERIOD
    return np.sin(turn) + 0.3 * np.sin(2 * turn) + 0.05 * rng.normal(size=steps)


@pytest.fixture(scope="module")
def fitted() -> Detector:
    return Detector(window="auto", false_alarms=0.01, random_state=0).fit(wave(2000, 0))


def test_the_window_that_ends_at_each_step():
    series = np.arange(10.0)
    windows = ending_at_each(series, 4)
    assert windows.shape == (10, 4)
    for step in range(3, 10):
        assert windows[step].tolist() == series[step - 3 : step + 1].tolist()
    assert windows[0].tolist() == [3, 2, 1, 0]
    two = ending_at_each(np.stack([series, -series], 1), 4)
    np.testing.assert_array_equal(two, np.stack([windows, -windows], -1))
    assert windows.strides[0] == windows.strides[1], "windows share their steps in memory"


@pytest.mark.parametrize(("period", "window"), [(50, 50), (24, 72), (7, 56), (120, 120)])
def test_a_window_holds_whole_periods(period, window):
    steps = np.arange(3000)
    series = np.sin(2 * np.pi * steps / period) + 0.2 * np.random.default_rng(0).normal(size=3000)
    assert choose_window(series) == pytest.approx(window, rel=0.02)
    gaps = series.copy()
    gaps[::11] = np.nan
    assert choose_window(np.stack([gaps, 5 + 3 * series], 1)) == pytest.approx(window, rel=0.02)


def test_a_window_where_there_is_no_period():
    rng = np.random.default_rng(0)
    assert choose_window(rng.normal(size=3000)) == 100
    assert choose_window(rng.normal(size=3000).cumsum()) == 100
    assert choose_window(np.ones(3000)) == 100
    assert choose_window(rng.normal(size=60)) == 15


def slowly(errors: np.ndarray) -> list[float]:
    """The definition, word by word."""
    past, found = halfnorm.ppf((np.arange(BEFORE) + 0.5) / BEFORE).tolist(), []
    for error in errors:
        ranked = np.sort(past)
        n, tail = len(ranked), len(ranked) // 20
        least = ranked[-tail - 1]
        chance = (1 + (ranked >= error).sum()) / (n + 1)
        if error > least:
            power = np.log(ranked[-tail:] / least).mean()
            chance = (tail + 1) / (n + 1) * (error / least) ** (-1 / power)
        found.append(-np.log10(chance))
        past.append(error)
    return found


def test_improbability_is_what_it_says():
    errors = np.abs(np.random.default_rng(0).standard_t(4, 300))
    np.testing.assert_allclose(improbability(errors), slowly(errors), rtol=1e-9)
    gone = np.insert(errors, 7, np.nan)
    np.testing.assert_allclose(np.delete(improbability(gone), 7), improbability(errors))
    assert improbability(gone)[7] == 0


@pytest.mark.parametrize("shape", [3.0, 30.0])
def test_of_errors_all_alike_one_in_a_hundred_scores_two(shape):
    """Heavy tails or light ones, and of any size: scores are probabilities; far out on light tails rather too large."""
    errors = 7 * np.abs(np.random.default_rng(1).standard_t(shape, 20_000))
    scores = improbability(errors)[2000:]
    for level, least in ((1.0, 0.8), (2.0, 0.8), (3.0, 0.3)):
        assert least < (scores >= level).mean() * 10**level < 1.5


def test_a_step_is_judged_by_nothing_later(fitted):
    series = wave(600, 1)
    whole = fitted.anomaly_scores(series)
    series[400:] = 9
    changed = fitted.anomaly_scores(series)
    np.testing.assert_array_equal(changed[:400], whole[:400])
    np.testing.assert_allclose(fitted.anomaly_scores(series[:300]), whole[:300])
    assert changed[400] > fitted.threshold_
    window = fitted.schema_.shape[0]
    assert window == 2 * PERIOD
    assert (whole[: window - 1] == 0).all()


def test_few_normal_steps_are_flagged(fitted):
    flagged = np.mean([fitted.predict(wave(2000, seed)) == -1 for seed in range(2, 7)])
    assert flagged < 0.02


def test_the_altered_stretch_of_a_long_series_is_named(fitted):
    rng, hits, expected = np.random.default_rng(0), 0, []
    for case in range(CASES):
        series = wave(400, 100 + case)
        start, length = rng.integers(60, 380), rng.integers(3, 20)
        before = series[start]
        series[start : start + length] += rng.choice([-1.5, 1.5])
        found = fitted.stretches(series)
        hits += bool(found) and start <= found[0].peak < start + length
        if case < 20:
            first = fitted.explain(series[: start + 1])[-1]
            expected.append(abs(first.expected[0] - before))
            assert first.text.startswith("x0 is ")
    assert hits >= 0.95 * CASES
    assert np.median(expected) < 0.6, "what was expected is nearer to what the step was"


def test_flagged_steps_that_are_near_are_one_stretch():
    flagged = np.zeros(100, bool)
    flagged[[3, 4, 8, 50, 90, 95]] = True
    scores = np.arange(100) / 10 * flagged
    scores[50] = 99
    found = stretches(flagged, scores, apart=5)
    assert [(s.first, s.last, s.peak, s.score) for s in found] == [
        (50, 50, 50, 99.0), (90, 95, 95, 9.5), (3, 8, 8, 0.8)
    ]  # fmt: skip
    assert stretches(np.zeros(5, bool), np.zeros(5), 1) == []


def test_several_channels():
    one = wave(900, 0)
    two = np.stack([one, np.roll(one, 5), np.random.default_rng(0).normal(size=900)], 1)
    detector = Detector(window=30, contamination=0.01, random_state=0).fit(two)
    odd = np.stack([wave(300, 1), np.roll(wave(300, 1), 5), np.zeros(300)], 1)
    odd[200:205, 1] += 3
    peak = detector.stretches(odd)[0].peak
    assert 200 <= peak < 205
    assert detector.explain(odd)[peak].shares.argmax() == 1
    with pytest.raises(DataError, match="2 channels; the model was fitted on 3"):
        detector.anomaly_scores(odd[:, :2])


def test_a_constant_series_and_the_shortest():
    same = np.ones(300)
    detector = Detector(window="auto", random_state=0).fit(same)
    same[200] = 2
    assert detector.anomaly_scores(same).argmax() == 200
    assert np.isfinite(Detector(window="auto", random_state=0).fit(np.arange(2.0)).decision_scores_).all()
    with pytest.raises(DataError, match="1 step"):
        Detector(window="auto").fit(np.ones(1))


def test_a_missing_step_has_no_score():
    series = wave(300, 0)
    series[100:103] = np.nan
    detector = Detector(Autoencoder(epochs=1, validation=0), window=8, random_state=0).fit(series)
    assert (detector.decision_scores_[100:103] == 0).all()
    assert np.isfinite(detector.decision_scores_).all()
    assert detector.decision_scores_[103:].max() > 0
    assert detector.explain(series[:101])[-1].text == "no channel stands out"


def test_a_file_gives_back_the_same_detector_of_steps(fitted, tmp_path):
    fitted.save(tmp_path / "d.safetensors")
    again = Detector.load(tmp_path / "d.safetensors")
    series = wave(300, 3)
    assert again.anomaly_scores(series).tobytes() == fitted.anomaly_scores(series).tobytes()
    assert again.stretches(series) == fitted.stretches(series)
    description, tensors = modelfile.read(tmp_path / "d.safetensors")
    for odd in (torch.zeros(1), torch.ones(2)):
        modelfile.write(tmp_path / "bad.safetensors", tensors | {"strangeness.scale": odd}, description)
        with pytest.raises(ModelFileError, match="odd"):
            Detector.load(tmp_path / "bad.safetensors")


def test_what_is_refused(fitted):
    with pytest.raises(DataError, match="shorter than window=50"):
        fitted.anomaly_scores(wave(49, 0))
    with pytest.raises(InputError, match="window=0"):
        Detector(window=0).fit(wave(100, 0))
    with pytest.raises(InputError, match="kind='table'"):
        Detector(window=10, kind="table").fit(wave(100, 0))
    with pytest.raises(DataError, match="of one long series"):
        fitted.anomaly_scores(open_data(wave(500, 0), kind="series", window=50))
    with pytest.raises(DataError, match="these are several"):
        Detector(window=10).fit(np.zeros((3, 50, 2)))
    with pytest.raises(DataError, match="detector is of other rows"):
        Detector(Autoencoder(epochs=1), kind="series", random_state=0).fit(np.ones((20, 3))).predict(
            open_data(wave(90, 0), kind="series", window=3, each_step=True)
        )
    with pytest.raises(InputError, match="together"):
        open_data(wave(500, 0), kind="series", window=50, stride=2, each_step=True)
    with pytest.raises(InputError, match="give the detector a window"):
        Detector(kind="series", random_state=0).fit(wave(2000, 0).reshape(40, 50)).stretches(wave(50, 0)[None])


def test_odd_times_are_told():
    even = [f"2024-01-01 00:{minute:02d}:00" for minute in range(30)]
    assert irregular(even) == ""
    uneven = [*even[:5], even[4], *even[5:20], even[3], *even[25:]]
    assert irregular(uneven) == "1 repeated, 1 going back, 1 after a gap"
    assert irregular(["a", "b"]) == ""
    assert irregular([]) == ""
