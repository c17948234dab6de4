"""PSNR of noisy moving pictures: frame by frame by the model that ships, by windows of frames, by OpenCV's method.

    python benchmarks/video.py --epochs 10

The photos are real and the motion is made: over each a window moves at up to two pixels a frame and zooms slowly.
Windows are learned from train400, in grey; judged are the 12 photos of Kodak, 9 frames of 192x192 each, under gaussian
noise of 25, in 8 bits as a clip holds them. OpenCV's strength h is the best of a few on ten clips of train400.
"""

import time

from common import keep, parser

import cv2  # isort: skip - after isthmus, which common imports
import numpy as np

from isthmus import Autoencoder
from isthmus.data.patches import SIDE, find_pictures
from isthmus.data.photos import read_photo
from isthmus.jobs.denoise import psnr
from isthmus.restoration import Denoiser, denoise_frames, shipped

LEVEL = 25
FRAMES = 3
LONG, LARGE = 9, 192
FASTEST, ZOOM = 2.0, 0.004
"""Pixels a frame, and the share by which a frame may be larger or smaller than the one before."""
STRENGTHS = (15, 20, 25, 30, 35)
TRAINED_ON, TUNED_ON = 8, 10
"""Windows cut from each picture to learn from; clips that OpenCV's strength is chosen by."""


def grey(path) -> np.ndarray:
    pixels = read_photo(path).pixels.astype(np.float32)
    return pixels.mean(2)


def moved(picture: np.ndarray, frames: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """A window on its way over a picture, uint8 (frames, side, side)."""
    step = rng.uniform(-FASTEST, FASTEST, 2)
    zoom = 1 + rng.uniform(-ZOOM, ZOOM)
    room = np.array(picture.shape) - 1 - side * zoom**frames - frames * np.abs(step)
    middle = rng.random(2) * np.maximum(room, 0) + side / 2 + np.maximum(-step, 0) * frames
    found = []
    for i in range(frames):
        scale, (y, x) = zoom**i, middle + i * step
        to_picture = np.array([[scale, 0, x - scale * side / 2], [0, scale, y - scale * side / 2]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        found.append(cv2.warpAffine(picture, to_picture, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101))
    return np.clip(np.rint(found), 0, 255).astype(np.uint8)


def clips(folder, frames: int, side: int, times: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pictures = [grey(folder / name) for name in find_pictures(folder)]
    return np.stack([moved(picture, frames, side, rng) for picture in pictures for _ in range(times)])


def noisy(clip: np.ndarray, seed: int) -> np.ndarray:
    noise = LEVEL * np.random.default_rng(seed).standard_normal(clip.shape)
    return np.clip(np.rint(clip + noise), 0, 255).astype(np.uint8)


def opencv(clip: np.ndarray, strength: float) -> np.ndarray:
    """Non-local means over 3 frames, as many as fit at the ends (Buades, Coll & Morel, IJCV 2008)."""
    frames, found = list(clip), []
    for i in range(len(frames)):
        inside = 0 < i < len(frames) - 1
        found.append(
            cv2.fastNlMeansDenoisingMulti(frames, i, 3, None, strength, 7, 21)
            if inside
            else cv2.fastNlMeansDenoising(frames[i], None, strength, 7, 21)
        )
    return np.stack(found)


def by_model(model: Autoencoder):
    denoiser = Denoiser(model)
    return lambda clip: np.stack([planes[0] for planes in denoise_frames(denoiser, zip(clip, strict=True), (LEVEL,))])


def score(method, clean: np.ndarray) -> float:
    found = [psnr(method(noisy(clip, seed)) / 255, clip / 255) for seed, clip in enumerate(clean)]
    return round(float(np.mean(found)), 2)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=10, help="passes over the windows (default: %(default)s)")
    asked = options.parse_args()
    images = asked.data / "images"
    learned = clips(images / "train400", FRAMES, SIDE, TRAINED_ON, 1).transpose(0, 2, 3, 1)
    start = time.process_time()
    model = Autoencoder(
        "restoring", options={"noise": f"gaussian:{LEVEL}", "frames": FRAMES}, epochs=asked.epochs, validation=0,
        random_state=0,
    ).fit(np.ascontiguousarray(learned))  # fmt: skip
    minutes = round((time.process_time() - start) / 60, 1)
    tuned = clips(images / "train400", LONG, 128, 1, 2)[:: 400 // TUNED_ON][:TUNED_ON]
    strength = max(STRENGTHS, key=lambda h: score(lambda clip: opencv(clip, h), tuned))
    clean = clips(images / "kodak", LONG, LARGE, 1, 3)
    methods = {
        "Isthmus, windows of 3 frames": by_model(model),
        "Isthmus, shipped, frame by frame": by_model(shipped()),
        "OpenCV, non-local means of 3 frames": lambda clip: opencv(clip, strength),
        "as seen": lambda clip: clip,
    }
    found = {name: score(method, clean) for name, method in methods.items()}
    about = {"minutes": minutes, "steps": model.record_["steps"], "strength": strength, "clips": len(clean)}
    keep("video", {**about, "psnr": found})


if __name__ == "__main__":
    main()
