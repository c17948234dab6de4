"""Three maps of codes of two values on MNIST: distortion only, rate only, and both; and what each is good for.

    python benchmarks/codemaps.py                  5 epochs each, and 10 of codes of 32 values, as others here
    python benchmarks/codemaps.py --cache /tmp/c   the same, keeping what was trained

An objective of distortion alone is a plain autoencoder; of (all but) the rate alone a vae with a beta of 1,000; both a
vae. Completeness: the share of 10,000 samples that a judge (a classifier that learned from the training part in the
run) takes for some digit with a confidence of 0.9; coverage: the share of test digits to which samples come near. A
plain autoencoder has no prior to draw from: it gets the gaussian that its codes have, and N(0, I). Continuity is of the
test part. docs/codemaps.png shows the codes of 4,000 test digits, drawn from q(z|x), by class.
"""

from collections.abc import Callable

import matplotlib as mpl
from common import REPOSITORY, keep, mnist, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from judge import Judge, judge, labels, with_cache
from PIL import Image
from trained import autoencoder

from isthmus import Autoencoder
from isthmus.evaluation import completeness, continuity, spread

mpl.use("Agg")
import matplotlib.pyplot as plt

SAMPLES, HALF, SHOWN = 10_000, 5000, 4000
Draw = Callable[[Autoencoder, np.ndarray, int], np.ndarray]
RATE = 1000.0
"""The beta beside which distortion counts for nothing."""


def gaussian(model: Autoencoder, learned: np.ndarray, n: int) -> np.ndarray:
    """Codes of the gaussian that the codes of pictures learned have."""
    codes = model.transform(learned).astype(np.float64)
    return np.random.default_rng(0).multivariate_normal(codes.mean(0), np.cov(codes.T), n)


def normal(model: Autoencoder, learned: np.ndarray, n: int) -> np.ndarray:  # noqa: ARG001
    """Codes of N(0, I), the prior of a vae."""
    return np.random.default_rng(0).normal(size=(n, model.model_.bottleneck.latent_dim))


def figures(model: Autoencoder, found: Judge, learned: np.ndarray, test: np.ndarray, drawn: Draw) -> dict[str, float]:
    samples = np.asarray(model.decode_raw(drawn(model, learned, SAMPLES))).reshape(-1, 28, 28)
    even = continuity(lambda some: model.decode_prepared(some), model.transform(test).astype(np.float64), pairs=300)
    return on_data(samples, found, test) | {
        "move": round(even.move, 3),
        "jump": round(even.jump, 2),
        "squared error": round(float(model.reconstruction_error(test).mean()), 2),
    }


def on_data(samples: np.ndarray, found: Judge, test: np.ndarray) -> dict[str, float]:
    """The share of which the judge is sure, and how much of half the test part half the samples reach."""
    near = spread(found.features(samples[:HALF]), found.features(test[-HALF:]))
    sure = completeness(samples, test, judge=found.confident)
    return {"completeness": round(sure, 3), "coverage": round(near.coverage, 3)}


def drawn_codes(model: Autoencoder, test: np.ndarray) -> np.ndarray:
    posterior = model.encode(test)
    return np.asarray(posterior.mean + posterior.std * np.random.default_rng(0).normal(size=posterior.std.shape))


def draw(models: dict[str, Autoencoder], test: np.ndarray, digits: np.ndarray) -> None:
    figure, places = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
    for place, (name, model) in zip(places, models.items(), strict=True):
        codes = drawn_codes(model, test)
        dots = place.scatter(*codes.T, c=digits, cmap="tab10", s=2)
        low, high = np.quantile(codes, (0.005, 0.995), 0)
        room = 0.05 * (high - low)
        place.set(title=name, xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))
    figure.legend(*dots.legend_elements(), loc="outside right center", frameon=False)
    path = REPOSITORY / "docs" / "codemaps.png"
    figure.savefig(path, dpi=80)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(64).save(path, optimize=True)


def main() -> None:
    options = with_cache(parser(__doc__))
    options.add_argument("--epochs", type=int, default=5, help="of codes of two values (default: %(default)s)")
    asked = options.parse_args()
    found, (learned, test), (_, digits) = judge(asked.data, asked.cache), mnist(asked.data), labels(asked.data)

    def fitted(recipe: str, codes: int, epochs: int = asked.epochs, **more: float) -> Autoencoder:
        return autoencoder(asked.data, recipe, codes, epochs=epochs, cache=asked.cache, **more)

    maps = {
        "distortion only": fitted("ae", 2),
        "rate only": fitted("vae", 2, epochs=1, beta=RATE),
        "both": fitted("vae", 2),
    }
    draw(maps, test[:SHOWN], digits[:SHOWN])
    ae, vae = (fitted(recipe, 32, epochs=2 * asked.epochs) for recipe in ("ae", "vae"))
    measured = {
        "distortion only, its codes' gaussian": (maps["distortion only"], gaussian),
        "distortion only, N(0, I)": (maps["distortion only"], normal),
        "rate only": (maps["rate only"], normal),
        "both": (maps["both"], normal),
        "ae of 32 values, its codes' gaussian": (ae, gaussian),
        "ae of 32 values, N(0, I)": (ae, normal),
        "vae of 32 values": (vae, normal),
    }
    kept = {name: figures(model, found, learned[: len(test)], test, drawn) for name, (model, drawn) in measured.items()}
    keep("codemaps", {"epochs": asked.epochs, "models": kept | {"digits": on_data(test, found, test)}})


if __name__ == "__main__":
    main()
