"""One picture file in, the same kind of file out: 8 or 16 bits, grey or colour, with alpha, profile and EXIF data."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.data.folders import FORMATS
from isthmus.data.images import ENDINGS, FAULTS, is_negative, reason
from isthmus.errors import DataError
from isthmus.files import atomic_write

_AFTER_HEADER = 33
"""Where a PNG's first chunk, IHDR, ends."""
_ORIENTATION = 0x0112
_TURNS = {
    2: (False, True, False), 3: (True, True, False), 4: (True, False, False), 5: (False, False, True),
    6: (True, False, True), 7: (True, True, True), 8: (False, True, True),
}  # fmt: skip
"""Of each orientation: whether rows, and columns, are to be read backwards, and then become columns and rows."""
_PLAIN = {"L": "L", "RGB": "RGB", "LA": "LA", "RGBA": "RGBA", "1": "L", "La": "LA", "RGBa": "RGBA", "YCbCr": "RGB"}
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N")
_LONGEST = {"JPEG": 65500, "WEBP": 16383}
_PLANES, _KIND_OF_ALPHA = 284, 338
"""Tags of TIFF: whether channels lie apart (2), and colours were multiplied by alpha (1)."""
_INCH = 0.0254


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture as it is stored, and what its file says besides.

    ``pixels`` are (height, width, channels), uint8 or uint16, of 1 or 3 channels; ``alpha`` (height, width, 1) of the
    same type, or None; ``profile`` and ``exif`` the bytes of the colour profile and of the EXIF data, among them the
    camera's orientation, which is left to whoever shows the picture; ``dpi`` pixels per inch across and down.
    """

    pixels: NDArray[Any]
    alpha: NDArray[Any] | None = None
    profile: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None

    def with_pixels(self, pixels: NDArray[Any]) -> "Photo":
        """The same file with other pixels."""
        return replace(self, pixels=pixels)

    @property
    def orientation(self) -> int:
        """How the stored pixels are to be turned, 1 to 8 as EXIF counts; 1 is as they are, and if EXIF is broken."""
        return int(_tags(self.exif).get(_ORIENTATION, 1))

    def shown(self) -> NDArray[Any]:
        """The pixels as they are shown, (height, width, channels)."""
        upside_down, mirrored, on_its_side = _TURNS.get(self.orientation, (False, False, False))
        pixels = self.pixels[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
        return pixels.swapaxes(0, 1) if on_its_side else pixels


def _tags(data: bytes | None) -> Image.Exif:
    """EXIF data; none of broken ones."""
    found = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.load(data or b"")
            found.tobytes()  # reads what load left for later
            int(found.get(_ORIENTATION, 1))
    except FAULTS:
        return Image.Exif()
    return found


def read_photo(path: Path) -> Photo:
    """Read one picture file.

    Raises
    ------
    DataError
        If it can't be read, holds several pictures, or another depth or colour space than are known.
    """
    if path.suffix.lower() not in ENDINGS:
        raise DataError(f"{path}: unknown ending {path.suffix!r} of a picture; known are {', '.join(ENDINGS)}")
    with _opened(path) as picture:
        return _read(path, picture)


def check_photo(path: Path, output: Path | None = None) -> tuple[int, int, int]:
    """Refuse what `read_photo`, and `write_photo` to `output`, would, so far as the file's beginning tells.

    Returns
    -------
    height, width, channels
        Alpha not counted.

    Raises
    ------
    DataError
        As `read_photo` and `write_photo` do.
    """
    with _opened(path) as picture:
        alpha = picture.mode in ("LA", "La", "RGBA", "RGBa") or "transparency" in picture.info
        grey = picture.mode in (*_DEEP, "1", "L", "LA", "La")
        shape = (picture.height, picture.width, 1 if grey else 3)
        if output is not None:
            deep = picture.mode in _DEEP or _is_deep_colour(path, picture)
            _check_format(output, shape, deep=deep, alpha=alpha)
    return shape


def shown_size(path: Path) -> tuple[int, int]:
    """Height and width of a picture as it is shown, from its file's beginning.

    Raises
    ------
    DataError
        If it can't be read.
    """
    with _opened(path) as picture:
        exif = None if picture.format == "TIFF" else picture.info.get("exif")  # as `_read` takes them
        _, _, on_its_side = _TURNS.get(int(_tags(exif).get(_ORIENTATION, 1)), (False, False, False))
        return (picture.width, picture.height) if on_its_side else (picture.height, picture.width)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """A picture whose pixels are still to be decoded, of a kind that is known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # of a path, Pillow maps a raw TIFF file that is to be turned with its sides exchanged
            with path.open("rb") as file, Image.open(file) as picture:
                frames = getattr(picture, "n_frames", 1)
                if frames > 1 and picture.format != "MPO":  # phones add a preview
                    raise DataError(f"{path}: holds {frames} pictures; give one a file")
                if picture.mode not in (*_PLAIN, *_DEEP, "P"):
                    raise DataError(f"{path}: mode {picture.mode}; convert it to 8 or 16 bits, grey or RGB")
                yield picture
    except DataError:
        raise
    except FAULTS as fault:
        raise DataError(f"{path}: {reason(fault)}") from fault


def _read(path: Path, picture: Image.Image) -> Photo:
    # TIFF files come turned as they are shown, so what their EXIF data say of that is no longer true
    exif = None if picture.format == "TIFF" else picture.info.get("exif")
    found = _deep_colour(path, picture)
    if found is None:
        found = np.asarray(_plain(picture))
        found = found.reshape(*found.shape[:2], -1)
    if found.dtype != np.uint8:
        found = found.astype(np.uint16, copy=False)  # of the machine's own byte order
        found = _see_through(found, picture.info.get("transparency"))
        found = 65535 - found if is_negative(picture) else found
    return Photo(*_apart(found), profile=picture.info.get("icc_profile"), exif=exif, dpi=_dpi(picture))


def _see_through(found: NDArray[np.uint16], colour: Any) -> NDArray[np.uint16]:
    """16-bit pixels, and as their alpha where they are of the one colour that a PNG may declare transparent."""
    if colour is None:
        return found
    pixels = found[..., : np.size(colour)]
    alpha = 65535 * (pixels != np.uint16(colour)).any(2, keepdims=True).astype(np.uint16)
    return np.concatenate([pixels, alpha], 2)


def _tag(picture: Image.Image, number: int) -> Any:
    """A tag of a TIFF file; None of other files."""
    return getattr(picture, "tag_v2", {}).get(number)


def _dpi(picture: Image.Image) -> tuple[float, float] | None:
    try:
        across, down = (float(number) for number in picture.info["dpi"])
    except (*FAULTS, ArithmeticError):
        return None
    return (across, down) if min(across, down) >= 1 and max(across, down) < 65536 else None


def _plain(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEEP:
        return picture
    if "transparency" in picture.info:
        return picture.convert("LA" if picture.mode in ("1", "L") else "RGBA")
    return picture.convert("RGB" if picture.mode == "P" else _PLAIN[picture.mode])


def _apart(found: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Colour and alpha."""
    return (found[..., :-1], found[..., -1:]) if found.shape[2] in (2, 4) else (found, None)


def _deep_colour(path: Path, picture: Image.Image) -> NDArray[Any] | None:
    """16-bit pixels of several channels, of which Pillow would make 8 bits; None of other files."""
    if not _is_deep_colour(path, picture):
        return None
    if _tag(picture, _PLANES) == 2 or _tag(picture, _KIND_OF_ALPHA) == (1,):
        raise DataError(
            f"{path}: 16-bit colour in planes apart, or multiplied by alpha; write it pixel by pixel as RGB or RGBA"
        )
    cv2 = _opencv(path)
    with _silent(cv2):
        found = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.ndim != 3:
        raise DataError(f"{path}: 16-bit colour that can't be read; write it as RGB or RGBA without compression")
    order = [2, 1, 0, 3][: found.shape[2]]
    return np.ascontiguousarray(found[..., order])


def _is_deep_colour(path: Path, picture: Image.Image) -> bool:
    if picture.format == "PNG":
        with path.open("rb") as file:
            head = file.read(26)
        return head[24] == 16 and head[25] != 0
    bits = _tag(picture, 258) or ()
    return len(bits) > 1 and set(bits) == {16}


def _opencv(path: Path) -> Any:
    try:
        import cv2
    except ImportError:
        raise DataError(f"{path}: 16-bit colour takes OpenCV: pip install 'isthmus[restore]'") from None
    return cv2


@contextmanager
def _silent(cv2: Any) -> Iterator[None]:
    """OpenCV tells standard error what is told by us."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


# ---- writing


def write_photo(path: Path, photo: Photo) -> None:
    """Write a picture in the format that the ending names, atomically.

    Raises
    ------
    DataError
        If the format can't hold such pixels.
    InputError
        If writing fails.
    """
    ending, deep = path.suffix.lower(), photo.pixels.dtype == np.uint16
    _check_format(path, photo.pixels.shape, deep=deep, alpha=photo.alpha is not None)
    if ending == ".bmp":  # it has no EXIF data to say how its pixels are to be turned
        photo = photo.with_pixels(photo.shown())
    whole = photo.pixels if photo.alpha is None else np.concatenate([photo.pixels, photo.alpha], 2)
    channels = whole.shape[2]
    data = _deep_file(path, ending, whole, photo) if deep and channels > 1 else _pillow_file(path, whole, photo)
    with atomic_write(path) as file:
        file.write(data)


def _check_format(path: Path, shape: tuple[int, ...], *, deep: bool, alpha: bool) -> None:
    ending = path.suffix.lower()
    if ending not in FORMATS:
        raise DataError(f"{path}: unknown ending {ending!r} of a picture; known are {', '.join(FORMATS)}")
    if deep and ending not in (".png", ".tif", ".tiff"):
        raise DataError(f"{path}: {ending} holds no 16-bit pixels; write .png or .tif")
    if alpha and ending in (".jpg", ".jpeg", ".bmp"):
        raise DataError(f"{path}: {ending} holds no alpha; write .png or .tif")
    most = _LONGEST.get(FORMATS[ending][0])
    if most is not None and max(shape[:2]) > most:
        raise DataError(f"{path}: {ending} holds no sides above {most} pixels; write .png or .tif")
    if deep and (alpha or shape[2] > 1):
        _opencv(path) if ending == ".png" else _tifffile(path)


def _pillow_file(path: Path, whole: NDArray[Any], photo: Photo) -> memoryview:
    form, settings = FORMATS[path.suffix.lower()]
    exif = photo.exif if len(_tags(photo.exif)) else None
    more = {"icc_profile": photo.profile, "exif": exif, "dpi": photo.dpi}
    kept = {name: value for name, value in more.items() if value is not None and (form != "BMP" or name == "dpi")}
    picture = Image.fromarray(np.ascontiguousarray(whole[..., 0] if whole.shape[2] == 1 else whole))
    file = io.BytesIO()
    try:
        picture.save(file, form, **settings, **kept)
    except FAULTS as fault:
        raise DataError(f"{path}: can't be written as {form}: {reason(fault)}") from fault
    return file.getbuffer()


def _deep_file(path: Path, ending: str, whole: NDArray[Any], photo: Photo) -> bytes | memoryview:
    if whole.shape[2] == 2:
        whole = whole[..., [0, 0, 0, 1]]  # OpenCV has no grey with alpha
    if ending == ".png":
        return _deep_png(path, whole, photo)
    return _deep_tiff(path, whole, photo)


def _deep_png(path: Path, whole: NDArray[Any], photo: Photo) -> bytes:
    cv2 = _opencv(path)
    data: bytes = cv2.imencode(".png", whole[..., [2, 1, 0, 3][: whole.shape[2]]])[1].tobytes()
    more = b"" if photo.profile is None else _chunk(b"iCCP", b"profile\0\0" + zlib.compress(photo.profile))
    more += b"" if photo.exif is None else _chunk(b"eXIf", photo.exif.removeprefix(b"Exif\0\0"))
    if photo.dpi is not None:
        more += _chunk(b"pHYs", struct.pack(">IIB", *(round(number / _INCH) for number in photo.dpi), 1))
    return data[:_AFTER_HEADER] + more + data[_AFTER_HEADER:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG (ISO/IEC 15948, 5.3)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _deep_tiff(path: Path, whole: NDArray[Any], photo: Photo) -> memoryview:
    turned = photo.orientation
    file = io.BytesIO()
    _tifffile(path).imwrite(
        file, whole, photometric="rgb", compression="zlib", metadata=None,
        extrasamples=["unassalpha"] if photo.alpha is not None else None, iccprofile=photo.profile,
        extratags=[(_ORIENTATION, 3, 1, turned, True)] if turned != 1 else (),
        resolution=photo.dpi, resolutionunit="INCH" if photo.dpi else None,
    )  # fmt: skip
    return file.getbuffer()


def _tifffile(path: Path) -> Any:
    try:
        import tifffile
    except ImportError:
        raise DataError(f"{path}: 16-bit colour takes tifffile: pip install 'isthmus[restore]'") from None
    return tifffile
