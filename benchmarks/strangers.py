"""A detector of MNIST's digits that is shown what is none: Fashion-MNIST, digits upside down, noise.

Fitted on 20,000 training pictures of all ten digits, judged on 1,000 test digits beside 1,000 of each kind of stranger.
Only the digits 3, 4 and 7 are turned: the others have a meaning upside down.
"""

import numpy as np
from common import keep, parser
from sklearn.metrics import roc_auc_score

from isthmus import Detector

EACH = 1000
TURNED = (3, 4, 7)


def main() -> None:
    asked = parser(__doc__).parse_args()
    with np.load(asked.data / "images" / "mnist.npz") as mnist:
        train, test, truth = (mnist[name] for name in ("x_train", "x_test", "y_test"))
    with np.load(asked.data / "images" / "fashion_mnist_subset.npz") as fashion:
        items = fashion["x_test"][:EACH]
    detector = Detector(normal_only=True, false_alarms=0.01, random_state=0).fit(train[:20_000])
    scores = detector.anomaly_scores(test)
    strangers = {
        "Fashion-MNIST": items,
        "digits upside down": test[np.isin(truth, TURNED)][:EACH, ::-1, ::-1],
        "noise": np.random.default_rng(0).integers(0, 256, items.shape, np.uint8),
    }
    auroc = {}
    for name, pictures in strangers.items():
        both = np.concatenate([scores[:EACH], detector.anomaly_scores(pictures)])
        auroc[name] = round(float(roc_auc_score(np.arange(2 * EACH) >= EACH, both)), 4)
    error = detector.autoencoder_.reconstruction_error(test).mean() / test[0].size
    flagged = float((scores > detector.threshold_).mean())
    figures = {"squared error of a pixel, test digits": round(float(error), 5), "flagged": round(flagged, 4)}
    keep("strangers", {"auroc": auroc} | figures)


if __name__ == "__main__":
    main()
