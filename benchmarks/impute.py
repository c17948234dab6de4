"""Imputation of tables: a fifth of the cells of held-out rows removed at random, RMSE beside scikit-learn's imputers.

    python benchmarks/impute.py                       five complete tables, three seeds each
    python benchmarks/impute.py --tables diabetes     some of them

The recipe, a vae with as many code values as columns that learns under masking, was chosen on other tables (wine,
breast-cancer, Pima, Waveform, thyroid; `--tuned` runs these). Of each table at most 2,000 rows are taken, drawn by the
seed; seven tenths are learned, and removed cells of the rest are judged in the standard deviations of the learned.
The imputers are fitted to the same rows, as they come.
"""

import json
import time

from common import RESULTS, keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from sklearn import datasets

from isthmus import Autoencoder
from isthmus.jobs.inpaint import impute
from isthmus.restoration import inpaint

NAME = "impute"
TABLES = ("diabetes", "4_breastw", "47_yeast", "6_cardio", "19_landsat")
TUNED = ("wine", "breast_cancer", "29_Pima", "41_Waveform", "38_thyroid")
SEEDS = 3
MOST = 2000
REMOVED = 0.2


def table(name: str, folder) -> np.ndarray:
    """Complete rows; columns of one value are left out."""
    if name[0].isdigit():
        with np.load(folder / "adbench" / f"{name}.npz") as arrays:
            X = arrays["X"].astype(float)
    else:
        X = getattr(datasets, f"load_{name}")().data
    return X[:, X.std(0) > 0]


def errors(X: np.ndarray, seed: int) -> dict[str, float]:
    """RMSE of every method on one split."""
    rng = np.random.default_rng(seed)
    X = X[rng.permutation(len(X))[:MOST]]
    learned, judged = np.split(X, [int(0.7 * len(X))])
    scale = learned.std(0)
    learned, judged = learned[:, scale > 0], judged[:, scale > 0]
    mean, scale = learned.mean(0), scale[scale > 0]
    learned, judged = (learned - mean) / scale, (judged - mean) / scale
    removed = rng.random(judged.shape) < REMOVED
    removed[removed.all(1), 0] = False
    gappy = np.where(removed, np.nan, judged)
    model = Autoencoder("vae", learned.shape[1], corruption="masking:0.2", random_state=seed).fit(learned)
    filled = {"Isthmus": inpaint(model, gappy).filled, **impute(learned, gappy)}
    return {method: float(np.sqrt(((x - judged)[removed] ** 2).mean())) for method, x in filled.items()}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tables", nargs="+", default=TABLES, choices=TABLES + TUNED, help="(default: all five)")
    options.add_argument("--tuned", action="store_true", help="the tables that the recipe was chosen on, kept apart")
    asked = options.parse_args()
    key = "tuned on" if asked.tuned else "not looked at"
    for name in TUNED if asked.tuned else asked.tables:
        start, X = time.perf_counter(), table(name, asked.data)
        found = [errors(X, seed) for seed in range(SEEDS)]
        means = {method: round(float(np.mean([f[method] for f in found])), 4) for method in found[0]}
        about = {"shape": list(X.shape), "seconds": round(time.perf_counter() - start)}
        spread = {"Isthmus by seed": [round(f["Isthmus"], 4) for f in found]}
        kept = json.loads((RESULTS / f"{NAME}.json").read_text()) if (RESULTS / f"{NAME}.json").exists() else {}
        kept[key] = kept.get(key, {}) | {name: means | spread | about}
        keep(NAME, kept)


if __name__ == "__main__":
    main()
