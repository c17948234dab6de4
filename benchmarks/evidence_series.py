"""Heart beats of ECG5000 (500 to learn from, 3,001 to judge by; 140 steps), rebuilt from 8 values a beat.

Every model is fitted to the official training part and judged on the test part, which nothing else sees: squared error
per beat in standardised units. `lstm` reads step by step, `ae` has a weight for every step, PCA is linear. The second
claim is of beats cut short at random: each must give the same codes whatever the padding after its end.
"""

import sys
from pathlib import Path

import numpy as np
from common import keep, parser
from sklearn.decomposition import PCA

from isthmus import Autoencoder

CODE = 8
NOISE = "gaussian:0.3"


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=80, help="of the recurrent models (32 steps each)")
    asked = options.parse_args()
    train, test = beats(asked.data)
    lstm = fitted("lstm", train, epochs=asked.epochs)
    noisy = fitted("lstm", train, epochs=asked.epochs, corruption=NOISE)
    ae = fitted("ae", train)
    errors = {
        "lstm": float(lstm.reconstruction_error(test).mean()),
        "lstm, on its own training part": float(lstm.reconstruction_error(train).mean()),
        f"lstm, corruption {NOISE}": float(noisy.reconstruction_error(test).mean()),
        "ae": float(ae.reconstruction_error(test).mean()),
        "pca": pca_error(train, test, lstm),
        "mean": float(np.square(prepared(lstm, test) - prepared(lstm, train).mean(0)).sum(1).mean()),
    }
    keep(
        "evidence_series",
        {
            "lstm": {
                "claim": f"Test beats of ECG5000 rebuilt from {CODE} values: the recurrent autoencoder does worse than "
                "PCA and than a dense one (ae), and errs less on the few beats it learned from than on others.",
                "figures": errors | {"epochs": asked.epochs},
            },
            "lstm, padding": {
                "claim": "Codes of beats cut short at random don't depend on the padding after their end.",
                "figures": {"largest difference": padding_difference(train, test)},
            },
        },
    )


def beats(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    path = folder / "timeseries" / "ecg5000.npz"
    if not path.exists():
        sys.exit(f"{path}: no ECG5000 there; name the folder of data sets with --data")
    with np.load(path) as arrays:
        return arrays["x_train"], arrays["x_test"]


def fitted(recipe: str, train: np.ndarray, **options) -> Autoencoder:
    return Autoencoder(recipe, CODE, kind="series", validation=0, random_state=0, **options).fit(train)


def prepared(model: Autoencoder, x: np.ndarray) -> np.ndarray:
    return model.preparation_.apply(x[..., None])[..., 0].astype(np.float64)


def pca_error(train: np.ndarray, test: np.ndarray, model: Autoencoder) -> float:
    known, judge = prepared(model, train), prepared(model, test)
    pca = PCA(CODE, svd_solver="full").fit(known)
    return float(np.square(judge - pca.inverse_transform(pca.transform(judge))).sum(1).mean())


def padding_difference(train: np.ndarray, test: np.ndarray) -> float:
    """The largest difference between codes of short beats as they are, and padded to the full length."""
    ends = np.random.default_rng(0).integers(60, 141, len(train))
    short = [beat[:end] for beat, end in zip(train, ends, strict=True)]
    model = fitted("lstm", short, epochs=2)
    cut = test[:100, :80]
    padded = np.full((100, 140), np.nan, np.float32)
    padded[:, :80] = cut
    return float(np.abs(model.transform(cut) - model.transform(padded)).max())


if __name__ == "__main__":
    main()
