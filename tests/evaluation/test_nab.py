"""The Numenta benchmark's published score against cases worked by hand."""

import math
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
FIRST, LAST, PROBATION = 60, 99, 10


@pytest.fixture(scope="module")
def nab():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield runpy.run_path(str(BENCHMARKS / "nab.py"))
    finally:
        sys.path.remove(str(BENCHMARKS))


def sigmoid(place: float) -> float:
    return 2 / (1 + math.exp(5 * place)) - 1


def scored(nab, *rows, windows=((FIRST, LAST),)):
    """A file of 200 rows, 40 of them one window, in which these rows are detected."""
    scores = np.zeros(200)
    scores[list(rows)] = 1.0
    return nab["Scored"](scores, list(windows), PROBATION)


@pytest.mark.parametrize(
    ("rows", "raw"),
    [
        ((), -1.0),  # a missed anomaly costs 1
        ((60,), 1.0),  # detected at once
        ((60, 61, 80), 1.0),  # later detections of the same window change nothing
        ((80,), sigmoid(-0.5) / sigmoid(-1.0)),  # half way through it
        ((99,), sigmoid(-1 / 40) / sigmoid(-1.0)),  # at its last row
        ((20,), -1.0 - 0.11),  # a false alarm with no window before it
        ((20, 60), 1.0 - 0.11),
        ((60, 119), 1.0 + 0.11 * sigmoid(20 / 39)),  # a false alarm soon after a window costs less
        ((60, 199), 1.0 + 0.11 * sigmoid(100 / 39)),
        ((5, 60), 1.0),  # the probationary part counts for nothing
    ],
)
def test_a_detection_is_worth_what_the_formula_says(nab, rows, raw):
    assert nab["nab_score"]([scored(nab, *rows)], 1.0) == pytest.approx(100 * (raw + 1) / 2)


def test_the_null_detector_has_0_and_the_perfect_one_100(nab):
    two = ((30, 49), (FIRST, LAST))
    assert nab["nab_score"]([scored(nab, windows=two), scored(nab)], 1.0) == 0
    assert nab["nab_score"]([scored(nab, 30, 60, windows=two), scored(nab, 60)], 1.0) == pytest.approx(100)
    assert nab["nab_score"]([scored(nab, 30, windows=two), scored(nab, 60)], 1.0) == pytest.approx(200 / 3)


def test_the_best_threshold_is_the_best_of_all(nab):
    rng = np.random.default_rng(0)
    files = [
        nab["Scored"](rng.integers(0, 30, 400) / 30 + 0.5 * (np.arange(400) == 210), [(200, 240), (300, 330)], 60),
        nab["Scored"](rng.random(300), [], 45),
        nab["Scored"](rng.random(500), [(100, 160)], 75),
    ]
    threshold, best = nab["best_threshold"](files)
    every = np.unique(np.concatenate([file.scores for file in files]))
    assert best == pytest.approx(max(0.0, *(nab["nab_score"](files, level) for level in every)))
    assert nab["nab_score"](files, threshold) == pytest.approx(best)


def test_an_alarm_is_higher_than_what_was_shortly_before(nab):
    scores = np.zeros(400)
    scores[[10, 11, 12, 300]] = 3.0, 2.0, 4.0, 1.0
    assert np.flatnonzero(nab["alarms"](scores) > 0).tolist() == [10, 12, 300]
