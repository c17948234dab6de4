"""Spoken digits made and given back by a VAE of their spectra, as sounds, beside PCA with as many values.

    python benchmarks/spoken.py

Of FSDD takes 5 to 49 are learned and takes 0 to 4 judged, all cut or filled to 6,000 samples. What is judged is the
sound that is written, from which the bands are worked out anew; the judge is a support vector machine that knows the
digits of the takes learned. PCA's codes are drawn from one gaussian a digit. The minutes that are kept are the
processor's.
"""

import tempfile
import time
from pathlib import Path

from common import keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports
import soundfile
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from isthmus import Autoencoder
from isthmus.data import Dataset, open_data
from isthmus.evaluation.samples import spread
from isthmus.generation import generator

SAMPLES = 6000
LATENT = 64
TEST_TAKES = 5
EACH = 30
"""Sounds made of each digit."""


def recordings(path: Path) -> tuple[Dataset, Dataset]:
    """What is learned and what is judged, labelled by the digit."""
    with np.load(path) as arrays, tempfile.TemporaryDirectory() as folder:
        samples, ends, rate = arrays["samples"], arrays["offsets"], int(arrays["sample_rate"])
        for i, (digit, speaker, take) in enumerate(
            zip(arrays["digit"], arrays["speaker"], arrays["index"], strict=True)
        ):
            place = Path(folder) / ("judged" if take < TEST_TAKES else "learned") / str(digit)
            place.mkdir(parents=True, exist_ok=True)
            soundfile.write(place / f"{speaker}_{take}.wav", samples[ends[i] : ends[i + 1]], rate)
        learned = open_data(Path(folder) / "learned", kind="series", window=SAMPLES)
        return learned, open_data(Path(folder) / "judged", schema=learned.schema)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=30, help="of training (default: %(default)s)")
    asked = options.parse_args()
    learned, held = recordings(asked.data / "audio" / "fsdd.npz")
    start = time.process_time()
    model = Autoencoder("vae", LATENT, kind="series", epochs=asked.epochs, validation=0, random_state=0)
    model.fit(learned)
    results = {"learned": learned.n, "judged": held.n, "steps": model.record_["steps"], "values": LATENT}
    results["minutes"] = round((time.process_time() - start) / 60, 1)
    preparation = model.preparation_

    def bands(sounds: np.ndarray) -> np.ndarray:
        return preparation.apply(sounds).reshape(len(sounds), -1).astype(np.float64)

    def as_heard(rows: np.ndarray) -> np.ndarray:
        return bands(preparation.undo(rows.reshape(-1, *preparation.shape)))

    known, true = (bands(data.source.read(0, data.n)) for data in (learned, held))
    judge = make_pipeline(PCA(100, random_state=0), StandardScaler(), SVC(C=10)).fit(known, learned.labels)
    pca = PCA(LATENT, random_state=0).fit(known)
    back = {
        "as recorded": true,
        "its bands, phases guessed": as_heard(true),
        "Isthmus": as_heard(model.reconstruct_prepared(held)),
        "PCA": as_heard(pca.inverse_transform(pca.transform(true))),
    }
    spread_out = ((true - known.mean(0)) ** 2).sum()
    results["given back"] = {
        name: {
            "variance left": float(((rows - true) ** 2).sum() / spread_out),
            "digit right": judge.score(rows, held.labels),
        }
        for name, rows in back.items()
    }
    made, numbers = {"Isthmus": [], "PCA and gaussians": []}, np.random.default_rng(0)
    digits = sorted(set(learned.labels))
    for digit in digits:
        source = generator(model, density="mixture", fitted_to=learned, label=digit)
        made["Isthmus"].append(bands(np.concatenate(list(source.rows(EACH, 0)))))
        codes = pca.transform(known[learned.labels == digit])
        drawn = numbers.multivariate_normal(codes.mean(0), np.cov(codes.T), EACH)
        made["PCA and gaussians"].append(as_heard(pca.inverse_transform(drawn)))
    results["made"] = {
        name: {
            "digit right": judge.score(np.concatenate(rows), np.repeat(digits, EACH)),
            **near(np.concatenate(rows), known),
        }
        for name, rows in made.items()
    }
    keep("spoken", results)


def near(rows: np.ndarray, known: np.ndarray) -> dict[str, float]:
    found = spread(rows, known)
    return {"density": found.density, "coverage": found.coverage}


if __name__ == "__main__":
    main()
