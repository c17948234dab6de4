"""One sound file in, the same kind of file out, piece by piece: WAV and FLAC, any rate, depth and channels."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.kinds import SOUNDS as ENDINGS
from isthmus.data.kinds import kind_of_folder
from isthmus.errors import DataError, InputError
from isthmus.files import atomic_write

Floats = NDArray[np.float64]
BLOCK = 1 << 18
"""Samples of each channel that are read at once."""
_UNKNOWN = (0, 0xFFFFFFFF)
"""Lengths that a program writes into a WAV file's head when it doesn't know yet."""


@dataclass(frozen=True)
class SoundFile:
    """What a sound file's head says: samples per second and in each channel, and how they are stored.

    ``container``, ``subtype`` and ``endian`` are in libsndfile's words, such as WAV, PCM_16 and FILE.
    """

    path: Path
    rate: int
    channels: int
    length: int
    container: str
    subtype: str
    endian: str

    def read(self, start: int, stop: int) -> Floats:
        """Samples from `start` to `stop`, (stop - start, channels), full scale being 1; zeros beyond the file.

        Raises
        ------
        DataError
            If they can't be read, or there are fewer than the head says.
        """
        out = np.zeros((stop - start, self.channels))
        first, last = min(max(start, 0), self.length), min(max(stop, 0), self.length)
        if first < last:
            with _reading(self.path) as file:
                file.seek(first)
                found = file.read(last - first, dtype="float64", always_2d=True)
            if len(found) < last - first:
                raise DataError(f"{self.path}: cut short: {first + len(found)} of {self.length} samples can be read")
            out[first - start : last - start] = found
        return out

    def levels(self) -> Floats:
        """The root mean square of each channel, (channels,); reads the whole file.

        Raises
        ------
        DataError
            If it can't be read whole, or holds numbers that are not finite.
        """
        total = np.zeros(self.channels)
        for start in range(0, self.length, BLOCK):
            block = self.read(start, min(start + BLOCK, self.length))
            check_finite(block, str(self.path))
            total += np.square(block).sum(0)
        return np.sqrt(total / self.length)


def part_of(samples: NDArray[Any], start: int, stop: int) -> NDArray[Any]:
    """Samples from `start` to `stop` of some (n, channels), and zeros beyond their ends."""
    before, after = min(max(0, -start), stop - start), min(max(0, stop - len(samples)), stop - start)
    return np.pad(samples[max(0, start) : max(0, stop)], ((before, after), (0, 0)))


def check_finite(samples: NDArray[Any], where: str) -> None:
    """Refuse samples that are not finite.

    Raises
    ------
    DataError
        If there are any.
    """
    odd = np.count_nonzero(~np.isfinite(samples))
    if odd:
        raise DataError(f"{where}: {odd} samples are not finite numbers, and would spread: repair it first")


def find_sounds(folder: Path) -> list[str]:
    """The sounds under a folder, as relative paths, sorted.

    Raises
    ------
    DataError
        If it is no folder, or holds none, or pictures or clips too.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of sounds")
    kind, names = kind_of_folder(folder)
    if kind != "sounds":
        raise DataError(f"{folder}: no sounds in this folder ({', '.join(ENDINGS)})")
    return names


def look_at_sound(path: Path) -> SoundFile:
    """Read a sound file's head.

    Raises
    ------
    DataError
        If it is no sound file, cut short, or holds no samples; or soundfile is not installed.
    """
    _check_whole(path)
    with _reading(path) as file:
        found = SoundFile(
            path, file.samplerate, file.channels, file.frames, file.format, file.subtype, file.endian
        )  # fmt: skip
    if not found.length:
        raise DataError(f"{path}: holds no samples")
    return found


def _check_whole(path: Path) -> None:
    """Refuse what libsndfile would take as it is: a WAV file that is shorter than its head says."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
        size = path.stat().st_size
    except OSError as fault:
        raise DataError(f"{path}: can't be read: {fault.strerror or fault}") from fault
    if not size:
        raise DataError(f"{path}: is empty")
    if head[:4] in (b"RIFF", b"RIFX"):
        told = int.from_bytes(head[4:8], "little" if head[:4] == b"RIFF" else "big")
        if told not in _UNKNOWN and told + 8 > size:
            raise DataError(f"{path}: cut short: {size} bytes of {told + 8}")


def _library() -> Any:
    try:
        import soundfile
    except ImportError:
        raise DataError("sounds take soundfile: pip install 'isthmus[audio]'") from None
    return soundfile


@contextmanager
def _reading(path: Path) -> Iterator[Any]:
    library = _library()
    try:
        with library.SoundFile(path) as file:
            yield file
    except library.SoundFileError as fault:
        raise DataError(f"{path}: not a whole sound file: {_reason(fault)}") from fault


def _reason(fault: Exception) -> str:
    return str(getattr(fault, "error_string", fault)).strip().rstrip(".").lower()


def check_sound_output(path: Path, like: SoundFile) -> str:
    """The container that the ending names; that of the source, where the ending is the same.

    Raises
    ------
    DataError
        If the ending is unknown, or the container doesn't hold samples as the source does.
    """
    ending, library = path.suffix.lower(), _library()
    if ending not in ENDINGS:
        raise DataError(f"{path}: unknown ending {ending!r} of a sound; known are {', '.join(ENDINGS)}")
    container = like.container if ending == like.path.suffix.lower() else ending[1:].upper()
    if not library.check_format(container, like.subtype, like.endian if container == like.container else "FILE"):
        raise DataError(
            f"{path}: {container} doesn't hold samples of kind {like.subtype}, as {like.path} does: "
            f"write {like.path.suffix}"
        )
    return container


@contextmanager
def writing_sound(path: Path, like: SoundFile) -> Iterator[Any]:
    """Give a ``write`` of blocks (n, channels) to a file that stores samples as another does, whole or not at all.

    Raises
    ------
    DataError
        As `check_sound_output` does.
    InputError
        If writing fails.
    """
    container, library = check_sound_output(path, like), _library()
    endian = like.endian if container == like.container else "FILE"
    with atomic_write(path) as file:
        try:
            # by its number: what goes wrong within a Python file is printed by soundfile, not raised
            with library.SoundFile(
                file.fileno(), "w", like.rate, like.channels, like.subtype, endian, container, closefd=False
            ) as out:
                yield out.write
        except library.SoundFileError as fault:
            raise InputError(f"{path}: can't be written: {_reason(fault)}") from fault
