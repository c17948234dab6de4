"""Folders of files written, as of pictures from an array."""

import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.data.images import ENDINGS
from isthmus.errors import InputError
from isthmus.files import atomic_write

Opener = Callable[[Path], AbstractContextManager[IO[bytes]]]
Saver = Callable[[IO[bytes], Any, str], None]
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"lossless": True}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
    ".bmp": ("BMP", {}),
}
_DEEP_ENDINGS = (".png", ".tif", ".tiff")


def write_folder(folder: Path, pictures: NDArray[Any], names: Sequence[str] | None) -> None:
    """Write pictures (n, height, width, channels) under relative ``names``, or as 00000.png and so on.

    A new folder appears whole or not at all; in an existing one each file does.

    Raises
    ------
    InputError
        If the pictures' type suits no picture file, names lead out of the folder or clash, or writing fails.
    """
    _check(folder, pictures)
    width = max(5, len(str(len(pictures) - 1)))
    given = names if names is not None else [f"{i:0{width}d}.png" for i in range(len(pictures))]
    write_files(folder, _targets(folder, given, pictures), pictures, _save)


def write_files(folder: Path, targets: Sequence[PurePosixPath], items: Iterable[Any], save: Saver) -> None:
    """Write each item to a file under the folder by ``save(file, item, ending)``.

    A new folder appears whole or not at all; in an existing one each file does.

    Raises
    ------
    InputError
        If writing fails.
    """
    try:
        if folder.exists():
            _write_all(folder, targets, items, save, atomic_write)
        else:
            _write_new(folder, targets, items, save)
    except OSError as error:
        raise InputError(f"can't write {folder}: {error.strerror or error}") from error


def write_picture(path: Path, pixels: NDArray[Any]) -> None:
    """Write one picture (height, width, channels) to a file, in the format of its ending.

    Raises
    ------
    InputError
        If no such file holds its type of pixels, or writing fails.
    """
    _check(path, pixels[None])
    if path.suffix.lower() not in FORMATS or _target(path.name, pixels[None]).name != path.name:
        raise InputError(f"{path}: this kind of file holds no picture of {pixels.dtype}; write it to .npy")
    with atomic_write(path) as file:
        _save(file, pixels, path.suffix.lower())


def _write_new(folder: Path, targets: Sequence[PurePosixPath], items: Iterable[Any], save: Saver) -> None:
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.part")
    try:
        _write_all(beside, targets, items, save, lambda path: path.open("wb"))
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _check(folder: Path, pictures: NDArray[Any]) -> None:
    channels, dtype = pictures.shape[3], pictures.dtype.name
    eight = dtype == "uint8" and channels in (1, 3, 4)
    if not (eight or (dtype in ("uint16", "float32") and channels == 1)):
        raise InputError(f"{folder}: no picture file holds {channels} channels of {dtype}; write them to .npy or .npz")


def _targets(folder: Path, names: Sequence[str], pictures: NDArray[Any]) -> list[PurePosixPath]:
    if len(names) != len(pictures):
        raise InputError(f"{folder}: {len(names)} names for {len(pictures)} pictures; give one a picture")
    targets = [_target(name, pictures) for name in names]
    for name, target in zip(names, targets, strict=True):
        if target.is_absolute() or ".." in target.parts:
            raise InputError(f"{folder}: the name {name!r} leads out of the folder; give relative names")
    if len(set(targets)) < len(targets):
        twice = next(name for name in targets if targets.count(name) > 1)
        raise InputError(f"{folder}: two pictures would be called {str(twice)!r}; give them different names")
    return targets


def _target(name: str, pictures: NDArray[Any]) -> PurePosixPath:
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    if pictures.dtype == np.float32:
        return path if ending in (".tif", ".tiff") else path.with_suffix(".tif")
    if pictures.shape[3] == 4:
        return path if ending == ".png" else path.with_suffix(".png")
    known = ENDINGS if pictures.dtype == np.uint8 else _DEEP_ENDINGS
    return path if ending in known else path.with_suffix(".png")


def _write_all(
    folder: Path, targets: Sequence[PurePosixPath], items: Iterable[Any], save: Saver, opened: Opener
) -> None:
    for target, item in zip(targets, items, strict=True):
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        with opened(path) as file:
            save(file, item, path.suffix.lower())


def _save(file: IO[bytes], pixels: NDArray[Any], ending: str) -> None:
    form, settings = FORMATS[ending]
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels))
    picture.save(file, form, **settings)
