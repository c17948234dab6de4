"""PSNR of Set5 enlarged 2, 3 and 4 times, and of ORL faces from 16x16 to 64x64, beside bicubic and Lanczos.

    python benchmarks/upscale.py set5 --minutes 20       one model for all three factors, learned from train400
    python benchmarks/upscale.py faces --minutes 10      people who were not learned

Set5 as is customary: pictures are cut to a multiple of the factor and made smaller by bicubic interpolation, of which
8 bits are kept; PSNR is of the luminance Y of YCbCr (ITU-R BT.601, from 16 to 235), without a border of as many pixels
as the factor. Faces: cut to squares from the middle, 64x64 by Pillow's bicubic; PSNR of the whole picture.
"""

import argparse
import json
from collections.abc import Sequence

import numpy as np
from common import keep, kept, parser
from PIL import Image

from isthmus import Autoencoder
from isthmus.data.patches import cut_patches, find_pictures
from isthmus.data.photos import read_photo
from isthmus.jobs.denoise import psnr
from isthmus.jobs.upscale import classical
from isthmus.restoration import Upscaler

NAME = "upscale"
FACTORS = (2, 3, 4)
LUMINANCE = np.array([65.481, 128.553, 24.966]) / 255
SIDE, FACTOR = 64, 4
LEARNED = 25
"""People; the other five are judged by."""


def smaller(picture: np.ndarray, factor: int) -> np.ndarray:
    """An 8-bit picture (height, width, channels), sides multiples of the factor."""
    height, width, channels = picture.shape
    plain = Image.fromarray(picture[..., 0] if channels == 1 else picture)
    found = np.asarray(plain.resize((width // factor, height // factor), Image.Resampling.BICUBIC))
    return found.reshape(height // factor, width // factor, channels)


def brightness(picture: np.ndarray, border: int) -> np.ndarray:
    """Y, where white is 1, of the picture without its border."""
    return (picture[border:-border, border:-border].astype(np.float64) / 255) @ LUMINANCE


def methods(model: Autoencoder, small: np.ndarray, factor: int) -> dict[str, np.ndarray]:
    return {"Isthmus": Upscaler(model).upscale(small, factor)} | classical(small, factor)


def on_set5(asked: argparse.Namespace) -> dict:
    noise = f"downscale:{FACTORS[0]}-{FACTORS[-1]}"
    patches, _ = cut_patches(asked.data / "images" / "train400", multiple=12)
    model = fitted(asked, patches, {"noise": noise})
    folder = asked.data / "images" / "set5"
    names, found = find_pictures(folder), {}
    for factor in FACTORS:
        every: dict[str, list[float]] = {}
        for name in names:
            whole = read_photo(folder / name).pixels
            clean = whole[: len(whole) // factor * factor, : whole.shape[1] // factor * factor]
            for method, result in methods(model, smaller(clean, factor), factor).items():
                every.setdefault(method, []).append(psnr(brightness(result, factor), brightness(clean, factor)))
        found[f"x{factor}"] = means(every)
    return about(asked, model) | {"psnr": found}


def faces(asked: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Faces of people to learn from and of others to judge by, uint8 (n, 64, 64)."""
    with np.load(asked.data / "faces" / "orl_faces.npz") as arrays:
        x, who = arrays["x"], arrays["subject"]
    top = (x.shape[1] - x.shape[2]) // 2
    squares = x[:, top : top + x.shape[2]]
    small = np.stack(
        [np.asarray(Image.fromarray(each).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for each in squares]
    )
    return small[who <= LEARNED], small[who > LEARNED]


def on_faces(asked: argparse.Namespace) -> dict:
    learned, judged = faces(asked)
    options = {"noise": f"downscale:{FACTOR}"} | ({"adversary": asked.adversary} if asked.adversary else {})
    model = fitted(asked, learned, options)
    every: dict[str, list[float]] = {}
    for face in judged[..., None]:
        for method, result in methods(model, smaller(face, FACTOR), FACTOR).items():
            every.setdefault(method, []).append(psnr(result / 255, face / 255))
    return about(asked, model) | {"learned": len(learned), "judged": len(judged), "psnr": {"faces x4": means(every)}}


def fitted(asked: argparse.Namespace, data, options: dict) -> Autoencoder:
    more = {"hidden": asked.hidden} if asked.hidden else {}
    more |= {"weight_decay": asked.weight_decay, "likelihood": asked.likelihood, "shift": asked.shift}
    return Autoencoder(
        "restoring", options=options, minutes=asked.minutes, validation=0, random_state=0, **more
    ).fit(data)  # fmt: skip


def about(asked: argparse.Namespace, model: Autoencoder) -> dict:
    return {"minutes": asked.minutes, "steps": model.record_["steps"]}


def means(every: dict[str, Sequence[float]]) -> dict[str, float]:
    return {method: round(float(np.mean(figures)), 2) for method, figures in every.items()}


PARTS = {"set5": on_set5, "faces": on_faces}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("part", choices=PARTS)
    options.add_argument("--minutes", type=float, default=20, help="of training (default: %(default)s)")
    options.add_argument("--hidden", type=lambda text: tuple(map(int, text.split(","))), help="widths, with commas")
    options.add_argument("--likelihood", default="auto")
    options.add_argument("--weight-decay", type=float)
    options.add_argument("--shift", type=int, default=0)
    options.add_argument("--adversary", type=float, default=0.0)
    options.add_argument("--try-out", action="store_true", help="print, and keep nothing")
    asked = options.parse_args()
    found = PARTS[asked.part](asked)
    if asked.try_out:
        print(json.dumps(found, indent=2))
        return
    keep(NAME, kept(NAME) | {asked.part: found})


if __name__ == "__main__":
    main()
