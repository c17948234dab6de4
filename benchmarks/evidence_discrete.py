"""Discrete codes and masked patches on MNIST: fitted on training pictures, judged on test pictures.

- vq, fsq: how much of the codebook test codes use, over three seeds (the worst is kept).
- binary: how far from 1/2 the bits' chances are, and how evenly the bits fall.
- masked: accuracy of a logistic regression on the codes, beside ae's codes of equal length, and PCA's. Each network is
  the library's choice for its recipe, and gets as many epochs as fit into equal processor time (by the clock, a busy
  machine would favour one of them).
"""

import time

import numpy as np
import torch
from common import keep, mnist, parser
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from isthmus import Autoencoder
from isthmus.parts.discrete import codebook_use

SEEDS = (0, 1, 2)
LATENT = 32
ROWS = 10_000
SMALL = (256, 128)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=15, help="passes over the pictures by each discrete model")
    options.add_argument("--seconds", type=float, default=35.0, help="processor time of masked, and of ae")
    asked = options.parse_args()
    train, test = mnist(asked.data)
    train = train[:ROWS]
    with np.load(asked.data / "images" / "mnist.npz") as arrays:
        labels = arrays["y_train"], arrays["y_test"]
    keep(
        "evidence_discrete",
        {
            "vq": use(train, test, "vq", {"codebook": 256}, 256, asked.epochs),
            "fsq": use(train, test, "fsq", {"levels": 5}, 5, asked.epochs),
            "binary": bits(train, test, asked.epochs),
            "masked": probe(train, test, labels, asked.seconds),
        },
    )


def fit(recipe: str, x: np.ndarray, epochs: int, seed: int = 0, hidden=None, **options) -> Autoencoder:
    return Autoencoder(
        recipe, LATENT, epochs=epochs, hidden=hidden, validation=0, precision="float32", random_state=seed,
        options=options,
    ).fit(x)  # fmt: skip


def use(train, test, recipe: str, options: dict, entries: int, epochs: int) -> dict:
    figures = []
    for seed in SEEDS:
        model = fit(recipe, train, epochs, seed, SMALL, **options)
        found = codebook_use(torch.from_numpy(model.indices(test)), entries)
        error = float(model.reconstruction_error(test).mean())
        figures.append((found.used, found.perplexity, float(found.slot_perplexity_S.min()), error))
        print(recipe, seed, figures[-1], flush=True)
    used, perplexity, slot, error = np.array(figures).T
    return {
        "claim": f"How the {entries} entries are used by test pictures: the worst of {len(SEEDS)} seeds.",
        "figures": {
            "least share of entries used": used.min(),
            "least perplexity": perplexity.min(),
            "least perplexity of one place": slot.min(),
            "bits a picture": LATENT / (4 if recipe == "vq" else 1) * float(np.log2(entries)),
            "largest squared error": error.max(),
        },
    }


def bits(train, test, epochs: int) -> dict:
    figures = {}
    for kind in ("noise", "straight"):
        model = fit("binary", train, epochs, 0, SMALL, kind=kind)
        x = torch.from_numpy(model.preparation_.apply(test[..., None]))
        with torch.no_grad():
            chance = model.model_.h(x, None).sigmoid()
        mean = model.indices(test).mean(0)
        figures |= {
            f"{kind}: share of chances outside 0.1 to 0.9": float(((chance < 0.1) | (chance > 0.9)).float().mean()),
            f"{kind}: mean of all bits": float(mean.mean()),
            f"{kind}: least even bit's mean": float(mean[abs(mean - 0.5).argmax()]),
            f"{kind}: squared error from bits alone": float(model.reconstruction_error(test).mean()),
        }
        print(figures, flush=True)
    return {
        "claim": "How often a bit's chance is near 0 or 1, and how evenly bits divide the test pictures.",
        "figures": figures,
    }


def probe(train, test, labels, seconds: float) -> dict:
    pca = PCA(LATENT, random_state=0).fit(train.reshape(len(train), -1) / 255.0)
    codes = {"PCA": tuple(pca.transform(x.reshape(len(x), -1) / 255.0) for x in (train, test))}
    figures = {}
    for recipe in ("ae", "masked"):
        epochs = max(1, round(seconds / timed(recipe, train, 1)[0]))
        spent, model = timed(recipe, train, epochs)
        codes[recipe] = (model.transform(train), model.transform(test))
        figures |= {f"{recipe}: epochs": epochs, f"{recipe}: processor seconds": round(spent, 1)}
    figures |= {f"{name}: accuracy of the probe": accuracy(*pair, labels) for name, pair in codes.items()}
    better = figures["masked: accuracy of the probe"] > figures["ae: accuracy of the probe"]
    said = "tells digits apart better than" if better else "does not beat"
    each = f"After some {seconds:g} s of processor time each"
    claim = f"{each}, a linear probe on masked's {LATENT} code values {said} one on ae's."
    return {"claim": claim, "figures": figures}


def timed(recipe: str, x: np.ndarray, epochs: int) -> tuple[float, Autoencoder]:
    """Processor seconds of a fit, and what it made."""
    start = time.process_time()
    model = fit(recipe, x, epochs)
    return time.process_time() - start, model


def accuracy(learned: np.ndarray, judged: np.ndarray, labels) -> float:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(learned, labels[0][: len(learned)])
    return float(model.score(judged, labels[1]))


if __name__ == "__main__":
    main()
