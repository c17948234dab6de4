"""Midpoints between two test digits of different class, through codes and faded in pixels: which are on the data?

    python benchmarks/interpolate.py                  a vae and a plain autoencoder of 10 epochs, 1,000 pairs
    python benchmarks/interpolate.py --cache /tmp/c   the same, keeping what was trained

Ends are of the first half of the test part. Whether midpoints are on the data is asked of a judge (a classifier that
learned from the training part in the run): precision, density and coverage in its features beside the second half,
and the share that it takes for some digit with a confidence of 0.9. docs/interpolation.png and .gif show a few.
"""

import tempfile
from pathlib import Path

from common import REPOSITORY, keep, mnist, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from judge import Judge, judge, labels, with_cache
from trained import autoencoder

from isthmus import Autoencoder
from isthmus.cli import main as isthmus
from isthmus.evaluation import continuity, spread
from isthmus.generation.paths import path
from isthmus.jobs.interpolate import Evenness

SHOWN = "3,2,1,18,4"
"""Test digits of docs/interpolation.*: 0, 2, 1, 3, 4."""
TOUR = "3,2,18,3"


def pairs(digits: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two digits of different class, drawn by a fixed seed."""
    numbers = np.random.default_rng(0)
    drawn = numbers.integers(len(digits), size=(4 * count, 2))
    return tuple(drawn[digits[drawn[:, 0]] != digits[drawn[:, 1]]][:count].T)


def pictures(model: Autoencoder, codes: np.ndarray) -> np.ndarray:
    return np.asarray(model.decode_raw(codes)).reshape(-1, 28, 28)


def midpoints(model: Autoencoder, a: np.ndarray, b: np.ndarray, way: str) -> np.ndarray:
    codes = (model.transform(each).astype(np.float64) for each in (a, b))
    return pictures(model, np.stack([path(both, 2, way=way)[1] for both in zip(*codes, strict=True)]))


def judged(found: Judge, made: np.ndarray, real: np.ndarray) -> dict[str, float]:
    near = spread(found.features(made), real)
    figures = {"confident": found.confident(made).mean(), "precision": near.precision, "density": near.density}
    return {name: round(float(figure), 3) for name, figure in (figures | {"coverage": near.coverage}).items()}


def evenness(model: Autoencoder, test: np.ndarray) -> dict[str, float]:
    """How far a decoded digit moves at a time, in ten steps from one digit to another."""
    codes = model.transform(test).astype(np.float64)
    found = continuity(lambda some: model.decode_prepared(some), codes, pairs=300)
    return {"move": round(found.move, 3), "jump": round(found.jump, 2)}


def fade(test: np.ndarray) -> dict[str, float]:
    """The same of the fade: pixels from 0 to 1."""
    numbers = np.random.default_rng(0)
    rows = test.reshape(len(test), -1) / 255
    each = [Evenness.of(path(rows[numbers.permutation(len(rows))[:2]], 10), 10) for _ in range(300)]
    return {name: round(float(np.mean([getattr(one, name) for one in each])), 3) for name in ("move", "jump")}


def draw(model: Autoencoder, test: np.ndarray) -> None:
    """The strip and the animation of the documentation, by the command that it names."""
    with tempfile.TemporaryDirectory() as folder:
        kept, data = Path(folder) / "digits.safetensors", Path(folder) / "digits.npy"
        model.save(kept)
        np.save(data, test[:100, ..., None])
        for rows, name in ((SHOWN, "interpolation.png"), (TOUR, "interpolation.gif")):
            words = ["interpolate", kept, data, "--rows", rows, "-o", REPOSITORY / "docs" / name, "--force", "-q"]
            if isthmus([str(word) for word in words]):
                raise SystemExit(f"docs/{name} couldn't be drawn")


def main() -> None:
    options = with_cache(parser(__doc__))
    options.add_argument("--epochs", type=int, default=10, help="of training (default: %(default)s)")
    options.add_argument("--pairs", type=int, default=1000, help="(default: %(default)s)")
    asked = options.parse_args()
    found, (_, test), (_, digits) = judge(asked.data, asked.cache), mnist(asked.data), labels(asked.data)
    half = len(test) // 2
    real = found.features(test[half:])
    a, b = (test[rows] for rows in pairs(digits[:half], asked.pairs))
    models = {name: autoencoder(asked.data, name, 32, epochs=asked.epochs, cache=asked.cache) for name in ("vae", "ae")}
    made = {"pixel fade": np.rint((a.astype(np.float64) + b) / 2).astype(np.uint8)}
    made |= {
        f"{name}, {way}": midpoints(model, a, b, way)
        for name, model in models.items()
        for way in ("linear", "spherical")
    }
    made |= {"the ends, as the vae rebuilds them": pictures(models["vae"], models["vae"].transform(a)), "the ends": a}
    draw(models["vae"], test)
    keep(
        "interpolate",
        {
            "epochs": asked.epochs,
            "pairs": asked.pairs,
            "midpoints": {name: judged(found, rows, real) for name, rows in made.items()},
            "continuity": {name: evenness(model, test[:half]) for name, model in models.items()}
            | {"fade": fade(test[:half])},
        },
    )


if __name__ == "__main__":
    main()
