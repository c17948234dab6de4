"""IoU and F1 of masks on pictures not trained on, beside Otsu's threshold and the spectral residual.

    python benchmarks/segment.py ink --minutes 6         scanned pages and their ink, fonts held out
    python benchmarks/segment.py pasted --minutes 8      clothes pasted upon photographs

ink: the pages of benchmarks/documents.py; the ink is where the clean page is darker than 0.5.
pasted: composed, for want of real masks: each crop of a photograph gets one picture of Fashion-MNIST pasted upon it,
20 to 40 pixels wide, lighter or darker than what it covers by 30 to 90 of 255. Learned from crops of train400 with
training pictures, judged by crops of Set12 and Kodak (grey) with test pictures. The network is narrower and deeper
than the usual one, to look farther: 32x15.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from common import keep, kept, parser
from documents import parted
from PIL import Image

from isthmus import Autoencoder
from isthmus.data.patches import cut_patches, find_pictures
from isthmus.data.photos import read_photo
from isthmus.jobs.segment import Overlaps, figures, mean_overlaps
from isthmus.restoration import Segmenter

NAME = "segment"
LEARNED, JUDGED, SIDE = 4000, 96, 64
JUDGES_SEED = 2
"""By the pictures of seed 1 a first network was found wanting, so they judge no more."""
SMALLEST, LARGEST = 20, 40
"""Sides of what is pasted."""
CLOTH = 64
"""Grey of 255 from which on a pixel of Fashion-MNIST belongs to the thing."""


def ink(asked: argparse.Namespace) -> dict:
    clean, noisy = (asked.data / "documents" / name for name in ("clean", "noisy"))
    learned, held = parted(clean)
    pages, seen = cut_patches(clean, learned, seen=noisy, seen_names=learned)
    masks = inked(pages.source.read(0, pages.n))
    model = fitted(asked, masks, seen.source.read(0, seen.n))
    judged = [(read_photo(noisy / name).pixels, inked(read_photo(clean / name).pixels)[..., 0] > 0) for name in held]
    return about(asked, model) | {"learned": len(learned), "judged": len(held)} | judge(model, judged)


def inked(page: np.ndarray) -> np.ndarray:
    return np.where(page < 128, 255, 0).astype(np.uint8)


def pasted(asked: argparse.Namespace) -> dict:
    images = asked.data / "images"
    with np.load(images / "fashion_mnist_subset.npz") as arrays:
        things, others = arrays["x_train"], arrays["x_test"]
    seen, masks = composed([images / "train400"], things, LEARNED, 0)
    model = fitted(asked, masks, seen, hidden=(32,) * 15, learning_rate=2e-3)
    pictures, truth = composed([images / "set12", images / "kodak"], others, JUDGED, JUDGES_SEED)
    judged = [(picture[..., None], mask > 0) for picture, mask in zip(pictures, truth, strict=True)]
    return about(asked, model) | {"learned": LEARNED, "judged": JUDGED} | judge(model, judged)


def composed(folders: list[Path], things: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops of photographs with a thing pasted upon each, and the masks, both uint8 (n, side, side)."""
    draw = np.random.default_rng(seed)
    photos = [grey(folder / name) for folder in folders for name in find_pictures(folder)]
    pairs = [_pasted(photos[i % len(photos)], things[draw.integers(len(things))], draw) for i in range(count)]
    seen, masks = zip(*pairs, strict=True)
    return np.stack(seen), np.stack(masks)


def grey(path: Path) -> np.ndarray:
    return read_photo(path).shown().mean(2)


def _pasted(photo: np.ndarray, thing: np.ndarray, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    top, left = (draw.integers(length - SIDE + 1) for length in photo.shape)
    crop = photo[top : top + SIDE, left : left + SIDE].copy()
    side = int(draw.integers(SMALLEST, LARGEST + 1))
    large = np.asarray(Image.fromarray(thing).resize((side, side), Image.Resampling.BICUBIC)).astype(float)
    there = large >= CLOTH
    down, right = (draw.integers(SIDE - side + 1) for _ in range(2))
    place = crop[down : down + side, right : right + side]
    step = draw.choice([-1, 1]) * draw.uniform(30, 90)
    shades = draw.uniform(0.1, 0.5) * (large - large[there].mean()) if there.any() else large
    place[there] = (place[there].mean() + step + shades[there]) if there.any() else place[there]
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[down : down + side, right : right + side] = 255 * there
    return np.clip(np.rint(crop), 0, 255).astype(np.uint8), mask


def fitted(asked: argparse.Namespace, masks: np.ndarray, seen: np.ndarray, **more) -> Autoencoder:
    options = more | {"options": {"edges": asked.edges}, "minutes": asked.minutes, "validation": 0, "random_state": 0}
    return Autoencoder("segmenting", **options).fit(masks, seen=seen)


def judge(model: Autoencoder, judged: list[tuple[np.ndarray, np.ndarray]]) -> dict:
    """Mean IoU and F1 of every method."""
    segmenter = Segmenter(model)
    found: Overlaps = mean_overlaps([figures(segmenter.segment(picture), picture, truth) for picture, truth in judged])
    return {
        each.unit: {name: round(value, 3) for name, value in ({"Isthmus": each.ours} | each.peers).items()}
        for each in found
    }


def about(asked: argparse.Namespace, model: Autoencoder) -> dict:
    return {"minutes": asked.minutes, "steps": model.record_["steps"], "edges": asked.edges}


PARTS = {"ink": ink, "pasted": pasted}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("part", choices=PARTS)
    options.add_argument("--minutes", type=float, default=8, help="of training (default: %(default)s)")
    options.add_argument("--edges", type=float, default=0.1, help="weight of the edge-contrast penalty")
    options.add_argument("--try-out", action="store_true", help="print, and keep nothing")
    asked = options.parse_args()
    found = PARTS[asked.part](asked)
    if asked.try_out:
        print(json.dumps(found, indent=2))
        return
    keep(NAME, kept(NAME) | {asked.part: found})


if __name__ == "__main__":
    main()
