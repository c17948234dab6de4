"""ORL faces of people not learned, 64x64 pixels, under a patch, half the pixels and scribbles: PSNR and SSIM.

    python benchmarks/faces.py                                       a vae that is searched
    python benchmarks/faces.py --recipe inpainting --minutes 5       a network that learned to fill holes, in one pass

Pictures of 25 people are learned, mirrored and shifted too; those of the other five are judged. How the vae is fitted
was settled on the 25 alone: 20 of them learned, 5 judged. Masks are drawn by a fixed seed.
"""

import time

from common import keep, kept, parser

import numpy as np  # isort: skip - after isthmus, which common imports

from inpaint import SEEN_AS, ssim

from isthmus import Autoencoder
from isthmus.jobs.inpaint import classical_pictures, mean_psnr
from isthmus.restoration import inpaint

NAME = "faces"
SIDE = 64
LEARNED = 25
VAE = {"network": "dense", "hidden": (), "norm": "none", "shift": 2}
"""A linear one; of 128, 400 and 800 code values, and a beta of 1 and 0.3, the best on people held out of the 25."""


def faces(folder) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of the people learned, and of the others."""
    import cv2

    with np.load(folder / "faces" / "orl_faces.npz") as arrays:
        pictures, people = arrays["x"], arrays["subject"]
    small = np.stack([cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for picture in pictures])
    return small[people <= LEARNED], small[people > LEARNED]


def masks(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A square of 20x20 pixels, each pixel by a coin's fall, and six lines of four pixels' width."""
    import cv2

    patch, lines = np.zeros((n, SIDE, SIDE), bool), np.zeros((n, SIDE, SIDE), np.uint8)
    for mask, (top, left) in zip(patch, rng.integers(8, SIDE - 28, (n, 2)), strict=True):
        mask[top : top + 20, left : left + 20] = True
    half = rng.random((n, SIDE, SIDE)) < 0.5
    for mask in lines:
        for ends in rng.integers(0, SIDE, (6, 4)).tolist():
            cv2.line(mask, tuple(ends[:2]), tuple(ends[2:]), 1, 4)
    return {"grey patch": patch, "half the pixels": half, "scribbles": lines > 0}


def fitted(learned: np.ndarray, recipe: str, codes: int, minutes: float) -> Autoencoder:
    both = np.concatenate([learned, learned[:, :, ::-1]])
    more = VAE if recipe == "vae" else {}
    return Autoencoder(recipe, codes, minutes=minutes, validation=0, random_state=0, **more).fit(both)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--recipe", default="vae", choices=("vae", "inpainting"), help="(default: %(default)s)")
    options.add_argument("--codes", type=int, default=800, help="values of a code (default: %(default)s)")
    options.add_argument("--beta", type=float, default=1.0, help="weight of the rate (default: %(default)s)")
    options.add_argument("--minutes", type=float, default=4, help="of training (default: %(default)g)")
    asked = options.parse_args()
    learned, judged = faces(asked.data)
    model, clean, found = fitted(learned, asked.recipe, asked.codes, asked.minutes), judged[..., None], {}
    for name, hidden in masks(len(clean), np.random.default_rng(0)).items():
        hidden, start = hidden[..., None], time.perf_counter()
        seen = np.where(hidden, SEEN_AS, clean).astype(np.uint8)
        filled = inpaint(model, seen[..., 0], hidden, beta=asked.beta).raw
        methods = {"as seen": seen, "Isthmus": filled, **classical_pictures(seen, hidden)}
        found[name] = {
            method: {"psnr": round(mean_psnr(p, clean), 2), "ssim": round(ssim(p, clean), 3)}
            for method, p in methods.items()
        } | {"seconds": round(time.perf_counter() - start, 1)}
    codes = asked.codes if asked.recipe == "vae" else 0
    about = {"minutes": asked.minutes, "codes": codes, "beta": asked.beta, "digits": len(clean)}
    keep(NAME, kept(NAME) | {asked.recipe: about | {"steps": model.record_["steps"], "masks": found}})


if __name__ == "__main__":
    main()
