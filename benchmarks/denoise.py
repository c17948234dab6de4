"""PSNR on Set12 (grey) and Kodak (colour) under gaussian noise of 15, 25 and 50, beside classical methods.

    python benchmarks/denoise.py                   the model that ships
    python benchmarks/denoise.py --minutes 30      one trained so long on train400 here and now, as a user would
    python benchmarks/denoise.py --classical       the classical methods' figures, kept for the other runs

The noise is not cut off at black and white, and its level is told to every method; what it costs to have the level
estimated is told too. BM3D (`pip install bm3d`, for this benchmark alone) takes minutes for a colour picture.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from common import keep, kept, parser

import numpy as np  # isort: skip - after isthmus, which common imports

from isthmus import Autoencoder
from isthmus.data.patches import cut_patches, find_pictures
from isthmus.data.photos import read_photo
from isthmus.jobs.denoise import classical, psnr, with_noise
from isthmus.restoration import Denoiser, shipped

LEVELS = (15, 25, 50)
SETS = {"set12": "Set12", "kodak": "Kodak"}
NAME = "denoise"
Methods = Callable[[np.ndarray, int], dict[str, np.ndarray]]
"""What methods make of a noisy picture, told the level."""


def pictures(folder: Path) -> list[np.ndarray]:
    return [read_photo(folder / name).pixels.astype(np.float32) / 255 for name in find_pictures(folder)]


def means(folder: Path, methods: Methods) -> dict[str, dict[str, float]]:
    """Mean PSNR of every method on a set's pictures, by the level of noise, which is the same for every method."""
    found: dict[str, dict[str, list[float]]] = {}
    for level in LEVELS:
        for seed, clean in enumerate(pictures(folder)):
            for method, result in methods(with_noise(clean, level, seed), level).items():
                found.setdefault(method, {}).setdefault(str(level), []).append(psnr(result, clean))
    return {m: {level: round(float(np.mean(v)), 2) for level, v in by.items()} for m, by in found.items()}


def peers(picture: np.ndarray, level: int) -> dict[str, np.ndarray]:
    import bm3d

    function = bm3d.bm3d if picture.shape[2] == 1 else bm3d.bm3d_rgb
    return classical(picture, level) | {"BM3D": function(picture, level / 255).reshape(picture.shape)}


def ours(model: Autoencoder) -> Methods:
    denoiser = Denoiser(model)

    def both(picture: np.ndarray, level: int) -> dict[str, np.ndarray]:
        return {"Isthmus": denoiser.denoise(picture, level), "Isthmus, level estimated": denoiser.denoise(picture)}

    return both


def trained(asked: argparse.Namespace) -> Autoencoder:
    """Fitted as `isthmus fit train400/ --recipe denoising --noise gaussian:0-55 --minutes N` does, on all pictures."""
    patches, _ = cut_patches(asked.data / "images" / "train400")
    return Autoencoder("restoring", minutes=asked.minutes, validation=0, random_state=0).fit(patches)


def seconds_for(model: Autoencoder, side: int = 512) -> float:
    """Seconds for a grey picture of this side, the best of five."""
    denoiser, picture = Denoiser(model), np.random.default_rng(0).random((side, side), np.float32)
    denoiser.denoise(picture, 25)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        denoiser.denoise(picture, 25)
        taken.append(time.perf_counter() - start)
    return round(min(taken), 3)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, help="train a model for so long instead of taking the one that ships")
    options.add_argument("--classical", action="store_true", help="run the classical methods instead")
    options.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="which pictures (default: all)")
    asked = options.parse_args()
    if asked.classical:
        key, methods, about = "classical", peers, {}
    else:
        model = trained(asked) if asked.minutes else shipped()
        key, methods = f"{asked.minutes:g} minutes" if asked.minutes else "shipped", ours(model)
        about = {"steps": model.record_["steps"], "seconds for 512x512": seconds_for(model)}
    for folder in asked.sets:
        found = means(asked.data / "images" / folder, methods)
        before = kept(NAME)
        keep(NAME, before | {key: before.get(key, {}) | about | {SETS[folder]: found}})


if __name__ == "__main__":
    main()
