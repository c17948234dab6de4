"""Synthetic rows of five tables: what they are worth to learn from, and how near they are, beside TVAE and baselines.

    python benchmarks/tables.py                       five tables, two seeds
    python benchmarks/tables.py --tables wine --seeds 1

Three tables are scikit-learn's, two of ADBench, chosen for their many anomalies before any figure was seen; of each at
most 2,000 rows are taken. Seven tenths are learned, the rest judged on: `train_on_synthetic` learns the label of as
many made rows as there were learned ones. Nothing was chosen by these tables: recipe and defaults were settled on Pima,
iris, annthyroid and landsat.

TVAE (Xu et al., NeurIPS 2019) is of the package ctgan: pip install -c constraints.txt -e '.[bench]'. Where it isn't
installed the script says so and goes on without it. It gets as many epochs as take the processor time of our fit on one
thread, in the same process, by the time that its 20th to 40th epoch took; all else as it comes. Labels are categories
to all, drawn with the row.

The baselines: each column drawn by itself; of the columns standardised and one-hot a gaussian, a mixture of ten, a
probabilistic PCA with as many components as hold 90% of the variance; and a gaussian of the columns bent to be normal
(a gaussian copula). All are fitted to the same rows. Copies are the share of made rows whose nearest real row was
learned, of learned rows and equally many others; `evaluation.copies_error` is their error.
"""

import json
import time

from common import RESULTS, keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports
import pandas as pd
import torch
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from isthmus import Autoencoder, open_data
from isthmus.data import chunks, fit_preparation, restore
from isthmus.evaluation import column_distances, copies, copies_error, pair_distances, train_on_synthetic
from isthmus.generation import generate

try:
    from ctgan import TVAE
except ImportError:
    TVAE = None

NAME = "tables"
TABLES = ("breast_cancer", "wine", "digits", "6_cardio", "27_PageBlocks")
SEEDS = 2
MOST = 2000
LABEL = "label"


def table(name: str, folder) -> pd.DataFrame:
    """Complete rows with their label, whole numbers as such; columns of one value are left out."""
    if name[0].isdigit():
        with np.load(folder / "adbench" / f"{name}.npz") as arrays:
            X, y = arrays["X"].astype(float), arrays["y"]
    else:
        found = getattr(datasets, f"load_{name}")()
        X, y = found.data, found.target
    X = X[:, X.std(0) > 0]
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    whole = {column: "int64" for column in frame if (frame[column] % 1 == 0).all()}
    return frame.astype(whole).assign(**{LABEL: [f"class {int(label)}" for label in y]})


def split(rows: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = rows.sample(n=min(len(rows), MOST), random_state=seed).reset_index(drop=True)
    cut = int(0.7 * len(rows))
    return rows[:cut].reset_index(drop=True), rows[cut:].reset_index(drop=True)


def ours(learned: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, float]:
    began = time.process_time()
    model = Autoencoder("tabular", random_state=seed).fit(learned)
    seconds = time.process_time() - began
    return generate(model, len(learned), random_state=seed), seconds


def tvae(learned: pd.DataFrame, seconds: float, seed: int) -> tuple[pd.DataFrame, float, int]:
    """Rows of TVAE, fitted in this time; the time that it took, and its epochs."""
    took = {}
    for epochs in (20, 40):
        _, took[epochs] = _tvae(learned, epochs, seed)
    each = max((took[40] - took[20]) / 20, 1e-3)
    epochs = max(1, round(40 + (seconds - took[40]) / each))
    model, found = _tvae(learned, epochs, seed)
    return model.sample(len(learned)), found, epochs


def _tvae(learned: pd.DataFrame, epochs: int, seed: int):
    torch.manual_seed(seed)
    np.random.seed(seed)  # what ctgan draws by
    began = time.process_time()
    model = TVAE(epochs=epochs, enable_gpu=False)
    model.fit(learned, [LABEL])
    return model, time.process_time() - began


def baselines(learned: pd.DataFrame, seed: int) -> dict[str, pd.DataFrame]:
    rng, n = np.random.default_rng(seed), len(learned)
    data = open_data(learned)
    raw = data.source.read(0, n)
    plain, bent = (fit_preparation(data.schema, chunks(data.source), quantiles=bend) for bend in (False, True))
    x, scores = plain.apply(raw).astype(float), bent.apply(raw).astype(float)

    def rows(prepared: np.ndarray, preparation) -> pd.DataFrame:
        numbers = np.clip(preparation.undo(prepared), plain.lows, plain.highs)
        return restore(numbers, data.schema, "pandas")

    def gaussian(cells: np.ndarray) -> np.ndarray:
        return rng.multivariate_normal(cells.mean(0), np.cov(cells.T), n, method="eigh")

    mixture = GaussianMixture(min(10, n // (2 * x.shape[1]) or 1), reg_covar=1e-4, random_state=seed).fit(x)
    pca = PCA(0.9, svd_solver="full").fit(x)
    covariance = pca.get_covariance()
    probabilistic = rng.multivariate_normal(pca.mean_, covariance, n, method="eigh")
    return {
        "each column by itself": learned.apply(lambda c: c.sample(n, replace=True, random_state=rng).to_numpy()),
        "gaussian": rows(gaussian(x), plain),
        "gaussian mixture": rows(mixture.sample(n)[0], plain),
        "probabilistic PCA": rows(probabilistic, plain),
        "gaussian copula": rows(gaussian(scores), bent),
    }


def judged(made: pd.DataFrame, learned: pd.DataFrame, tested: pd.DataFrame, seed: int) -> dict[str, float]:
    data, k = open_data(learned), min(len(learned), len(tested))
    preparation = fit_preparation(data.schema, chunks(data.source))

    def cells(rows: pd.DataFrame) -> np.ndarray:
        opened = open_data(rows, schema=data.schema)
        return preparation.apply(opened.source.read(0, opened.n))

    near = (cells(made), cells(learned[:k]), cells(tested[:k]))
    useful = train_on_synthetic(made, learned, tested, LABEL, seed=seed)
    upper = np.triu_indices(learned.shape[1], 1)
    return {
        "tstr": useful.synthetic,
        "trtr": useful.real,
        "columns": float(column_distances(made, tested).mean()),
        "pairs": float(pair_distances(made, tested)[upper].mean()),
        "copies": copies(*near),
        "copies error": copies_error(*near),
    }


def one(rows: pd.DataFrame, seed: int) -> dict[str, dict[str, float]]:
    """Every way's figures on one split."""
    learned, tested = split(rows, seed)
    made, seconds = ours(learned, seed)
    ways, about = {"Isthmus": made}, {"Isthmus": {"seconds": seconds}}
    if TVAE is not None:
        ways["TVAE"], took, epochs = tvae(learned, seconds, seed)
        about["TVAE"] = {"seconds": took, "epochs": epochs}
    ways |= baselines(learned, seed)
    return {name: judged(made, learned, tested, seed) | about.get(name, {}) for name, made in ways.items()}


def mean(found: list[dict[str, float]]) -> dict[str, float]:
    """Of seeds, which are independent: an error of a mean is the root of the sum of squares over their number."""
    figures = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
    error = np.sqrt(np.sum([each["copies error"] ** 2 for each in found])) / len(found)
    return {key: round(value, 4) for key, value in (figures | {"copies error": float(error)}).items()}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--tables", nargs="+", default=TABLES)
    options.add_argument("--seeds", type=int, default=SEEDS)
    asked = options.parse_args()
    torch.set_num_threads(1)
    if TVAE is None:
        print("ctgan isn't installed: without TVAE (pip install ctgan)")
    path = RESULTS / f"{NAME}.json"
    kept = json.loads(path.read_text())["tables"] if path.exists() else {}
    for name in asked.tables:
        rows = table(name, asked.data)
        found = [one(rows, seed) for seed in range(asked.seeds)]
        kept[name] = {way: mean([each[way] for each in found]) for way in found[0]}
        kept[name]["about"] = {"rows": min(len(rows), MOST), "columns": rows.shape[1], "seeds": asked.seeds}
        keep(NAME, {"tables": kept})


if __name__ == "__main__":
    main()
