"""Heart beats of ECG5000: Detector and its peers, fitted on normal beats alone, judged on the test part.

"held out" is how a change of the defaults is to be judged: fitted on 200 of the training part's normal beats, judged on
its others and its abnormal ones. The test part is looked at once, by what the defaults then are.
"""

import sys

import numpy as np
from common import keep, parser
from sklearn.metrics import roc_auc_score

from isthmus import Detector
from isthmus.jobs.detect import classical

SEEDS = 3
LEARNED = 200


def judged(normal, rows, strange) -> dict[str, float]:
    """AUROC of each detector, the mean over seeds."""
    ours = [Detector(normal_only=True, kind="series", random_state=seed).fit(normal) for seed in range(SEEDS)]
    by_seed = [round(float(roc_auc_score(strange, detector.anomaly_scores(rows))), 4) for detector in ours]
    peers = {name: round(float(roc_auc_score(strange, found)), 4) for name, found in classical(normal, rows).items()}
    return {"Detector": round(float(np.mean(by_seed)), 4), **peers, "Detector by seed": by_seed}


def main() -> None:
    path = parser(__doc__).parse_args().data / "timeseries" / "ecg5000.npz"
    if not path.exists():
        sys.exit(f"{path}: no ECG5000 there; name the folder of data sets with --data")
    with np.load(path) as ecg:
        train, kinds, test, truth = (ecg[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    normal = np.random.default_rng(0).permutation(train[kinds == 1])
    rest = np.concatenate([normal[LEARNED:], train[kinds != 1]])
    results = {
        "beats": {"training": len(train), "normal": len(normal), "test": len(test)},
        "held out": judged(normal[:LEARNED], rest, np.arange(len(rest)) >= len(normal) - LEARNED),
        "test": judged(train[kinds == 1], test, truth != 1),
    }
    keep("ecg5000", results)


if __name__ == "__main__":
    main()
