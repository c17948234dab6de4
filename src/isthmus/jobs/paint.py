"""Inpaint by a model that learned holes: picture files, and figures beside OpenCV's two methods."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.photos import check_photo, read_photo, write_photo
from isthmus.errors import DataError, naming
from isthmus.jobs.denoise import SHOWN_SIDE, Example, make_folder
from isthmus.jobs.inpaint import Figures, judge_pictures, mean_figures
from isthmus.parts import Holes
from isthmus.restoration.painting import Inpainter
from isthmus.restoration.tiling import USUAL, Span, from_zero_to_one
from isthmus.training import seeded

Mask = NDArray[np.bool_]
JPEG = (".jpg", ".jpeg")


@dataclass(frozen=True)
class Painted:
    """One file that was filled: where it went, how many pixels, and figures where a clean picture was given."""

    name: str
    output: Path
    filled: int
    figures: Figures | None
    example: Example | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        figures = None if self.figures is None else self.figures.to_json()
        return {"picture": self.name, "output": str(self.output), "filled": self.filled, "figures": figures}


def check_file(inpainter: Inpainter, source: Path, output: Path) -> tuple[int, int]:
    """Refuse a file that can't be filled so far as its beginning tells; its height and width as they are stored.

    Raises
    ------
    DataError
        If it can't be read, is of channels that the model doesn't serve, or would be written as JPEG.
    """
    if output.suffix.lower() in JPEG:
        raise DataError(f"{output}: JPEG would change what is known of the picture; write .png")
    shape = check_photo(source, output)
    with naming(str(source)):
        inpainter.check_shape(shape)
    return shape[0], shape[1]


def fill_file(inpainter: Inpainter, source: Path, output: Path, hidden: Mask, clean: Path | None) -> Painted:
    """Fill what is hidden of a picture file, and judge it by a clean one if there is one.

    Parameters
    ----------
    hidden : (height, width)
        Of the picture as it is shown, whatever the orientation in which it is stored.

    Raises
    ------
    InputError
        If a file can't be read or written, the mask is of another size or leaves nothing known, or the clean picture
        is of another size.
    """
    check_file(inpainter, source, output)
    photo = read_photo(source)
    found = photo.with_pixels(photo.pixels.copy())
    with naming(str(source)):
        found.shown()[...] = inpainter.fill(photo.shown(), hidden)  # a view of the pixels as they are stored
    figures, reference = None, None
    if clean is not None:
        reference = read_photo(clean).shown()
        if (reference.shape, reference.dtype) != (photo.shown().shape, photo.pixels.dtype):
            raise DataError(f"{clean} and {source} are not of one size, channels and depth")
        figures = _judged([found.shown()], [photo.shown()], [reference], [hidden])
    make_folder(output.parent)
    write_photo(output, found)
    example = _example(str(source), found.shown(), hidden, reference)
    return Painted(str(source), output, int(hidden.sum()), figures, example)


def _example(name: str, filled: NDArray[Any], hidden: Mask, clean: NDArray[Any] | None, span: Span = USUAL) -> Example:
    """A picture grey where it was hidden, and filled."""
    found = from_zero_to_one(filled, span)
    seen = np.where(hidden[..., None], np.float32(0.5), found)
    truth = None if clean is None else from_zero_to_one(clean, span)
    return Example(name, seen, found, truth).middle(SHOWN_SIDE)


def judge_holes(inpainter: Inpainter, pictures: Sequence[NDArray[Any]], seed: int = 0) -> dict[str, Figures]:
    """PSNR of pictures (height, width, channels) under each kind of hole that the model learned, drawn by a seed."""
    found = {}
    for kind in _kinds(inpainter):
        masks = _masks(kind, pictures, seed)
        filled = [inpainter.fill(picture, mask) for picture, mask in zip(pictures, masks, strict=True)]
        # figures are of floats of which 1 is white
        scaled = [from_zero_to_one(each, inpainter.span) if each.dtype.kind == "f" else each for each in pictures]
        restored = [from_zero_to_one(each, inpainter.span) if each.dtype.kind == "f" else each for each in filled]
        found[kind] = _judged(restored, scaled, scaled, masks)
    return found


def _kinds(inpainter: Inpainter) -> tuple[str, ...]:
    learned = inpainter.autoencoder.model_.corruption
    assert isinstance(learned, Holes)  # for the type checker
    return learned.kinds


def _masks(kind: str, pictures: Sequence[NDArray[Any]], seed: int) -> list[Mask]:
    with seeded(seed, "cpu"):
        return [Holes((kind,)).draw(1, *picture.shape[:2])[0].numpy() for picture in pictures]


def hole_examples(inpainter: Inpainter, pictures: Sequence[NDArray[Any]], seed: int = 0) -> Iterator[Example]:
    """Each picture under a kind of hole that the model learned, in turn, and filled."""
    kinds = _kinds(inpainter)
    for i, picture in enumerate(pictures):
        (mask,) = _masks(kinds[i % len(kinds)], [picture], seed + i)
        yield _example(kinds[i % len(kinds)], inpainter.fill(picture, mask), mask, picture, inpainter.span)


def _judged(
    filled: Sequence[NDArray[Any]],
    damaged: Sequence[NDArray[Any]],
    clean: Sequence[NDArray[Any]],
    hidden: Sequence[Mask],
) -> Figures:
    """Mean figures over pictures that may be of different sizes; nobody sees what was under the mask."""
    each = [
        judge_pictures(f[None], np.where(h[..., None], d.dtype.type(0), d)[None], c[None], h[None, ..., None])
        for f, d, c, h in zip(filled, damaged, clean, hidden, strict=True)
    ]
    return mean_figures(each)
