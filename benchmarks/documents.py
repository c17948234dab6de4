"""RMSE on scanned pages in fonts not trained on, learned from pairs, beside a median background filter.

    python benchmarks/documents.py --minutes 10

48 pages (NoisyOffice, simulated), of which each clean one is there under four kinds of stain: 12 clean pages, each in
a font of its own. Every fourth of them is held out with all its stains. docs/documents.png shows one page of each font
held out, under different stains.
"""

import hashlib
from pathlib import Path

from common import REPOSITORY, keep, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from PIL import Image
from scipy.ndimage import median_filter

from isthmus import Autoencoder
from isthmus.data.patches import cut_patches, find_pictures
from isthmus.data.photos import read_photo
from isthmus.restoration import Denoiser

HELD_OUT_EVERY = 4
STAINS = 4
SHOWN, GAP = 190, 8
"""Height of a part that is drawn, and the white between two, in pixels."""
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


def draw(pages: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """The upper parts of pages as they were scanned, and as they were restored, side by side."""
    rows = [np.hstack([part[:SHOWN] for part in pair]) for pair in pages]
    sheet = np.vstack([np.pad(row, ((0, GAP), (0, 0), (0, 0)), constant_values=1) for row in rows])[..., 0]
    picture = Image.fromarray(np.rint(255 * sheet).astype(np.uint8)).quantize(16)
    picture.save(REPOSITORY / "docs" / "documents.png", optimize=True)


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
    shown = []
    for number, name in enumerate(held):
        clean, noisy = (read_photo(folder / name).pixels.astype(np.float32) / 255 for folder in folders)
        found = np.clip(denoiser.denoise(noisy), 0, 1)
        for method, page in zip(errors, (noisy, on_white(noisy), found), strict=True):
            errors[method].append(error(page, clean))
        if number % STAINS == number // STAINS:
            shown.append((noisy, found))
    draw(shown)
    rmse = {method: round(float(np.mean(found)), 4) for method, found in errors.items()}
    worst = {method: round(max(found), 4) for method, found in errors.items()}
    about = {"minutes": asked.minutes, "steps": model.record_["steps"], "pages": len(learned), "held out": len(held)}
    keep("documents", {**about, "rmse": rmse, "worst page": worst})


if __name__ == "__main__":
    main()
