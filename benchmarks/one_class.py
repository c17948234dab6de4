"""Detector trained on one kind alone, judged on others: MNIST digits one against nine.

MNIST: for each of the ten classes, fitted on its training pictures, judged on all 10,000 test pictures (Deep SVDD
0.948, Ruff et al., ICML 2018; OCGAN and ARAE 0.975, Perera et al., CVPR 2019, Salehi et al. 2021).
"""

import time

import numpy as np
from common import keep, parser
from sklearn.metrics import roc_auc_score

from isthmus import Detector


def digits(train, labels, test, truth) -> dict:
    found, start = {}, time.perf_counter()
    for digit in range(10):
        detector = Detector(normal_only=True, random_state=0).fit(train[labels == digit])
        found[str(digit)] = round(float(roc_auc_score(truth != digit, detector.anomaly_scores(test))), 4)
        print(digit, found[str(digit)], f"{time.perf_counter() - start:.0f} s", flush=True)
    return {
        "auroc": found,
        "mean": round(float(np.mean(list(found.values()))), 4),
        "seconds": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    asked = parser(__doc__).parse_args()
    with np.load(asked.data / "images" / "mnist.npz") as mnist:
        train, labels, test, truth = (mnist[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    keep("one_class", {"mnist": digits(train, labels, test, truth)})


if __name__ == "__main__":
    main()
