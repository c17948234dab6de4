"""Imputation of tables: a fifth of the cells of held-out rows removed at random, RMSE beside scikit-learn's imputers.

    python benchmarks/impute.py                       five complete tables, three seeds each
    python benchmarks/impute.py --tables 47_yeast     some of them

A linear vae of as many code values as columns is fitted to the learned rows. Its search for a code is mixed with what
the learned rows hold where they agree (`blend`), in shares weighed on cells hidden from learned rows. This way was
settled on other tables (diabetes, wine, Pima, thyroid, breast-cancer; `--tuned` runs some of these). Of each table at
most 2,000 rows are taken, drawn by the seed; seven tenths are learned, and removed cells of the rest are judged in the
standard deviations of the learned. The imputers are fitted to the same rows, and go ten rounds.
"""

import time

from common import keep, kept, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from sklearn import datasets

from isthmus import Autoencoder
from isthmus.jobs.inpaint import impute
from isthmus.restoration import inpaint

NAME = "impute"
TABLES = ("4_breastw", "39_vertebral", "47_yeast", "6_cardio", "19_landsat")
TUNED = ("diabetes", "breast_cancer", "38_thyroid")
SEEDS = 3
MOST = 2000
REMOVED = 0.2
STEPS, BATCH = 16000, 32
"""Of training: with four times the usual number the search came up to the iterative imputer on diabetes."""


def table(name: str, folder) -> np.ndarray:
    """Complete rows; columns of one value are left out."""
    if name[0].isdigit():
        with np.load(folder / "adbench" / f"{name}.npz") as arrays:
            X = arrays["X"].astype(float)
    else:
        X = getattr(datasets, f"load_{name}")().data
    return X[:, X.std(0) > 0]


def parts(X: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Seven rows in ten to learn from, and the others, of 2,000 at most; standardised by the first."""
    X = X[rng.permutation(len(X))[:MOST]]
    learned, judged = np.split(X, [int(0.7 * len(X))])
    varies = learned.std(0) > 0
    mean, scale = learned[:, varies].mean(0), learned[:, varies].std(0)
    return (learned[:, varies] - mean) / scale, (judged[:, varies] - mean) / scale


def removed_from(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A fifth of the cells, but never a whole row."""
    removed = rng.random(rows.shape) < REMOVED
    removed[removed.all(1), 0] = False
    return removed


def rmse(filled: np.ndarray, rows: np.ndarray, removed: np.ndarray) -> float:
    return float(np.sqrt(((filled - rows)[removed] ** 2).mean()))


def errors(X: np.ndarray, seed: int) -> dict[str, float]:
    """RMSE of every method on one split."""
    rng = np.random.default_rng(seed)
    learned, judged = parts(X, rng)
    removed = removed_from(judged, rng)
    gappy = np.where(removed, np.nan, judged)
    epochs = round(STEPS / np.ceil(len(learned) / BATCH))
    model = Autoencoder(
        "vae", learned.shape[1], hidden=(), epochs=epochs, batch_size=BATCH, patience=None, random_state=seed
    ).fit(learned)
    ways = {"Isthmus": {"like": learned, "blend": True}, "Isthmus, search alone": {}}
    filled = {way: inpaint(model, gappy, **options).filled for way, options in ways.items()}
    return {method: rmse(x, judged, removed) for method, x in (filled | impute(learned, gappy)).items()}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tables", nargs="+", default=TABLES, choices=TABLES + TUNED, help="(default: all five)")
    options.add_argument("--tuned", action="store_true", help="the tables that the recipe was chosen on, kept apart")
    asked = options.parse_args()
    key = "settled on" if asked.tuned else "new"
    for name in TUNED if asked.tuned else asked.tables:
        start, X = time.perf_counter(), table(name, asked.data)
        found = [errors(X, seed) for seed in range(SEEDS)]
        means = {method: round(float(np.mean([f[method] for f in found])), 4) for method in found[0]}
        about = {
            "shape": list(X.shape),
            "rmse": means,
            "Isthmus by seed": [round(f["Isthmus"], 4) for f in found],
            "iterative by seed": [round(f["iterative"], 4) for f in found],
            "seconds": round(time.perf_counter() - start),
        }
        before = kept(NAME)
        keep(NAME, before | {key: before.get(key, {}) | {name: about}})


if __name__ == "__main__":
    main()
