"""Clips in, clips out, frame by frame, so that memory doesn't grow with their length. Read and written by PyAV."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data.kinds import kind_of_folder
from isthmus.errors import DataError, InputError
from isthmus.files import atomic_write

Plane = NDArray[np.uint8]
"""(height, width)."""
Frame = tuple[Plane, ...]
"""Planes as they are stored: brightness and, of colour, two differences of colour, most often of half the size."""
Work = Callable[[Iterator[Frame]], Iterator[Frame]]
"""What makes of every frame another of the same shape, in order; it may look ahead."""

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""What is written, by its ending."""
_USUAL = ("aac", "mp3", "ac3", "eac3", "alac", "opus", "flac")
SOUNDS = {"mp4": _USUAL, "mov": ("aac", "mp3", "ac3", "alac", "pcm_s16le", "pcm_s24le", "pcm_s16be"), "matroska": None}
"""The codecs of sound that a format takes, and players do from it; None: any."""
RGB = 0
"""The colour space of clips that store red, green and blue."""
QUALITY = {"crf": "14", "preset": "medium"}
"""Of H.264: 14 is all but the same to the eye."""


@dataclass(frozen=True)
class Clip:
    """What a file of moving pictures holds: frames as they are stored, and `rate` of them a second on average.

    ``planes`` are gray, yuv420p (differences of colour of half the size) or yuv444p, which others are made to be, and
    of 8 bits a value; in the file they have ``bits``.
    """

    path: Path
    frames: int
    height: int
    width: int
    planes: str
    rate: Fraction
    sound: bool
    bits: int = 8

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of each plane."""
        half = (self.height // 2, self.width // 2) if self.planes == "yuv420p" else (self.height, self.width)
        return [(self.height, self.width), *([] if self.planes == "gray" else [half] * 2)]


def find_clips(folder: Path) -> list[str]:
    """The clips under a folder by their endings, as relative paths, sorted.

    Raises
    ------
    DataError
        If it holds pictures or sounds beside them.
    """
    kind, names = kind_of_folder(folder)
    return names if kind == "clips" else []


def look_at_clip(path: Path) -> Clip:
    """What a clip is, by its packets, of which nothing is decoded.

    Raises
    ------
    DataError
        If it can't be read, holds no frames, or fewer than it says.
    """
    with _opened(path) as source:
        stream = _pictures(path, source)
        promised, sound = stream.frames, bool(source.streams.audio)
        height, width = stream.codec_context.height, stream.codec_context.width
        packets = [not packet.is_discard for packet in source.demux(stream) if packet.size]
        found = sum(packets)  # a clip that was trimmed may hold more, which no player shows
        if not found or not height or not width:
            raise DataError(f"{path}: holds no frames; give a clip")
        if len(packets) < promised and "mp4" in source.format.name:  # others say what they meant to hold
            raise DataError(f"{path}: is cut off: {len(packets)} of {promised} frames are there")
        planes = _planes_of(str(stream.codec_context.pix_fmt), height, width)
        bits = max(part.bits for part in stream.codec_context.format.components)
        return Clip(path, found, height, width, planes, stream.average_rate or Fraction(25), sound, bits)


def _planes_of(stored: str, height: int, width: int) -> str:
    """The planes that frames are taken as."""
    if stored.startswith("gray"):
        return "gray"
    whole = "444" in stored or "rgb" in stored or "gbr" in stored or height % 2 or width % 2
    return "yuv444p" if whole else "yuv420p"


def read_frames(clip: Clip) -> Iterator[Frame]:
    """The frames of a clip, one by one.

    Raises
    ------
    DataError
        If they can't be read.
    """
    with _opened(clip.path) as source:
        for frame in source.decode(_pictures(clip.path, source)):
            yield _planes(_in_planes(frame, clip), clip)


def rewrite_clip(clip: Clip, output: Path, work: Work, seen: Callable[[], None] = lambda: None) -> bool:
    """Write the clip that `work` makes of another, atomically: H.264, of the same size, number and times of frames.

    Sound is copied as it is, where the format takes it. `seen` is called after each frame.

    Returns
    -------
    bool
        Whether there was sound, and it had to be left out.

    Raises
    ------
    DataError
        If a frame can't be read or written.
    """
    check_ending(output)
    with atomic_write(output) as file, _opened(clip.path) as source:
        with _faults(output), _av(output).open(file, "w", format=FORMATS[output.suffix.lower()]) as target:
            copier = _Copier(clip, source, target)
            written = 0
            for pixels in work(copier.frames()):
                copier.write(pixels)
                written += 1
                seen()
            copier.end()
        if written != clip.frames:
            raise DataError(f"{clip.path}: {written} of {clip.frames} frames could be read; is it damaged?")
        return clip.sound and copier.sound is None


def write_clip(output: Path, pictures: Iterable[NDArray[np.uint8]], rate: int) -> None:
    """Write pictures (height, width, 3) of one size, `rate` a second, as a clip of H.264, atomically.

    Players take colour of half the size alone, so that an odd side gets its last line once more.

    Raises
    ------
    DataError
        If the name's ending is unknown, or they can't be written.
    InputError
        If PyAV is missing.
    """
    check_ending(output)
    av = _av(output)
    name = FORMATS[output.suffix.lower()]
    with atomic_write(output) as file, _faults(output), av.open(file, "w", format=name) as target:
        stream = target.add_stream("libx264", rate=rate, options=QUALITY)
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            even = np.pad(picture, [(0, picture.shape[0] % 2), (0, picture.shape[1] % 2), (0, 0)], mode="edge")
            if not stream.codec_context.is_open:
                stream.height, stream.width = even.shape[:2]
            frame = av.VideoFrame.from_ndarray(even, format="rgb24")
            target.mux(stream.encode(frame.reformat(format="yuv420p", interpolation=_exactly())))
        target.mux(stream.encode(None))


def check_ending(output: Path) -> None:
    """Refuse a name that no clip is written under.

    Raises
    ------
    DataError
        If its ending is unknown.
    """
    if output.suffix.lower() not in FORMATS:
        raise DataError(
            f"{output}: unknown ending {output.suffix!r} of a clip to write; known are {', '.join(FORMATS)}"
        )


def check_av(output: Path) -> None:
    """Refuse to write a clip without PyAV, before any work is done for it."""
    _av(output)


class _Copier:
    """One clip on its way into another."""

    def __init__(self, clip: Clip, source: Any, target: Any) -> None:
        self._clip, self._source, self._target = clip, source, target
        self._from = _pictures(clip.path, source)
        self._to = target.add_stream("libx264", rate=clip.rate, options=QUALITY)
        self._to.width, self._to.height = clip.width, clip.height
        even = clip.height % 2 == clip.width % 2 == 0
        self._to.pix_fmt = clip.planes if clip.planes != "gray" else "yuv420p" if even else "yuv444p"
        self._to.codec_context.time_base = self._from.time_base
        for name in ("color_range", "color_primaries", "color_trc"):
            setattr(self._to.codec_context, name, getattr(self._from.codec_context, name))
        if self._from.codec_context.colorspace != RGB:  # which is taken as differences of colour
            self._to.codec_context.colorspace = self._from.codec_context.colorspace
        if self._from.sample_aspect_ratio:
            self._to.codec_context.sample_aspect_ratio = self._from.sample_aspect_ratio
        self._waiting: deque[Any] = deque()
        self.sound = self._sound_stream()

    def _sound_stream(self) -> Any:
        """Where sound goes; None where there is none or the format doesn't take it."""
        streams = self._source.streams.audio
        known = SOUNDS[self._target.format.name]
        if not streams or (known is not None and streams[0].codec_context.codec.canonical_name not in known):
            return None
        return self._target.add_stream_from_template(streams[0])

    def frames(self) -> Iterator[Frame]:
        """The frames; sound goes over as it comes by, so that both lie side by side in the file."""
        streams = [self._from, *([self._source.streams.audio[0]] if self.sound else [])]
        for packet in self._source.demux(streams):
            if packet.stream is not self._from:
                if packet.size:
                    packet.stream = self.sound
                    self._target.mux(packet)
                continue
            for frame in packet.decode():
                if not self._waiting and frame.rotation:
                    self._to.set_display_rotation(frame.rotation)
                yield self._next(frame)

    def _next(self, frame: Any) -> Frame:
        if (frame.height, frame.width) != (self._clip.height, self._clip.width):
            raise DataError(f"{self._clip.path}: its frames change their size to {frame.height}x{frame.width}")
        taken = _in_planes(frame, self._clip)
        self._waiting.append((frame.pts, frame.time_base, taken.colorspace, taken.color_range))
        return _planes(taken, self._clip)

    def write(self, planes: Frame) -> None:
        """Write a frame at the time of the one it was made of."""
        pts, base, colours, span = self._waiting.popleft()
        frame = _av(self._clip.path).VideoFrame.from_ndarray(_packed(planes), format=self._clip.planes)
        frame.colorspace, frame.color_range = colours, span
        if self._to.pix_fmt != self._clip.planes:
            frame = frame.reformat(format=self._to.pix_fmt, dst_color_range=span, interpolation=_exactly())
        frame.pts, frame.time_base = pts, base
        self._target.mux(self._to.encode(frame))

    def end(self) -> None:
        self._target.mux(self._to.encode(None))


def _in_planes(frame: Any, clip: Clip) -> Any:
    """A decoded frame in the clip's planes, of 8 bits."""
    if frame.format.name == clip.planes:
        return frame
    return frame.reformat(format=clip.planes, dst_color_range=frame.color_range, interpolation=_exactly())


def _planes(frame: Any, clip: Clip) -> Frame:
    values, at = frame.to_ndarray().ravel(), 0
    planes: list[Plane] = []
    for height, width in clip.sizes:
        planes.append(values[at : at + height * width].reshape(height, width))
        at += height * width
    return tuple(planes)


def _packed(planes: Frame) -> Plane | NDArray[np.uint8]:
    """Planes in one array, as PyAV takes them."""
    height, width = planes[0].shape
    if len(planes) == 1:
        return np.ascontiguousarray(planes[0])
    if planes[1].shape == planes[0].shape:
        return np.stack(planes)
    return np.concatenate([plane.ravel() for plane in planes]).reshape(height * 3 // 2, width)


def _exactly() -> Any:
    """How other planes are made: the fast way, there and back, leaves colours darker by two levels of 255."""
    from av.video.reformatter import Interpolation

    return (
        Interpolation.BILINEAR
        | Interpolation.ACCURATE_RND
        | Interpolation.FULL_CHR_H_INT
        | Interpolation.FULL_CHR_H_INP
    )


def _pictures(path: Path, source: Any) -> Any:
    """The stream of pictures."""
    from av.stream import Disposition

    streams = [each for each in source.streams.video if not each.disposition & Disposition.attached_pic]
    if not streams:
        raise DataError(f"{path}: holds {'sound alone' if source.streams.audio else 'no frames'}; give a clip")
    stream = streams[0]
    stream.thread_type = "AUTO"
    return stream


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    av = _av(path)
    with _faults(path), av.open(str(path)) as source:
        yield source


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    av = _av(path)
    try:
        yield
    except DataError:
        raise
    except (av.error.FFmpegError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or fault
        raise DataError(f"{path}: can't be read or written as a clip: {why}") from fault


def _av(path: Path) -> Any:
    try:
        import av
    except ImportError:
        raise InputError(f"{path}: clips take PyAV: pip install 'isthmus[video]'") from None
    return av
