"""Detector trained on one kind alone, judged on others: MNIST digits one against nine.

MNIST: for each of the ten classes, fitted on its training pictures, judged on all 10,000 test pictures (Deep SVDD
0.948, Ruff et al., ICML 2018; OCGAN and ARAE 0.975, Perera et al., CVPR 2019, Salehi et al. 2021). And a detector of
all digits looks at pictures that are none.
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


def strangers(train, test, item) -> dict:
    """P-values of pictures that are no digits, by a detector of all digits, and its error on real ones."""
    detector = Detector(normal_only=True, false_alarms=0.01, random_state=0).fit(train[:20_000])
    noise = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8)
    odd = {"a Fashion-MNIST item": item[None], "a digit upside down": test[:1, ::-1, ::-1], "noise": noise}
    error = detector.autoencoder_.reconstruction_error(test) / test[0].size
    found = {
        "mean squared error of a pixel, test digits": round(float(error.mean()), 5),
        "share of test digits flagged": round(float((detector.anomaly_scores(test) > detector.threshold_).mean()), 4),
    }
    for name, picture in odd.items():
        found[f"{name}: score above the threshold"] = round(
            float(detector.anomaly_scores(picture)[0] - detector.threshold_), 3
        )
    return found


def main() -> None:
    asked = parser(__doc__).parse_args()
    with np.load(asked.data / "images" / "mnist.npz") as mnist:
        train, labels, test, truth = (mnist[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    with np.load(asked.data / "images" / "fashion_mnist_subset.npz") as fashion:
        item = fashion["x_test"][0]
    results = {"strangers": strangers(train, test, item)}
    results["mnist"] = digits(train, labels, test, truth)
    keep("one_class", results)


if __name__ == "__main__":
    main()
