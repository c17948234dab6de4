"""Recordings as rows of one length: a sound file, or a folder of them."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from isthmus.data.dataset import Dataset, Options, some
from isthmus.data.images import folder_labels
from isthmus.data.patches import passing_over
from isthmus.data.schema import SeriesSchema
from isthmus.data.sounds import SoundFile, check_finite, find_sounds, look_at_sound
from isthmus.data.source import Collector, Source
from isthmus.data.spectra import spectra_of
from isthmus.errors import DataError, InputError

LONGEST = 1 << 17
"""Samples of a row: 16 seconds at 8 kHz."""
Place = tuple[SoundFile, int]


def from_path(path: Path, options: Options) -> Dataset:
    """Open a sound file, or all under a folder, as rows of ``window`` samples, or as long as the longest.

    Channels are averaged. A shorter sound is followed by silence; a longer one is cut into rows, and what is left at
    its end is too short for one. The labels are the sub-folders.

    Raises
    ------
    DataError
        If a sound can't be read (unless such are to be skipped), rates differ, or rows would be too long.
    """
    where = path.name or str(path)
    options.refuse(
        where, "sounds", *((name, getattr(options, name)) for name in ("key", "label", "drop", "series_id", "size"))
    )
    schema = options.expected("series", where)
    names = find_sounds(path) if path.is_dir() else [path.name]
    bad: list[str] = []
    heads: dict[str, SoundFile] = {}
    for name in names:
        with passing_over(bad, skip=options.skip_bad):
            heads[name] = look_at_sound((path if path.is_dir() else path.parent) / name)
    if not heads:
        raise DataError(f"{where}: none of {len(names)} sounds is left: {some(bad)}")
    known = _schema(heads, options, schema if isinstance(schema, SeriesSchema) else None, where)
    stride = options.stride or known.length
    places = [(name, start) for name, head in heads.items() for start in _starts(head.length, known.length, stride)]
    rows = _read([(heads[name], start) for name, start in places], known.length, options.memory)
    called = [name if heads[name].length <= known.length else f"{name}:{start}" for name, start in places]
    overlap = math.ceil(known.length / stride) - 1
    return Dataset(known, rows, folder_labels([name for name, _ in places]), called, skipped=bad, overlap=overlap)


def _starts(length: int, window: int, stride: int) -> range:
    return range(0, max(length - window, 0) + 1, stride)


def _schema(heads: dict[str, SoundFile], options: Options, known: SeriesSchema | None, where: str) -> SeriesSchema:
    """The model's schema, or what these sounds are."""
    first, rate = next(iter(heads.items()))[0], next(iter(heads.values())).rate
    if known is not None:
        if known.sound is None:
            raise DataError(f"{where}: these are sounds, and the model was fitted on other series")
        if options.window not in (None, known.length):
            raise InputError(f"window={options.window}: the model was fitted on {known.length} samples; leave it out")
        first, rate = "the model", known.sound.rate
    other = next((name for name, head in heads.items() if head.rate != rate), None)
    if other is not None:
        raise DataError(f"{where}: {other} is of {heads[other].rate} Hz, {first} of {rate}; make them alike")
    longest = max(heads, key=lambda name: heads[name].length)
    length = known.length if known else options.window or heads[longest].length
    if length > LONGEST:
        raise DataError(
            f"{where}: rows of {length:,} samples ({longest}) are too long, of {LONGEST:,} at most: "
            "cut them with window= (--window)"
        )
    return known or SeriesSchema(length, ("sound",), "float32", squeezed=True, sound=spectra_of(rate))


def _read(places: Sequence[Place], length: int, memory: int | None) -> Source:
    with Collector(len(places), (length, 1), np.dtype(np.float32), memory) as rows:
        for head, start in places:
            samples = head.read(start, start + length).mean(1, keepdims=True)
            check_finite(samples, str(head.path))
            rows.add(samples[None].astype(np.float32))
        return rows.finish()
