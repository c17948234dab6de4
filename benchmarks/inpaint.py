"""MNIST digits with a grey patch, half the pixels masked at random, and scribbles: PSNR and SSIM beside OpenCV's.

    python benchmarks/inpaint.py                      a vae of 4 minutes on one thread, 200 test digits
    python benchmarks/inpaint.py --recipe ae          the same of a plain autoencoder
    python benchmarks/inpaint.py --recipe inpainting --minutes 10      a model that learned to fill holes, in one pass

The masks are drawn by a fixed seed; every method sees the same ones. Figures are means over whole pictures. For a
recipe without a prior the gaussian of the codes is fitted to 2,000 training digits.
"""

import time

from common import keep, kept, mnist, parser

import numpy as np  # isort: skip - after isthmus, which common imports

from isthmus import Autoencoder
from isthmus.jobs.inpaint import classical_pictures, mean_psnr
from isthmus.restoration import inpaint

NAME = "inpaint"
SEEN_AS = 128


def patches(n: int, rng: np.random.Generator) -> np.ndarray:
    """A square of 10x10 pixels at a random place of the middle 24x24."""
    masks = np.zeros((n, 28, 28), bool)
    for mask, (top, left) in zip(masks, rng.integers(2, 16, (n, 2)), strict=True):
        mask[top : top + 10, left : left + 10] = True
    return masks


def half(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.random((n, 28, 28)) < 0.5


def scribbles(n: int, rng: np.random.Generator) -> np.ndarray:
    """Five lines of three pixels' width between points at random."""
    import cv2

    masks = np.zeros((n, 28, 28), np.uint8)
    for mask in masks:
        for ends in rng.integers(0, 28, (5, 4)).tolist():
            cv2.line(mask, tuple(ends[:2]), tuple(ends[2:]), 1, 3)
    return masks > 0


MASKS = {"grey patch": patches, "half the pixels": half, "scribbles": scribbles}


def ssim(pictures: np.ndarray, clean: np.ndarray) -> float:
    from skimage.metrics import structural_similarity

    pairs = zip(pictures[..., 0], clean[..., 0], strict=True)
    return float(np.mean([structural_similarity(one, other, data_range=255) for one, other in pairs]))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=4, help="of training (default: %(default)g)")
    options.add_argument("--recipe", default="vae", help="(default: %(default)s)")
    options.add_argument("--codes", type=int, default=32, help="values of a code (default: %(default)s)")
    options.add_argument("--digits", type=int, default=200, help="test digits (default: %(default)s)")
    asked = options.parse_args()
    learned, test = mnist(asked.data)
    clean = test[: asked.digits, ..., None]
    model = Autoencoder(asked.recipe, asked.codes, minutes=asked.minutes, random_state=0).fit(learned)
    like = learned[:2000] if asked.recipe == "ae" else None
    found, rng = {}, np.random.default_rng(0)
    for name, draw in MASKS.items():
        hidden = draw(len(clean), rng)[..., None]
        seen, start = np.where(hidden, SEEN_AS, clean).astype(np.uint8), time.perf_counter()
        filled = inpaint(model, seen[..., 0], hidden, like=like).raw
        seconds = time.perf_counter() - start
        methods = {"as seen": seen, "Isthmus": filled, **classical_pictures(seen, hidden)}
        found[name] = {
            method: {"psnr": round(mean_psnr(p, clean), 2), "ssim": round(ssim(p, clean), 3)}
            for method, p in methods.items()
        } | {"seconds": round(seconds, 1)}
    about = {
        "minutes": asked.minutes,
        "codes": 0 if asked.recipe == "inpainting" else asked.codes,
        "digits": asked.digits,
        "steps": model.record_["steps"],
    }
    keep(NAME, kept(NAME) | {asked.recipe: about | {"masks": found}})


if __name__ == "__main__":
    main()
