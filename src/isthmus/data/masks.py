"""Masks of pictures and tables from files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.data.images import ENDINGS, FAULTS
from isthmus.data.photos import read_photo
from isthmus.errors import DataError

WHITE = 128
"""Grey is taken for white from here on: a picture kept as JPEG has no black that is 0."""


def read_mask(path: Path, size: tuple[int, ...] | None) -> NDArray[Any]:
    """A mask from a .npy file or a picture: what is not 0, or light, is to be filled.

    Parameters
    ----------
    path : Path
    size : (height, width), optional
        What a picture of a mask must measure; None for tables, whose masks are arrays.

    Raises
    ------
    DataError
        If it can't be read, or is a picture of another size.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such mask file")
    try:
        if path.suffix.lower() == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
        if path.suffix.lower() in ENDINGS and size is not None:
            with Image.open(path) as picture:
                return _same_size(np.asarray(picture.convert("L")) >= WHITE, path, size)
    except FAULTS as fault:
        if isinstance(fault, DataError):
            raise
        raise DataError(f"{path}: can't be read as a mask: {fault}") from None
    raise DataError(f"{path}: a mask is a .npy file" + (f", or a picture ({', '.join(ENDINGS)})" if size else ""))


def _same_size(mask: NDArray[np.bool_], path: Path, size: tuple[int, ...]) -> NDArray[np.bool_]:
    if mask.shape != tuple(size):
        given, wanted = ("x".join(map(str, shape)) for shape in (mask.shape, size))
        raise DataError(f"{path}: the mask is of size {given}, the pictures are {wanted} (height x width)")
    return mask


def check_masks(paths: Iterable[Path]) -> None:
    """Refuse masks to learn from of which none could be learned; what can't be read is left to who reads it next.

    Raises
    ------
    DataError
        If one is not a grey picture of 8 bits, or all together are light or dark throughout.
    """
    values: set[bool] = set()
    for path in paths:
        try:
            pixels = read_photo(path).pixels
        except DataError:
            continue
        if pixels.dtype != np.uint8 or pixels.shape[2] != 1:
            kind = f"{'colour' if pixels.shape[2] > 1 else 'grey'} of {8 * pixels.dtype.itemsize} bits"
            raise DataError(
                f"{path}: a mask is a grey picture of 8 bits, light where the object is; this one is {kind}"
            )
        values |= {*np.unique(pixels >= WHITE).tolist()}
    if len(values) == 1:
        what = f"light ({WHITE} or more)" if values == {True} else f"dark (below {WHITE})"
        raise DataError(f"the masks are all {what} throughout, so there is nothing to learn: white is the object")
