"""PSNR on Set12 (grey) and Kodak (colour) under gaussian noise of 15, 25 and 50, beside classical methods.

    python benchmarks/denoise.py                   the model that ships
    python benchmarks/denoise.py --minutes 30      one trained so long on train400 here and now, as a user would
    python benchmarks/denoise.py --classical       the classical methods' figures, kept for the other runs

The noise is not cut off at black and white, and its level is told to every method; how far the level found by
`estimate_level` is off, and what that costs, is told too. BM3D (`pip install bm3d`, for this benchmark alone) is slow.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from common import RESULTS, keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports

from isthmus import Autoencoder
from isthmus.data.patches import cut_patches, find_pictures
from isthmus.data.photos import read_photo
from isthmus.jobs.denoise import classical, psnr, with_noise
from isthmus.restoration import Denoiser, shipped

LEVELS = (15, 25, 50)
SETS = {"set12": "Set12", "kodak": "Kodak"}
NAME = "denoise"


def pictures(asked: argparse.Namespace, folder: str) -> list[np.ndarray]:
    where = asked.data / "images" / folder
    return [read_photo(where / name).pixels.astype(np.float32) / 255 for name in find_pictures(where)]


def noisy(asked: argparse.Namespace) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
    """Set, level, noisy and clean picture; the same noise for everybody."""
    for folder, name in SETS.items():
        for seed, clean in enumerate(pictures(asked, folder)):
            for level in LEVELS:
                yield name, level, with_noise(clean, level, seed), clean


def means(asked: argparse.Namespace, methods: Callable[[np.ndarray, int], dict[str, np.ndarray]]) -> dict[str, dict]:
    """Mean PSNR of every method by set and level."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    for name, level, picture, clean in noisy(asked):
        for method, result in methods(picture, level).items():
            found.setdefault(method, {}).setdefault(name, {}).setdefault(str(level), []).append(psnr(result, clean))
    return {
        method: {name: {level: round(float(np.mean(v)), 2) for level, v in by.items()} for name, by in sets.items()}
        for method, sets in found.items()
    }


def peers(picture: np.ndarray, level: int) -> dict[str, np.ndarray]:
    import bm3d

    function = bm3d.bm3d if picture.shape[2] == 1 else bm3d.bm3d_rgb
    return classical(picture, level) | {"BM3D": function(picture, level / 255).reshape(picture.shape)}


def ours(model: Autoencoder) -> Callable[[np.ndarray, int], dict[str, np.ndarray]]:
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
    options.add_argument("--model", type=Path, help="judge this model file")
    options.add_argument("--classical", action="store_true", help="run the classical methods instead")
    asked = options.parse_args()
    kept = RESULTS / f"{NAME}.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    if asked.classical:
        results["classical"] = means(asked, peers)
    else:
        model = Autoencoder.load(asked.model) if asked.model else trained(asked) if asked.minutes else shipped()
        key = f"{asked.minutes:g} minutes" if asked.minutes else str(asked.model.stem) if asked.model else "shipped"
        about = {"steps": model.record_["steps"], "512x512 seconds": seconds_for(model)}
        results[key] = means(asked, ours(model)) | about
    keep(NAME, results)


if __name__ == "__main__":
    main()
