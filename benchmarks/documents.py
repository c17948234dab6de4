"""RMSE on scanned pages in fonts not trained on, learned from pairs, beside a median background filter.

    python benchmarks/documents.py --minutes 10

48 pages (NoisyOffice, simulated), of which each clean one is there under four kinds of stain: 12 clean pages, each in
a font of its own. Every fourth of them is held out with all its stains.
"""

import hashlib
from pathlib import Path

from common import keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from scipy.ndimage import median_filter

from isthmus import Autoencoder
from isthmus.data.patches import cut_patches, find_pictures
from isthmus.data.photos import read_photo
from isthmus.restoration import Denoiser

HELD_OUT_EVERY = 4
WINDOW = 31
"""Side of the median filter, in pixels: a few letters high."""


def parted(clean: Path) -> tuple[list[str], list[str]]:
    """Names of the pages to learn from and to judge by; pages with the same clean one stay together."""
    pages: dict[str, list[str]] = {}
    for name in sorted(find_pictures(clean), key=lambda name: int(Path(name).stem)):
        pages.setdefault(hashlib.sha256(read_photo(clean / name).pixels.tobytes()).hexdigest(), []).append(name)
    each = list(pages.values())
    held = [name for names in each[::HELD_OUT_EVERY] for name in names]
    return [name for names in each for name in names if name not in held], held


def on_white(page: np.ndarray) -> np.ndarray:
    """The page over its background, which a median of the neighbourhood finds."""
    return np.clip(page - median_filter(page, (WINDOW, WINDOW, 1)) + 1, 0, 1)


def error(found: np.ndarray, clean: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - clean) ** 2)))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=10, help="of training (default: %(default)s)")
    asked = options.parse_args()
    folders = [asked.data / "documents" / name for name in ("clean", "noisy")]
    learned, held = parted(folders[0])
    target, seen = cut_patches(folders[0], learned, seen=folders[1], seen_names=learned)
    model = Autoencoder(
        "restoring", options={"noise": "none"}, minutes=asked.minutes, validation=0, random_state=0
    )  # fmt: skip
    denoiser = Denoiser(model.fit(target, seen=seen))
    errors: dict[str, list[float]] = {"as scanned": [], "median background": [], "Isthmus": []}
    for name in held:
        clean, noisy = (read_photo(folder / name).pixels.astype(np.float32) / 255 for folder in folders)
        found = np.clip(denoiser.denoise(noisy), 0, 1)
        for method, page in zip(errors, (noisy, on_white(noisy), found), strict=True):
            errors[method].append(error(page, clean))
    rmse = {method: round(float(np.mean(found)), 4) for method, found in errors.items()}
    worst = {method: round(max(found), 4) for method, found in errors.items()}
    about = {"minutes": asked.minutes, "steps": model.record_["steps"], "pages": len(learned), "held out": len(held)}
    keep("documents", {**about, "rmse": rmse, "worst page": worst})


if __name__ == "__main__":
    main()
