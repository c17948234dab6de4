"""Folders of pictures."""

import os
import struct
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from isthmus.data.arrays import check_pictures_agree
from isthmus.data.dataset import Dataset, Options, some
from isthmus.data.schema import ImageSchema
from isthmus.data.source import Collector, Source
from isthmus.errors import DataError

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
# What Pillow's decoders raise on files that lie about themselves.
FAULTS = (
    *(OSError, ValueError, SyntaxError, TypeError, EOFError, KeyError, IndexError, MemoryError, struct.error),
    *(Image.DecompressionBombWarning, Image.DecompressionBombError),
)
_GREY_MODES = ("1", "L", "LA", "La")
_ORIENTATION, _INK = 0x0112, 262


@dataclass(frozen=True)
class _Header:
    """What a picture is before it is decoded: its size as shown, and one of grey, colour, deep or real."""

    name: str
    size: tuple[int, int]
    sort: str


def from_folder(folder: Path, options: Options) -> Dataset:
    """Open all pictures under a folder, sorted by their relative path.

    Two passes: the headers give the size of the result, which is then filled picture by picture. Alpha is
    dropped, palettes become RGB, a camera's orientation is obeyed; of a file with several pictures the
    first counts.
    """
    where = folder.name or str(folder)
    options.refuse(where, "a folder of pictures", ("key", options.key), ("label", options.label))
    expected = options.expected_images(where)
    names = find(folder)
    if not names:
        raise DataError(f"{where}: no pictures in this folder; known endings are {', '.join(ENDINGS)}")
    bad: dict[str, str] = {}
    with _strict_pillow():
        headers = _headers(folder, names, bad)
        if not headers:
            _refuse_bad(where, bad, len(names))
        schema = _common_schema(headers, options.size, where, expected)
        source, good = _decode(folder, headers, schema, bad, options.memory)
    if bad and not (options.skip_bad and good):
        _refuse_bad(where, bad, len(names))
    skipped = [f"{name}: {reason}" for name, reason in bad.items()]
    return Dataset(schema, source, folder_labels(good), good, "folder", skipped)


def find(folder: Path, endings: tuple[str, ...] = ENDINGS) -> list[str]:
    """The pictures (files of these endings) under a folder, as relative paths, sorted."""
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        here = Path(place).relative_to(folder)
        pictures = (name for name in files if name.lower().endswith(endings) and not name.startswith("."))
        found += [(here / name).as_posix() for name in pictures]
    return sorted(found)


def folder_labels(names: list[str]) -> NDArray[Any] | None:
    """The sub-folder of each file, if all lie in one."""
    if all("/" in name for name in names):
        return np.array([name.split("/", 1)[0] for name in names])
    return None


@contextmanager
def _strict_pillow() -> Iterator[None]:
    """Make a decompression bomb a fault; other warnings of Pillow's concern its own authors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


# ---- the first pass


def _headers(folder: Path, names: Iterable[str], bad: dict[str, str]) -> list[_Header]:
    headers = []
    for name in names:
        try:
            with _opened(folder / name) as picture:
                size = picture.size[::-1] if _orientation(picture) < 5 else picture.size
                headers.append(_Header(name, (size[0], size[1]), _sort(picture.mode)))
        except FAULTS as error:
            bad[name] = reason(error)
    return headers


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    # of a path, Pillow maps a raw TIFF file that is to be turned with its sides exchanged
    with path.open("rb") as file, Image.open(file) as picture:
        yield picture


def _orientation(picture: Image.Image) -> int:
    if picture.format == "TIFF" or (picture.format == "PNG" and "exif" not in picture.info):
        return 1  # a TIFF comes turned; asking a PNG would decode it
    return int(picture.getexif().get(_ORIENTATION, 1))


def _sort(mode: str) -> str:
    if mode in _GREY_MODES:
        return "grey"
    if mode.startswith("I"):
        return "deep"
    return "real" if mode == "F" else "colour"


def is_negative(picture: Image.Image) -> bool:
    """Whether 0 is white in a 16-bit TIFF file, which Pillow minds of 8 bits only."""
    return picture.mode.startswith("I;16") and getattr(picture, "tag_v2", {}).get(_INK) == 0


def reason(error: Exception) -> str:
    """A decoder's fault in a few words."""
    if isinstance(error, Image.DecompressionBombWarning):
        return f"more than {Image.MAX_IMAGE_PIXELS} pixels"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels"
    if type(error).__name__ == "UnidentifiedImageError":
        return "not a picture"
    return (str(error).splitlines() or [type(error).__name__])[0]


def _refuse_bad(where: str, bad: dict[str, str], count: int) -> None:
    shown = some([f"{name} ({reason})" for name, reason in sorted(bad.items())])
    remedy = "none is left" if len(bad) == count else "pass over them with --skip-bad (skip_bad=True)"
    raise DataError(f"{where}: {len(bad)} of {count} pictures can't be read: {shown}; {remedy}")


def _common_schema(
    headers: list[_Header], size: tuple[int, int] | None, where: str, expected: ImageSchema | None
) -> ImageSchema:
    height, width = size or _common_size(headers, where, expected)
    sort = _common_sort(headers, where)
    if expected is not None and expected.channels == 3 and sort == "grey":
        sort = "colour"  # grey is a colour
    dtype = {"deep": "uint16", "real": "float32"}.get(sort, "uint8")
    found = ImageSchema(height, width, 3 if sort == "colour" else 1, dtype)
    if expected is not None:
        if (height, width) != (expected.height, expected.width):
            raise DataError(
                f"{where}: pictures are {height}x{width} (height x width); the model was fitted on "
                f"{expected.height}x{expected.width}; resize them with --size {expected.height}x{expected.width} "
                f"(size={(expected.height, expected.width)})"
            )
        check_pictures_agree(expected, found, where)
    return expected or found


def _common_size(headers: list[_Header], where: str, expected: ImageSchema | None) -> tuple[int, int]:
    counts = Counter(header.size for header in headers)
    if len(counts) == 1:
        return headers[0].size
    shown = ", ".join(f"{h}x{w} ({count} pictures)" for (h, w), count in counts.most_common(2))
    first = (expected.height, expected.width) if expected else counts.most_common(1)[0][0]
    raise DataError(
        f"{where}: pictures of {len(counts)} sizes, most often {shown} (height x width); "
        f"resize them all with --size {first[0]}x{first[1]} (size={first})"
    )


def _common_sort(headers: list[_Header], where: str) -> str:
    examples = {header.sort: header.name for header in headers}
    if set(examples) == {"grey", "colour"}:
        return "colour"
    if len(examples) > 1:
        words = {"grey": "8-bit grey", "colour": "8-bit colour", "deep": "16-bit grey", "real": "float"}
        shown = ", ".join(f"{words[sort]} ({name})" for sort, name in examples.items())
        raise DataError(f"{where}: pictures of several depths: {shown}; convert them to one")
    return headers[0].sort


# ---- the second pass


def _decode(
    folder: Path, headers: list[_Header], schema: ImageSchema, bad: dict[str, str], memory: int | None
) -> tuple[Source, list[str]]:
    good = []
    with Collector(len(headers), schema.shape, np.dtype(schema.dtype), memory) as rows:
        for header in headers:
            try:
                pixels = _pixels(folder / header.name, schema)
            except FAULTS as error:
                bad[header.name] = reason(error)
            else:
                rows.add(pixels[None])
                good.append(header.name)
        return rows.finish(), good


def _pixels(path: Path, schema: ImageSchema) -> NDArray[Any]:
    with _opened(path) as picture:
        negative = is_negative(picture)
        if _orientation(picture) != 1:
            picture = ImageOps.exif_transpose(picture)
        if schema.dtype == "uint8":
            picture = picture.convert("L" if schema.channels == 1 else "RGB")
        size = (schema.width, schema.height)
        if picture.size != size:
            if schema.dtype != "uint8":
                picture = picture.convert("F")  # Pillow resizes 16-bit pictures by the nearest pixel only
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        pixels = np.asarray(picture)
        if schema.dtype == "uint16":
            pixels = 65535 - _deep(pixels) if negative else _deep(pixels)
    return pixels.reshape(schema.shape)


def _deep(pixels: NDArray[Any]) -> NDArray[np.uint16]:
    if pixels.dtype == np.float32:  # resized: LANCZOS overshoots at edges
        pixels = np.clip(np.rint(pixels), 0, 65535)
    if pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError("pixels beyond 16 bits")
    return pixels.astype(np.uint16)
