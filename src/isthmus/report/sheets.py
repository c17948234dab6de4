"""Contact sheets: many pictures in one."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.report.markup import tag

Bytes = NDArray[np.uint8]
SMALLEST_TILE = 48
LARGEST_TILE = 96
GAP = 3
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def sheet(
    pictures: NDArray[Any],
    columns: int,
    *,
    like: NDArray[Any] | None = None,
    largest: int = LARGEST_TILE,
    smallest: int = SMALLEST_TILE,
) -> Image.Image:
    """Pictures in a grid, row by row, with transparent gaps.

    Small pictures are enlarged by whole factors so that each pixel stays visible; large ones are reduced.

    Parameters
    ----------
    pictures : (n, height, width, channels)
        Of uint8, uint16 or floats. Of more than four channels (or two) the first is shown.
    columns : int
    like : array, optional
        Pictures whose range floats are shown in; default these.
    largest, smallest : int
        The longest side that a picture keeps, and the one that it is enlarged to at least.
    """
    tiles = [_tile(picture, largest, smallest) for picture in eight_bit(pictures, like=like)]
    return _grid([tiles[start : start + columns] for start in range(0, len(tiles), columns)], [])


def originals_and_reconstructions(originals: NDArray[Any], rebuilt: NDArray[Any], columns: int = 8) -> Image.Image:
    """Each row of originals, and below it what the model made of them.

    Parameters
    ----------
    originals, rebuilt : (n, height, width, channels)
    columns : int
    """
    pairs = [[_tile(picture) for picture in eight_bit(side, like=originals)] for side in (originals, rebuilt)]
    rows, wide = [], []
    for start in range(0, len(originals), columns):
        rows += [side[start : start + columns] for side in pairs]
        wide.append(len(rows))
    return _grid(rows, wide[:-1])


def png_data_uri(image: Image.Image) -> str:
    """A picture as the text that an <img> takes for its source."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def image_tag(image: Image.Image, alt: str) -> str:
    """A picture as an <img> that holds it."""
    return tag("img", src=png_data_uri(image), alt=alt, width=image.width, height=image.height).removesuffix("</img>")


def eight_bit(pictures: NDArray[Any], *, like: NDArray[Any] | None = None) -> Bytes:
    """Pictures as bytes: uint16 by its full range, floats by [0, 1] or, if they leave it, by their own range.

    Parameters
    ----------
    pictures : (n, height, width, channels)
    like : array, optional
        Pictures whose range counts for floats; default these.
    """
    if pictures.dtype == np.uint8:
        return pictures
    low, high = _range(pictures if like is None else like)
    scaled = (np.nan_to_num(pictures.astype(np.float64)) - low) * (255.0 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _range(pictures: NDArray[Any]) -> tuple[float, float]:
    if pictures.dtype.kind == "u":
        return 0.0, float(np.iinfo(pictures.dtype).max)
    finite = pictures[np.isfinite(pictures)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, high if high > low else low + 1.0


def _tile(picture: Bytes, largest: int = LARGEST_TILE, smallest: int = SMALLEST_TILE) -> Image.Image:
    shown = picture if picture.shape[2] in _MODES else picture[..., :1]
    image = Image.fromarray(np.ascontiguousarray(shown[..., 0] if shown.shape[2] == 1 else shown))
    longest = max(image.size)
    if longest < smallest:
        factor = -(-smallest // longest)
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    image.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    return image


def _grid(rows: Sequence[Sequence[Image.Image]], wide: Sequence[int]) -> Image.Image:
    """Tiles of one size in rows; a wider gap above the rows numbered in `wide`."""
    if not rows:
        return Image.new("LA", (1, 1))
    width, height = rows[0][0].size
    across = max(len(row) for row in rows)
    mode = "LA" if rows[0][0].mode == "L" else "RGBA"
    size = (across * (width + GAP) - GAP, len(rows) * (height + GAP) - GAP + 2 * GAP * len(wide))
    canvas = Image.new(mode, size)
    for i, row in enumerate(rows):
        top = i * (height + GAP) + 2 * GAP * sum(i >= first for first in wide)
        for j, tile in enumerate(row):
            canvas.paste(tile.convert(mode), (j * (width + GAP), top))
    return canvas
