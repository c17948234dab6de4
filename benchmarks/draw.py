"""Drawings of captions held out of training, judged by measuring shape, size and place in the picture.

    python benchmarks/draw.py                        a minute or two on one thread, 200 captions
    python benchmarks/draw.py --combinations 27      with more combinations held out
    python benchmarks/draw.py --held-out 1           others held out: what options were chosen by; kept nowhere

Of the 108 combinations of shape, size and place 12 are held out: no caption of one is learned from, but every word
is. The judge knows nothing of the model. Place is the ninth in which the centre of mass lies; shape the one of whose
renderings about that centre, in 41 sizes, one agrees best with the picture, by their cosine, which has to reach 0.8;
size what the area says of that shape. It is tried first on true pictures of the combinations held out.
"""

import json
import time
from collections.abc import Sequence
from functools import cache

from common import RESULTS, keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from scipy.ndimage import shift

from isthmus import Autoencoder, open_data
from isthmus.data import Dataset, captioned_shapes
from isthmus.data.captionedshapes import CAUSES, COLUMNS, ROWS, SIDE, SIZES, Cause, phrase, reach
from isthmus.data.shapes import FORMS, cover
from isthmus.generation import draw

NAME = "draw"
CAPTIONS = 200
AGREE = 0.8
HALVES = np.arange(1.9, 6.0, 0.1)
BETWEEN = [
    (low[1] + high[0]) / 2 for low, high in zip(list(SIZES.values())[:-1], list(SIZES.values())[1:], strict=True)
]
MIDDLES = np.arange(SIDE) + 0.5
FIT = {"recipe": "drawing", "latent_dim": 4, "hidden": (24, 48, 64), "batch_size": 32, "epochs": 50}


@cache
def renderings(shape: str) -> np.ndarray:
    """A shape in many sizes, its centre of mass in the middle, each of length 1."""
    middle = SIDE / 2
    drawn = np.stack([cover(SIDE, shape, middle, middle - reach(shape)[1] * half, half) for half in HALVES])
    return drawn / np.linalg.norm(drawn, axis=(1, 2), keepdims=True)


@cache
def area(shape: str) -> float:
    """Of a shape half of whose width is 1."""
    return float(cover(100, shape, 50, 50, 40).sum() / 40**2)


def measured(picture: np.ndarray) -> tuple[Cause, float]:
    """What is drawn, and how well the best rendering agrees with it."""
    light = picture.reshape(SIDE, SIDE).astype(float)
    if not light.any():
        return Cause("", "", ""), 0.0
    down, across = (light.sum(axis) @ MIDDLES / light.sum() for axis in (1, 0))
    place = f"{ROWS[int(3 * down / SIDE)]} {COLUMNS[int(3 * across / SIDE)]}"
    centred = shift(light, (SIDE / 2 - down, SIDE / 2 - across), order=1)
    agree = {shape: float((renderings(shape) * centred).sum((1, 2)).max()) for shape in FORMS}
    shape = max(agree, key=lambda each: agree[each])
    grey = np.median(light[light > light.max() / 2])
    half = np.sqrt(light.sum() / grey / area(shape))
    return Cause(shape, list(SIZES)[int(np.searchsorted(BETWEEN, half))], place), agree[shape] / np.linalg.norm(centred)


def shares(pictures: np.ndarray, causes: Sequence[Cause]) -> dict[str, float]:
    """How many of the pictures are as they should be."""
    found = [measured(picture) for picture in pictures]
    right = np.array(
        [[is_ == asked for is_, asked in zip(f[0], cause, strict=True)] for f, cause in zip(found, causes, strict=True)]
    )
    alike = np.array([agree for _, agree in found])
    by_word = dict(zip(Cause._fields, right.mean(0).round(3).tolist(), strict=True))
    return (
        {"all three": round(float((right.all(1) & (alike >= AGREE)).mean()), 3)}
        | by_word
        | {"cosine": round(float(alike.mean()), 3)}
    )


def held_out(seed: int, combinations: int) -> list[Cause]:
    """The combinations that are held out."""
    return [CAUSES[i] for i in np.random.default_rng(seed).permutation(len(CAUSES))[:combinations]]


@cache
def fitted(seed: int = 0, combinations: int = 12) -> tuple[Autoencoder, Dataset]:
    """A model, and the pictures it learned from, of all combinations that aren't held out."""
    pictures, texts, _ = captioned_shapes(leave_out=held_out(seed, combinations))
    data = open_data(pictures, captions=texts)
    return Autoencoder(**FIT, random_state=0).fit(data), data


def captions_of(causes: Sequence[Cause], seed: int) -> tuple[list[str], list[Cause]]:
    """Captions, no two of them the same, that go through combinations in turn."""
    rng, said = np.random.default_rng(seed), {}
    while len(said) < CAPTIONS:
        cause = causes[len(said) % len(causes)]
        said.setdefault(phrase(cause, rng), cause)
    return list(said), list(said.values())


def drawings(model: Autoencoder, said: Sequence[str]) -> np.ndarray:
    """One drawing of each caption, each by a code of its own."""
    return np.concatenate([draw(model, text, random_state=i) for i, text in enumerate(said)])


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--held-out", type=int, default=0, help="seed of the combinations (default: %(default)s)")
    options.add_argument("--combinations", type=int, default=12, help="held out (default: %(default)s)")
    asked = options.parse_args()
    start = time.process_time()
    (model, data), left_out = fitted(which := asked.held_out, asked.combinations), held_out(which, asked.combinations)
    seconds = time.process_time() - start
    said, causes = captions_of(left_out, seed=1)
    assert not set(said) & set(data.captions.tolist())
    seen = [cause for cause in CAUSES if cause not in left_out]
    known, known_causes = captions_of(seen, seed=2)
    true, _, true_causes = captioned_shapes(15, leave_out=seen, seed=1)
    found = {
        "true pictures": shares(true, true_causes),
        "held-out combinations": shares(drawings(model, said), causes),
        "learned combinations": shares(drawings(model, known), known_causes),
    }
    about = {
        "pictures": data.n,
        "captions": len(said),
        "combinations held out": len(left_out),
        "steps": model.record_["steps"],
    }
    results = about | {"seconds of one thread": round(seconds), "shares": found}
    if asked.held_out:
        print(results)
    else:
        path = RESULTS / f"{NAME}.json"
        kept = json.loads(path.read_text()) if path.exists() else {}
        keep(NAME, kept | {str(asked.combinations): results})


if __name__ == "__main__":
    main()
