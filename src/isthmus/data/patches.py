"""Patches of one size cut from pictures of any size: what a network that is at home in every size learns from."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isthmus.data.dataset import Dataset, some
from isthmus.data.images import find
from isthmus.data.photos import Photo, read_photo
from isthmus.data.schema import ImageSchema
from isthmus.data.source import Collector, Source
from isthmus.errors import DataError

SIDE = 64
SMALLEST = 8
LEAST_SHARE = 0.5
"""Of the side that most pictures allow: one smaller picture is not to shrink the patches of all below that."""
MOST = 1 << 16
"""Patches at most: of more pictures than give so many, some of the patches are taken, spread over all."""


@dataclass(frozen=True)
class _Plan:
    """What every picture is cut to."""

    side: int
    channels: int
    dtype: str

    def pixels(self, photo: Photo) -> NDArray[Any]:
        """A picture's pixels as they are shown, in the common type and channels."""
        found = photo.shown()
        if found.dtype == np.uint8 and self.dtype == "uint16":
            found = found.astype(np.uint16) * 257
        return np.repeat(found, 3, 2) if self.channels > found.shape[2] else found


def find_pictures(folder: Path) -> list[str]:
    """The pictures under a folder, as relative paths, sorted.

    Raises
    ------
    DataError
        If it is no folder, or holds none.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of pictures")
    names = find(folder)
    if not names:
        raise DataError(f"{folder}: no pictures in this folder")
    return names


def pair_names(
    dirty: Path, clean: Path, *, skip: bool = False, find: Callable[[Path], list[str]] = find_pictures
) -> tuple[list[str], list[str], list[str]]:
    """Pictures (or what `find` finds) of two folders that have the same relative path but for the ending, in order.

    Returns
    -------
    dirty, clean : list of str
        The names of partners.
    alone : list of str
        Those without a partner.

    Raises
    ------
    DataError
        If one has no partner and `skip` is False, none has, or a name is there twice.
    """
    by_stem = [_by_stem(folder, find) for folder in (dirty, clean)]
    both = sorted(by_stem[0].keys() & by_stem[1].keys())
    alone = [
        f"{folder.name}/{names[stem]}"
        for folder, names in zip((dirty, clean), by_stem, strict=True)
        for stem in sorted(names.keys() - {*both})
    ]
    if alone and not (skip and both):
        what = "pictures" if find is find_pictures else "sounds"
        remedy = "pass over them with --skip-bad" if both else "none has one"
        raise DataError(f"{len(alone)} {what} without a partner of the same name: {some(alone)}; {remedy}")
    return [by_stem[0][stem] for stem in both], [by_stem[1][stem] for stem in both], alone


def _by_stem(folder: Path, find: Callable[[Path], list[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in find(folder):
        stem = Path(name).with_suffix("").as_posix()
        if stem in found:
            raise DataError(f"{folder.name}: {found[stem]} and {name} differ in their ending alone: which is meant?")
        found[stem] = name
    return found


def cut_patches(
    folder: str | Path,
    names: Sequence[str] | None = None,
    *,
    seen: Path | None = None,
    seen_names: Sequence[str] = (),
    memory: int | None = None,
    skip: bool = False,
    multiple: int = 2,
) -> tuple[Dataset, Dataset | None]:
    """Square patches of the pictures under a folder, in the pictures' order, every pixel in at least one.

    Their side is 64 pixels, or that of the smallest picture; pictures are taken as they are shown, and neighbours
    overlap by half. 16-bit pictures make all of 16 bits, colour ones all of colour; alpha is left out. Patches beyond
    what `memory` holds are kept in a file.

    Parameters
    ----------
    folder : path
    names : sequence of str, optional
        Which pictures, as relative paths. Default: all.
    seen : path, optional
        A folder of the same pictures as they are seen damaged, called `seen_names`.
    memory : int, optional
        Bytes.
    skip : bool
        Whether to pass over what can't be learned from; ``skipped`` of the patches then tells it.
    multiple : int
        The patches' side is a multiple of this even number, 64 at most.

    Returns
    -------
    patches, their partners in `seen` (None without it)

    Raises
    ------
    DataError
        If a picture can't be read, is smaller than 8 pixels or half of what most allow, or is of another size than
        its partner; with `skip`, if that holds of all.
    """
    folder = Path(folder)
    names = find_pictures(folder) if names is None else list(names)
    partners = [] if seen is None else [seen / name for name in seen_names]
    groups = [(folder / name, *partners[i : i + 1]) for i, name in enumerate(names)]
    looks, plan, skipped = _survey(groups, skip=skip, multiple=multiple)
    sizes = [look.size for look in looks.values()]
    places = _places(sizes, plan.side)
    overlap = max(_overlap(size, plan.side) for size in sizes)
    of = [names[i] for i, some_places in zip(looks, places, strict=True) for _ in some_places]
    schema = ImageSchema(plan.side, plan.side, plan.channels, plan.dtype)
    found = [
        Dataset(schema, _cut(files, places, plan, memory), None, of, "folder", skipped, overlap=overlap)
        for files in zip(*(groups[i] for i in looks), strict=True)
    ]
    return found[0], found[1] if partners else None


class _Look(NamedTuple):
    """What a picture is, the most of it and its partner."""

    size: tuple[int, int]
    channels: int
    deep: bool


def look_at(files: Sequence[Path], least: int = SMALLEST) -> _Look:
    """Read a picture, and its partner if there is one, for what a header says may be untrue.

    Raises
    ------
    DataError
        If nothing can be learned from it.
    """
    found = [read_photo(file).shown() for file in files]
    height, width = found[0].shape[:2]
    if len({pixels.shape[:2] for pixels in found}) > 1:
        shown = " and ".join(f"{f} {p.shape[0]}x{p.shape[1]}" for f, p in zip(files, found, strict=True))
        raise DataError(f"pairs must be of one size; {shown} (height x width) are not")
    if min(height, width) < least:
        raise DataError(f"{files[0]}: {height}x{width} is too small to learn from")
    deep = any(pixels.dtype == np.uint16 for pixels in found)
    return _Look((height, width), max(pixels.shape[2] for pixels in found), deep)


def _survey(
    groups: Sequence[Sequence[Path]], *, skip: bool, multiple: int
) -> tuple[dict[int, _Look], _Plan, list[str]]:
    """What the pictures are, by their numbers; what all are cut to; and why which are left out."""
    looks: dict[int, _Look] = {}
    bad: list[str] = []
    for i, files in enumerate(groups):
        with passing_over(bad, skip=skip):
            looks[i] = look_at(files, max(SMALLEST, multiple))
    usual = min(SIDE, np.median([min(look.size) for look in looks.values()])) if looks else 0
    for i in [i for i, look in looks.items() if min(look.size) < LEAST_SHARE * usual]:
        with passing_over(bad, skip=skip):
            height, width = looks.pop(i).size
            raise DataError(f"{groups[i][0]}: {height}x{width} would make patches smaller than most pictures allow")
    if not looks:
        raise DataError(f"none of {len(groups)} pictures is left: {some(bad)}")
    side = min(SIDE, *(min(look.size) for look in looks.values())) // multiple * multiple
    channels, deep = (max(values) for values in zip(*(look[1:] for look in looks.values()), strict=True))
    return looks, _Plan(side, channels, "uint16" if deep else "uint8"), bad


@contextmanager
def passing_over(bad: list[str], *, skip: bool) -> Iterator[None]:
    """Collect what is refused in `bad` if it is to be skipped."""
    try:
        yield
    except DataError as fault:
        if not skip:
            raise DataError(f"{fault}; pass over it with --skip-bad") from fault
        bad.append(str(fault))


def _starts(length: int, side: int) -> NDArray[np.int64]:
    """Where patches begin along a side of the picture: evenly spread, at most half a patch apart."""
    count = -(-(length - side) // (side // 2)) + 1
    return np.linspace(0, length - side, count).round().astype(np.int64)


def _overlap(size: tuple[int, int], side: int) -> int:
    """How many of the patches after each, row by row, reach as far as the last one that shares a pixel with it."""
    down, right = (_starts(length, side) for length in size)
    rows, columns = (
        int((np.searchsorted(starts, starts + side) - np.arange(len(starts))).max()) - 1 for starts in (down, right)
    )
    return rows * len(right) + columns


def _places(sizes: Sequence[tuple[int, int]], side: int) -> list[NDArray[np.int64]]:
    """The first row and column of every patch of each picture, (patches, 2)."""
    grids = [
        np.stack(np.meshgrid(_starts(height, side), _starts(width, side), indexing="ij"), -1).reshape(-1, 2)
        for height, width in sizes
    ]
    total = sum(map(len, grids))
    if total <= MOST:
        return grids
    kept = np.sort(np.random.default_rng(0).permutation(total)[:MOST])
    ends = np.cumsum([len(grid) for grid in grids])
    rows = np.split(kept, np.searchsorted(kept, ends[:-1]))
    begins = ends - [len(grid) for grid in grids]
    return [grid[some_rows - begin] for grid, some_rows, begin in zip(grids, rows, begins, strict=True)]


def _cut(photos: Sequence[Path], places: Sequence[NDArray[np.int64]], plan: _Plan, memory: int | None) -> Source:
    shape = (plan.side, plan.side, plan.channels)
    with Collector(sum(map(len, places)), shape, np.dtype(plan.dtype), memory) as rows:
        for path, some_places in zip(photos, places, strict=True):
            pixels = plan.pixels(read_photo(path))
            for top, left in some_places:
                rows.add(pixels[None, top : top + plan.side, left : left + plan.side])
        return rows.finish()
