"""Denoising of tables: gaussian noise of half a standard deviation on rows not learned, RMSE beside PCA.

    python benchmarks/denoise_tables.py                       five tables of ADBench, three seeds each
    python benchmarks/denoise_tables.py --tables 47_yeast     some of them

An ae of as many code values as columns learns to undo this noise (`--corruption gaussian:0.5`). PCA is scikit-learn's,
fitted to the same clean learned rows, its components as many as take most of the noise from them. Of each table at most
2,000 rows are taken, drawn by the seed; seven tenths are learned. All is in standard deviations of the learned rows.
"""

import time

from common import keep, kept, parser

import numpy as np  # isort: skip - after isthmus, which common imports

from impute import SEEDS, TABLES, parts, table

from isthmus import Autoencoder
from isthmus.jobs.clean_table import pca_of

NAME = "denoise_tables"
NOISE = 0.5


def rmse(found: np.ndarray, rows: np.ndarray) -> float:
    return float(np.sqrt(((found - rows) ** 2).mean()))


def components(learned: np.ndarray, rng: np.random.Generator) -> int:
    """How many of PCA's components take most of the noise from learned rows."""
    noisy = learned + NOISE * rng.standard_normal(learned.shape)
    each = range(1, learned.shape[1] + 1)
    return min(each, key=lambda count: rmse(pca_of(learned, noisy, count), learned))


def errors(X: np.ndarray, seed: int) -> dict[str, float]:
    """RMSE of every method on one split."""
    rng = np.random.default_rng(seed)
    learned, judged = parts(X, rng)
    noisy = judged + NOISE * rng.standard_normal(judged.shape)
    count = components(learned, rng)
    model = Autoencoder("ae", learned.shape[1], corruption=f"gaussian:{NOISE}", random_state=seed).fit(learned)
    found = {"Isthmus": model.reconstruct(noisy), "PCA": pca_of(learned, noisy, count), "as it is": noisy}
    return {method: rmse(x, judged) for method, x in found.items()} | {"components": count}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tables", nargs="+", default=TABLES, help="(default: all five)")
    asked = options.parse_args()
    for name in asked.tables:
        start, X = time.perf_counter(), table(name, asked.data)
        found = [errors(X, seed) for seed in range(SEEDS)]
        means = {method: round(float(np.mean([f[method] for f in found])), 4) for method in found[0]}
        about = {"shape": list(X.shape), "rmse": means, "seconds": round(time.perf_counter() - start)}
        keep(NAME, kept(NAME) | {name: about})


if __name__ == "__main__":
    main()
