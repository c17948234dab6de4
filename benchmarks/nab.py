"""Numenta anomaly benchmark: Detector beside a windowed isolation forest and a rolling z-score, by its published score.

Protocol, the same for all: a detector is fitted on the probationary part alone (the first 15% of a file, of 5,000 rows
at most) and then gives every row a score that depends on no later row. Windows are as long as Detector chooses by the
probationary part. Scores are judged as they come, and as *alarms*: a row counts only if it scores higher than each of
the WAIT rows before it, so that one event raises one alarm and not one a row. Peers are judged by their own scores, and
by the same tail probability that Detector has. One threshold serves all files. What is open was decided on the
odd-numbered files of the sorted list; "even, threshold of the odd" is of files and a threshold that played no part.

Scoring: Lavin & Ahmad, "Evaluating real-time anomaly detection algorithms - the Numenta anomaly benchmark", ICMLA 2015.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from common import keep, parser
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import IsolationForest

from isthmus import Detector, open_data
from isthmus.detection.steps import improbability

Floats = NDArray[np.float64]
TRUE_POSITIVE, FALSE_POSITIVE, MISSED = 1.0, 0.11, 1.0
"""What a detection, a false alarm and a missed anomaly weigh: the standard profile."""
PROBATION, MOST_ROWS = 0.15, 5000
WAIT = 100
SEEDS = 3


class File(NamedTuple):
    """A series, its windows of anomaly (first and last row), and the number of probationary rows."""

    name: str
    values: Floats
    windows: list[tuple[int, int]]
    probation: int


class Scored(NamedTuple):
    """One file's scores, its windows and its probationary rows."""

    scores: Floats
    windows: list[tuple[int, int]]
    probation: int


def weight(place: ArrayLike) -> Floats:
    """What a detection is worth by its place: -1 at the window's first row, 0 at its end, 1 one window later.

    2 / (1 + e^(5 place)) - 1: nearly 1 early in the window, 0 at its end, nearly -1 long after it.
    """
    return np.asarray(2 / (1 + np.exp(5 * np.minimum(np.asarray(place, np.float64), 100))) - 1)


def steps_of(file: Scored) -> tuple[Floats, Floats]:
    """The levels at which the score of a file changes as the threshold falls, and by how much.

    Of a window only the earliest detection counts, by its place; of other rows each, by its distance to the window
    before it, or -1 where there is none. Probationary rows count for nothing.
    """
    scores, windows, probation = file
    rows = np.arange(len(scores))
    worth, outside = np.full(len(scores), -1.0), rows >= probation
    levels, gains = [], []
    for first, last in sorted(windows):
        worth = np.where(rows > last, weight((rows - last) / max(last - first, 1)), worth)
        outside &= (rows < first) | (rows > last)
        inside = scores[first : last + 1]
        record = np.r_[True, inside[1:] > np.maximum.accumulate(inside)[:-1]]
        early = np.flatnonzero(record)[::-1]  # from the highest, which is the latest
        place = (early - len(inside)) / len(inside)
        levels.append(inside[early])
        gains.append(np.diff(TRUE_POSITIVE * weight(place) / weight(-1.0), prepend=-MISSED))
    levels.append(scores[outside])
    gains.append(FALSE_POSITIVE * worth[outside])
    return np.concatenate(levels), np.concatenate(gains)


def nab_score(files: list[Scored], threshold: float) -> float:
    """The score at a threshold, rows at or above it being detections: 0 for no detection at all, 100 for perfection."""
    found = sum(gains[levels >= threshold].sum() for levels, gains in map(steps_of, files))
    return float(100 * found / _range(files))


def best_threshold(files: list[Scored]) -> tuple[float, float]:
    """The threshold at which all files together score highest, and that score."""
    levels, gains = (np.concatenate(parts) for parts in zip(*map(steps_of, files), strict=True))
    order = np.argsort(-levels, kind="stable")
    levels, found = levels[order], np.cumsum(gains[order])
    ends = np.flatnonzero(np.r_[levels[1:] < levels[:-1], True])
    best = ends[found[ends].argmax()]
    if found[best] <= 0:
        return float("inf"), 0.0
    return float(levels[best]), float(100 * found[best] / _range(files))


def _range(files: list[Scored]) -> float:
    """From no detection to perfection."""
    return (TRUE_POSITIVE + MISSED) * sum(len(file.windows) for file in files)


def alarms(scores: Floats) -> Floats:
    """The scores of rows that are higher than each of the WAIT rows before, else -infinity."""
    before = np.lib.stride_tricks.sliding_window_view(np.r_[np.full(WAIT, -np.inf), scores], WAIT)[:-1].max(1)
    return np.where(scores > before, scores, -np.inf)


# ---- detectors: the series, its probationary rows, a seed; a score of every row


def detector(values: Floats, probation: int, seed: int) -> Floats:
    return Detector(window="auto", random_state=seed).fit(values[:probation]).anomaly_scores(values)


def windows_of(values: Floats, probation: int) -> NDArray[np.float32]:
    """The window that ends at each row, as Detector sees it."""
    length = open_data(values[:probation], kind="series", each_step=True).schema.shape[0]
    whole = open_data(values, kind="series", window=length, each_step=True).source
    return whole.read(0, whole.n)[..., 0]


def forest(values: Floats, probation: int, seed: int) -> Floats:
    windows = windows_of(values, probation)
    return -IsolationForest(random_state=seed).fit(windows[:probation]).score_samples(windows)


def z_score(values: Floats, probation: int, seed: int) -> Floats:  # noqa: ARG001 - there is no chance in it
    """How many standard deviations a value is off the mean of the window before it."""
    windows = windows_of(values, probation)[:-1]
    least = 1e-3 * values[:probation].std() + 1e-12
    return np.r_[0.0, np.abs(values[1:] - windows.mean(1)) / np.maximum(windows.std(1), least)]


def rare(score: Callable[[Floats, int, int], Floats]) -> Callable[[Floats, int, int], Floats]:
    """The same score by how improbable it is among those before, as Detector's errors are."""

    def found(values: Floats, probation: int, seed: int) -> Floats:
        raw = score(values, probation, seed)
        raw = raw - min(raw.min(), 0.0)
        return improbability(raw / np.sqrt((raw[:probation] ** 2).mean()))

    return found


DETECTORS = {
    "Detector": detector,
    "isolation forest": forest,
    "isolation forest, tail probability": rare(forest),
    "z-score": z_score,
    "z-score, tail probability": rare(z_score),
}


def read(folder: Path) -> list[File]:
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text())
    return [_file(folder, name, windows[name]) for name in sorted(windows)]


def _file(folder: Path, name: str, windows: list[list[str]]) -> File:
    times, values = np.loadtxt(folder / "data" / name, str, delimiter=",", skiprows=1, unpack=True)
    times = times.astype("datetime64[s]")
    places = [np.flatnonzero((times >= np.datetime64(a, "s")) & (times <= np.datetime64(b, "s"))) for a, b in windows]
    probation = int(PROBATION * min(len(values), MOST_ROWS))
    return File(name, values.astype(np.float64), [(int(p[0]), int(p[-1])) for p in places], probation)


def judged(files: list[File], scores: list[Floats]) -> dict[str, float]:
    """The score of all files, each half's own, and the even ones' by the threshold of the odd ones."""
    scored = [Scored(found, file.windows, file.probation) for found, file in zip(scores, files, strict=True)]
    odd, even = scored[::2], scored[1::2]
    threshold, best = best_threshold(odd)
    return {
        "all": best_threshold(scored)[1],
        "odd": best,
        "even": best_threshold(even)[1],
        "even, threshold of the odd": nab_score(even, threshold),
    }


def mean_of(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([run[name] for run in runs])), 1) for name in runs[0]}


def main() -> None:
    options = parser(__doc__)
    files = read(options.parse_args().data / "timeseries" / "nab")
    results: dict[str, dict] = {"files": {"all": len(files), "windows": sum(len(file.windows) for file in files)}}
    for name, detect in DETECTORS.items():
        every, once = [], []
        for seed in range(1 if detect is z_score else SEEDS):
            scores = [detect(file.values, file.probation, seed) for file in files]
            every.append(judged(files, scores))
            once.append(judged(files, [alarms(found) for found in scores]))
        results[name] = {"every row": mean_of(every), "alarms": mean_of(once)}
        results[name]["all, by seed"] = [round(run["all"], 1) for run in once]
        print(name, results[name], flush=True)
    keep("nab", results)


if __name__ == "__main__":
    main()
