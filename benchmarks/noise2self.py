"""PSNR on Set12 under gaussian noise of 25 of a network that never saw a clean picture, beside the same that did.

    python benchmarks/noise2self.py --epochs 3

Each picture of train400 gets its noise once. Pictures and noise are kept at half their contrast in 16 bits, so that
no noise is cut off at black and white; results are brought back to full contrast. All train for as many steps.
"""

import time

from common import keep, kept, parser

import numpy as np  # isort: skip - after isthmus, which common imports

from isthmus import Autoencoder
from isthmus.data.patches import SIDE, find_pictures
from isthmus.data.photos import read_photo
from isthmus.jobs.denoise import psnr, with_noise
from isthmus.restoration import Denoiser

LEVEL = 25
SEED = 2019
NAME = "noise2self"
WAYS = {
    "clean pictures": f"gaussian:{LEVEL}",
    "noisy ones, level known": f"self:{LEVEL / 2}",
    "noisy ones, blind spots": "self",
}
"""How each learns, as the recipe's option says it."""


def halved(picture: np.ndarray) -> np.ndarray:
    return picture / 2 + 0.25


def pictures(folder) -> list[np.ndarray]:
    return [read_photo(folder / name).pixels.astype(np.float32) / 255 for name in find_pictures(folder)]


def patches(folder, *, noisy: bool) -> np.ndarray:
    """As `cut_patches` cuts them, of noisy pictures or of clean ones."""
    rng, found = np.random.default_rng(SEED), []
    for picture in pictures(folder):
        if noisy:
            noise = LEVEL / 255 * rng.standard_normal(picture.shape)
            stored = np.clip(np.rint(65535 * halved(picture + noise)), 0, 65535).astype(np.uint16)
        else:
            stored = np.rint(255 * picture).astype(np.uint8)
        starts = [
            np.linspace(0, n - SIDE, -(-(n - SIDE) // (SIDE // 2)) + 1).round().astype(int) for n in picture.shape[:2]
        ]
        found += [stored[y : y + SIDE, x : x + SIDE] for y in starts[0] for x in starts[1]]
    return np.stack(found)


def score(denoiser: Denoiser, folder, level: float | None, *, half: bool) -> float:
    """Mean PSNR; every method sees the same noise."""
    found = []
    for seed, clean in enumerate(pictures(folder)):
        noisy = with_noise(clean, LEVEL, seed)
        seen = halved(noisy).astype(np.float32) if half else noisy
        told = None if level is None else level / 2 if half else level
        result = denoiser.denoise(seen, told)
        found.append(psnr(2 * result - 0.5 if half else result, clean))
    return round(float(np.mean(found)), 2)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=3, help="passes over the patches (default: %(default)s)")
    options.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="which (default: all)")
    asked = options.parse_args()
    images = asked.data / "images"
    for way in asked.ways:
        half, start = WAYS[way].startswith("self"), time.process_time()
        model = Autoencoder(
            "restoring", options={"noise": WAYS[way]}, epochs=asked.epochs, validation=0, random_state=0
        ).fit(patches(images / "train400", noisy=half))  # fmt: skip
        minutes = round((time.process_time() - start) / 60, 1)
        denoiser = Denoiser(model)
        blind = WAYS[way] == "self"
        rows = {way: score(denoiser, images / "set12", None, half=half)} if blind else {}
        rows[f"{way}, --level when used" if blind else way] = score(denoiser, images / "set12", LEVEL, half=half)
        about = {"minutes": minutes, "steps": model.record_["steps"], "psnr": rows}
        keep(NAME, kept(NAME) | {way: about})


if __name__ == "__main__":
    main()
