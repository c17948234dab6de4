"""Detector beside PyOD's detectors on ADBench's tables: AUROC and average precision of rows that no fit has seen.

Two protocols: `contaminated`, where all of the training part is fitted, anomalies too, and `clean`, its normal rows
alone (Detector is told so: normal_only). 70/30, stratified, three seeds; tables of more than 10,000 rows are cut down
to so many at random, as in ADBench (Han et al., NeurIPS 2022). Every detector gets the same columns, standardised by
the training part, and its own defaults. Defaults of Detector were chosen on the odd-numbered tables; the
even-numbered ones count.

Each fit is kept in a cache as it is done, so a run that was cut off goes on.
"""

import json
import time
import warnings
from pathlib import Path

import numpy as np
from common import keep, parser
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from isthmus import Detector

MOST_ROWS = 10_000
SEEDS = range(3)
PROTOCOLS = ("contaminated", "clean")
OURS = "Isthmus Detector"
CACHE = Path(__file__).parent / "adbench-cache"


def peers() -> dict:
    """PyOD's detectors by name, and what they must be told; all else is left at its default."""
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.models.copod import COPOD
    from pyod.models.deep_svdd import DeepSVDD
    from pyod.models.ecod import ECOD
    from pyod.models.hbos import HBOS
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF
    from pyod.models.pca import PCA
    from pyod.models.vae import VAE

    net = ("random_state", "verbose")
    return {
        "PyOD AutoEncoder": (AutoEncoder, net),
        "PyOD VAE": (VAE, net),
        "PyOD DeepSVDD": (DeepSVDD, (*net, "n_features")),
        "PyOD IForest": (IForest, ("random_state",)),
        "PyOD ECOD": (ECOD, ()),
        "PyOD COPOD": (COPOD, ()),
        "PyOD LOF": (LOF, ()),
        "PyOD HBOS": (HBOS, ()),
        "PyOD PCA": (PCA, ("random_state",)),
        "PyOD KNN": (KNN, ()),
    }


def halves(x: np.ndarray, y: np.ndarray, seed: int, protocol: str):
    """Training rows, test rows and the test rows' labels, standardised."""
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(x))[:MOST_ROWS]
    x, y = x[some], y[some]
    training = np.zeros(len(y), bool)
    for kind in (0, 1):
        rows = np.flatnonzero(y == kind)
        training[rows[: round(0.7 * len(rows))]] = True
    fitted = x[training & (y == 0)] if protocol == "clean" else x[training]
    scaler = StandardScaler().fit(fitted)
    return scaler.transform(fitted), scaler.transform(x[~training]), y[~training]


def trial(name: str, make, fitted: np.ndarray, judged: np.ndarray, truth: np.ndarray, protocol: str, seed: int) -> dict:
    start = time.perf_counter()
    if name == OURS:
        detector = Detector(normal_only=protocol == "clean", random_state=seed).fit(fitted)
        scores = detector.anomaly_scores(judged)
    else:
        kind, told = make
        given = {"random_state": seed, "verbose": 0, "n_features": fitted.shape[1]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            detector = kind(**{name: given[name] for name in told})
            scores = detector.fit(fitted).decision_function(judged)
    seconds = time.perf_counter() - start
    scores = np.nan_to_num(scores, nan=0.0)
    return {
        "auroc": float(roc_auc_score(truth, scores)),
        "ap": float(average_precision_score(truth, scores)),
        "seconds": round(seconds, 3),
    }


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--cache", type=Path, default=CACHE, help="folder of the fits done")
    options.add_argument("--only", nargs="*", help="detectors, by a part of their names")
    options.add_argument("--odd", action="store_true", help="odd-numbered tables alone, for choosing defaults")
    asked = options.parse_args()
    asked.cache.mkdir(exist_ok=True)
    tables = sorted((asked.data / "adbench").glob("*.npz"), key=lambda path: int(path.stem.split("_")[0]))
    tables = [path for path in tables if not asked.odd or int(path.stem.split("_")[0]) % 2]
    detectors = {OURS: None} | peers()
    if asked.only:
        detectors = {name: make for name, make in detectors.items() if any(word in name for word in asked.only)}
    for path in tables:
        with np.load(path) as arrays:
            x, y = arrays["X"].astype(np.float64), arrays["y"].astype(int)
        for protocol in PROTOCOLS:
            for seed in SEEDS:
                run_all(asked.cache, path.stem, detectors, x, y, protocol, seed)
    wanted, found = {path.stem for path in tables}, {}
    for name in detectors:
        entries = map(json.loads, (asked.cache / f"{name}.jsonl").read_text().splitlines())
        found[name] = [entry for entry in entries if entry["table"] in wanted]
    if not (asked.only or asked.odd):
        keep("adbench", summary(found))
    else:
        print(json.dumps(summary(found), indent=1))


def run_all(cache: Path, table: str, detectors: dict, x, y, protocol: str, seed: int) -> None:
    """What isn't in the cache yet of one split, by one detector after the other."""
    parts = None
    for name, make in detectors.items():
        file, key = cache / f"{name}.jsonl", {"table": table, "protocol": protocol, "seed": seed}
        lines = file.read_text().splitlines() if file.exists() else []
        if any(key.items() <= json.loads(line).items() for line in lines):
            continue
        parts = parts or halves(x, y, seed, protocol)
        entry = key | trial(name, make, *parts, protocol, seed)
        with file.open("a") as out:
            out.write(json.dumps(entry) + "\n")


def summary(found: dict) -> dict:
    """Means over tables (of means over seeds), ranks, intervals of the difference to ours, seconds."""
    results: dict = {"tables": 0}
    for part, kinds in {"all": (0, 1), "even": (0,), "odd": (1,)}.items():
        for protocol in PROTOCOLS:
            means = {
                name: {figure: by_table(entries, protocol, figure, kinds) for figure in ("auroc", "ap")}
                for name, entries in found.items()
            }
            results[f"{part}, {protocol}"] = compared(means)
    results["tables"] = len({entry["table"] for entries in found.values() for entry in entries})
    results["seconds"] = {name: round(sum(entry["seconds"] for entry in entries), 1) for name, entries in found.items()}
    return results


def by_table(entries: list, protocol: str, figure: str, kinds: tuple) -> np.ndarray:
    chosen = [e for e in entries if e["protocol"] == protocol and int(e["table"].split("_")[0]) % 2 in kinds]
    tables = sorted({e["table"] for e in chosen})
    return np.array([np.mean([e[figure] for e in chosen if e["table"] == table]) for table in tables])


def compared(means: dict) -> dict:
    """By detector: mean AUROC and AP, mean rank by AUROC, and ours minus it with a paired bootstrap interval."""
    names = list(means)
    auroc = np.array([means[name]["auroc"] for name in names])
    ranks = rankdata(-auroc, axis=0)
    rng, found = np.random.default_rng(0), {}
    for i, name in enumerate(names):
        found[name] = {
            "auroc": round(float(auroc[i].mean()), 4),
            "ap": round(float(means[name]["ap"].mean()), 4),
            "rank": round(float(ranks[i].mean()), 2),
        }
        if OURS in names and name != OURS:
            for figure in ("auroc", "ap"):
                gain = means[OURS][figure] - means[name][figure]
                drawn = gain[rng.integers(0, len(gain), (2000, len(gain)))].mean(1)
                low, high = np.percentile(drawn, [2.5, 97.5])
                found[name][f"ours minus it, {figure}"] = [round(float(v), 4) for v in (gain.mean(), low, high)]
    return found


if __name__ == "__main__":
    main()
