"""Detector on a table of 1,000,000 rows of 30 numbers: time to fit and to score, and peak memory.

The rows come from the table `11_donors` of ADBench (619,326 rows, 10 columns), three of its rows side by side, each
drawn at random, so that neither columns nor values are made up. The peak is the kernel's own figure (ru_maxrss).
"""

import resource
import time

import numpy as np
from common import keep, parser

from isthmus import Detector

ROWS, BESIDE = 1_000_000, 3
REPEATS = 5


def main() -> None:
    asked = parser(__doc__).parse_args()
    with np.load(asked.data / "adbench" / "11_donors.npz") as arrays:
        table = arrays["X"].astype(np.float32)
    rng = np.random.default_rng(0)
    x = np.concatenate([table[rng.integers(0, len(table), ROWS)] for _ in range(BESIDE)], 1)
    del table
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    detector = Detector(random_state=0).fit(x)
    fitted = time.perf_counter() - start
    scored = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        detector.anomaly_scores(x)
        scored.append(time.perf_counter() - start)
    keep(
        "million",
        {
            "shape": list(x.shape),
            "fit, which scores too, s": round(fitted, 1),
            "rows scored per second, best": round(ROWS / min(scored)),
            "rows scored per second, median": round(ROWS / float(np.median(scored))),
            "data, MB": round(x.nbytes / 1e6),
            "peak before, MB": round(before / 1e3),
            "peak, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        },
    )


if __name__ == "__main__":
    main()
