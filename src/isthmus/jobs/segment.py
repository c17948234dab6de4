"""Segment: masks of what a picture shows. Judged by overlap beside Otsu's threshold and the spectral residual."""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter

from isthmus.data.masks import WHITE, read_mask
from isthmus.data.photos import Photo, check_photo, read_photo, write_photo
from isthmus.errors import naming
from isthmus.jobs.denoise import SHOWN_SIDE, Example, make_folder
from isthmus.jobs.inpaint import Figures, mean_figures
from isthmus.restoration import Segmenter
from isthmus.restoration.segmenting import HALF
from isthmus.restoration.tiling import from_zero_to_one
from isthmus.restoration.upscaling import LUMINANCE

Mask = NDArray[np.bool_]
SCALE = 64
"""The side that the spectral residual looks at a picture in; it is to see what is conspicuous from afar."""
BLUR = 2.5
SALIENT = 3.0
"""Times the mean saliency, from which on a pixel is taken for the object's."""


class Overlaps(NamedTuple):
    """Intersection over union, and F1."""

    iou: Figures
    f1: Figures

    def to_json(self) -> dict[str, Any]:
        """Both, with their verdicts."""
        return {each.unit: each.to_json() for each in self}


def overlap(found: Mask, truth: Mask) -> tuple[float, float]:
    """Intersection over union, and F1, of two masks; both 1 where both are empty."""
    both, either = int((found & truth).sum()), int((found | truth).sum())
    return (both / either, 2 * both / (either + both)) if either else (1.0, 1.0)


def classical(picture: NDArray[Any]) -> dict[str, Mask]:
    """What two methods that learn nothing take for the object of a picture (height, width, channels).

    Otsu's threshold (IEEE TSMC 1979), by scikit-image where it is installed; the smaller of its two parts is the
    object. The spectral residual (Hou & Zhang, CVPR 2007), where it is more than three times its mean.
    """
    grey = from_zero_to_one(picture) @ (LUMINANCE if picture.shape[2] == 3 else np.ones(1, np.float32))
    salient = spectral_residual(grey)
    return otsu(grey) | {"spectral residual": salient > SALIENT * salient.mean()}


def otsu(grey: NDArray[np.float32]) -> dict[str, Mask]:
    """The smaller part of a picture by Otsu's threshold; nothing without scikit-image."""
    try:
        filters: Any = importlib.import_module("skimage.filters")
    except ImportError:
        return {}
    light = grey > filters.threshold_otsu(grey)
    return {"Otsu": light if light.mean() <= 0.5 else ~light}


def spectral_residual(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """How conspicuous each pixel is: the picture without what its neighbourhood of frequencies foretells.

    |F^-1(exp(R + i P))|^2, blurred, where R is the logarithm of the amplitude less its mean over 3x3 frequencies and P
    the phase, of the picture made as small as 64 pixels.
    """
    scale = SCALE / max(grey.shape)
    size = tuple(max(2, round(scale * length)) for length in grey.shape[::-1])
    spectrum = np.fft.fft2(np.asarray(Image.fromarray(grey.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)))
    amplitude = np.log(np.abs(spectrum) + 1e-9)
    residual = amplitude - uniform_filter(amplitude, 3, mode="wrap")
    found = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    small = Image.fromarray(gaussian_filter(found, BLUR).astype(np.float32))
    return np.asarray(small.resize(grey.shape[::-1], Image.Resampling.BILINEAR))


def figures(found: Mask, picture: NDArray[Any], truth: Mask) -> Overlaps:
    """Judge the mask found of a picture (height, width, channels) beside those of the classical methods."""
    ours = overlap(found, truth)
    others = {name: overlap(mask, truth) for name, mask in classical(picture).items()}
    return Overlaps(
        *(
            Figures(ours[i], {name: each[i] for name, each in others.items()}, unit, more_is_better=True)
            for i, unit in enumerate(("IoU", "F1"))
        )
    )


def mean_overlaps(found: Sequence[Overlaps]) -> Overlaps:
    """The mean of each over pictures."""
    return Overlaps(*(mean_figures(each) for each in zip(*found, strict=True)))


@dataclass(frozen=True)
class Segmented:
    """One file that was segmented: where its mask went, the object's share of it, and figures if it was judged."""

    name: str
    output: Path
    share: float
    figures: Overlaps | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        figures = None if self.figures is None else self.figures.to_json()
        return {"picture": self.name, "output": str(self.output), "share": self.share, "figures": figures}


def segment_file(
    segmenter: Segmenter, source: Path, output: Path, clean: Path | None, *, soft: bool = False
) -> Segmented:
    """Write the mask of one picture file, as it is shown, and judge it by a true one if there is one.

    The mask is of 8 bits: black and white, or with `soft` the probability where white is 1.

    Raises
    ------
    DataError
        If a file can't be read or written, or the true mask is of another size.
    """
    shape = check_photo(source)
    with naming(str(source)):
        segmenter.check_shape(shape)
    pixels = read_photo(source).shown()
    truth = None if clean is None else read_mask(clean, pixels.shape[:2])
    likely = segmenter.probabilities(pixels)
    found = likely >= HALF
    make_folder(output.parent)
    written = likely if soft else found.astype(np.float32)
    write_photo(output, Photo(np.rint(255 * written[..., None]).astype(np.uint8)))
    judged = None if truth is None else figures(found, pixels, truth)
    return Segmented(str(source), output, float(found.mean()), judged)


def judged_masks(segmenter: Segmenter, pictures: Sequence[Path], masks: Sequence[Path]) -> Overlaps:
    """Mean figures of pictures whose masks are known."""
    found = []
    for path, mask in zip(pictures, masks, strict=True):
        pixels, truth = read_photo(path).shown(), read_photo(mask).shown()[..., 0] >= WHITE
        found.append(figures(segmenter.segment(pixels), pixels, truth))
    return mean_overlaps(found)


def mask_examples(segmenter: Segmenter, pictures: Sequence[Path], masks: Sequence[Path]) -> Iterator[Example]:
    """Pictures, how likely each pixel is the object's, and their true masks."""
    for path, mask in zip(pictures, masks, strict=True):
        seen = from_zero_to_one(read_photo(path).shown())
        likely, truth = segmenter.probabilities(seen), read_photo(mask).shown()[..., 0] >= WHITE
        found, true = (np.repeat(mask[..., None].astype(np.float32), seen.shape[2], 2) for mask in (likely, truth))
        yield Example(path.name, seen, found, true, alike=False).middle(SHOWN_SIDE)
