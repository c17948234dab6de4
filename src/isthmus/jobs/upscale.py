"""Upscale: pictures enlarged. Judged in PSNR beside bicubic and Lanczos interpolation of the same small pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from isthmus.data.photos import Photo, check_photo, read_photo, write_photo
from isthmus.errors import DataError, naming
from isthmus.jobs.denoise import SHOWN_SIDE, Example, Figures, make_folder, mean_figures, middle, psnr
from isthmus.parts.scaling import reduced
from isthmus.restoration import Upscaler
from isthmus.restoration.tiling import from_zero_to_one, in_units_of
from isthmus.restoration.upscaling import bicubic

KERNELS = {"bicubic": Image.Resampling.BICUBIC, "Lanczos": Image.Resampling.LANCZOS}


def classical(small: NDArray[Any], factor: int) -> dict[str, NDArray[Any]]:
    """What Pillow's bicubic and Lanczos interpolation make of a picture (height, width, channels), of its type."""
    return {name: _resized(small, factor, kernel) for name, kernel in KERNELS.items()}


def _resized(small: NDArray[Any], factor: int, kernel: Image.Resampling) -> NDArray[Any]:
    height, width, channels = small.shape
    out = np.empty((height * factor, width * factor, channels), small.dtype)
    for i in range(channels):
        plane = Image.fromarray(from_zero_to_one(small[..., i])).resize((width * factor, height * factor), kernel)
        out[..., i] = in_units_of(np.asarray(plane), small.dtype)
    return out


def figures(large: NDArray[Any], small: NDArray[Any], clean: NDArray[Any], factor: int) -> Figures:
    """Judge what a small picture was enlarged to, over all channels and pixels; before are its pixels repeated."""
    truth = from_zero_to_one(clean)
    repeated = small.repeat(factor, 0).repeat(factor, 1)
    peers = {name: psnr(from_zero_to_one(found), truth) for name, found in classical(small, factor).items()}
    return Figures(psnr(from_zero_to_one(repeated), truth), psnr(from_zero_to_one(large), truth), peers)


def judged_factors(upscaler: Upscaler, pictures: Sequence[Path]) -> dict[int, Figures]:
    """Mean figures of pictures made smaller and enlarged again by every factor that the model learned."""
    clean = [middle(path, upscaler.channels) for path in pictures]
    return {factor: mean_figures([_judged(upscaler, each, factor) for each in clean]) for factor in upscaler.factors}


def _judged(upscaler: Upscaler, picture: NDArray[np.float32], factor: int) -> Figures:
    clean, small = _made_smaller(picture, factor)
    return figures(upscaler.upscale(small, factor), small, clean, factor)


def _made_smaller(picture: NDArray[np.float32], factor: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """What of a picture the factor divides, and the same made smaller, in 8 bits."""
    height, width = (length // factor * factor for length in picture.shape[:2])
    clean = picture[:height, :width]
    small_1Chw = reduced(torch.from_numpy(clean.transpose(2, 0, 1).copy())[None], factor)
    return clean, in_units_of(small_1Chw[0].permute(1, 2, 0).numpy(), np.dtype(np.uint8))


def large_examples(upscaler: Upscaler, pictures: Sequence[Path]) -> Iterator[Example]:
    """Pictures made smaller by the largest factor learned, as bicubic interpolation and the model enlarge them."""
    factor = max(upscaler.factors)
    for path in pictures:
        clean, small = _made_smaller(middle(path, upscaler.channels), factor)
        before, after = (from_zero_to_one(found) for found in (bicubic(small, factor), upscaler.upscale(small, factor)))
        yield Example(path.name, before, after, clean).middle(SHOWN_SIDE)


@dataclass(frozen=True)
class Upscaled:
    """One file that was enlarged: where it went, by how much, and figures where a large picture was given."""

    name: str
    output: Path
    factor: int
    figures: Figures | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        figures = None if self.figures is None else self.figures.to_json()
        return {"picture": self.name, "output": str(self.output), "factor": self.factor, "figures": figures}


def upscale_file(upscaler: Upscaler, source: Path, output: Path, factor: int, clean: Path | None) -> Upscaled:
    """Enlarge one picture file into another, and judge it by a large one if there is one.

    Raises
    ------
    DataError
        If a file can't be read or written, or the large picture is of another size.
    """
    shape = check_photo(source, output)
    with naming(str(source)):
        upscaler.check_shape(shape)
    photo = read_photo(source)
    reference = None if clean is None else _reference(photo, factor, source, clean)
    alpha = None if photo.alpha is None else bicubic(photo.alpha, factor)
    found = replace(photo, pixels=upscaler.upscale(photo.pixels, factor), alpha=alpha)
    make_folder(output.parent)
    write_photo(output, found)
    judged = None if reference is None else figures(found.shown(), photo.shown(), reference.shown(), factor)
    return Upscaled(str(source), output, factor, judged)


def _reference(photo: Photo, factor: int, source: Path, path: Path) -> Photo:
    clean = read_photo(path)
    height, width, channels = photo.shown().shape
    wanted = (height * factor, width * factor, channels)
    if clean.shown().shape != wanted:
        sizes = " and ".join("x".join(map(str, shape)) for shape in (clean.shown().shape, wanted))
        raise DataError(f"{path} and {source} enlarged {factor} times differ: {sizes} (height x width x channels)")
    return clean
