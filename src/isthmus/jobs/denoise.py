"""Denoise: pictures without their noise. Judged in PSNR beside three classical methods on the same noisy pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isthmus.data.photos import Photo, check_photo, read_photo, write_photo
from isthmus.errors import DataError, InputError, naming
from isthmus.recipes.restoring import WHITE
from isthmus.restoration import Denoiser, estimate_level
from isthmus.restoration.tiling import from_zero_to_one, middle_of

Floats = NDArray[np.float32]
PEERS = ("non-local means", "total variation", "wavelet")


def psnr(picture: NDArray[Any], clean: NDArray[Any]) -> float:
    """Peak signal to noise ratio in dB: -10 log10 of the mean squared error, where white is 1; at most 120."""
    error = float(np.mean((np.asarray(picture, np.float64) - np.asarray(clean, np.float64)) ** 2))
    return -10 * float(np.log10(max(error, 1e-12)))


def with_noise(picture: Floats, level: float, seed: int) -> Floats:
    """The picture, values from 0 to 1, under white gaussian noise of this level of 255, beyond black and white too."""
    noise = np.random.default_rng(seed).standard_normal(picture.shape)
    return (picture + level / WHITE * noise).astype(np.float32)


def classical(noisy: Floats, level: float) -> dict[str, Floats]:
    """What three classical methods, told the level, make of a noisy picture (height, width, channels).

    Settings as scikit-image's documentation advises: non-local means (Buades, Coll & Morel, CVPR 2005)
    of 5x5 patches in a window of 13x13 with h = 0.6 sigma; total variation (Chambolle 2004) of weight sigma;
    BayesShrink wavelets (Chang, Yu & Vetterli, IEEE TIP 2000).

    Raises
    ------
    InputError
        If scikit-image is not installed.
    """
    restoration = _scikit_image()
    sigma, axis = level / WHITE, 2 if noisy.shape[2] > 1 else None
    plane = noisy if axis else noisy[..., 0]
    found = {
        "non-local means": restoration.denoise_nl_means(
            plane, patch_size=5, patch_distance=6, h=0.6 * sigma, sigma=sigma, fast_mode=True, channel_axis=axis
        ),
        "total variation": restoration.denoise_tv_chambolle(plane, weight=sigma, channel_axis=axis),
        "wavelet": restoration.denoise_wavelet(
            plane, sigma=sigma, channel_axis=axis, convert2ycbcr=axis is not None, rescale_sigma=True
        ),
    }
    return {name: np.asarray(picture, np.float32).reshape(noisy.shape) for name, picture in found.items()}


def _scikit_image() -> Any:
    try:
        from skimage import restoration
    except ImportError:
        raise InputError("the classical methods take scikit-image: pip install 'isthmus[restore]'") from None
    return restoration


@dataclass(frozen=True)
class Figures:
    """PSNR in dB: of the damaged picture, of what the model made of it, and of what the classical methods did."""

    before: float
    after: float
    peers: dict[str, float]

    @property
    def verdict(self) -> str:
        """Who is better, in words."""
        if not self.peers:
            return (
                "the classical methods are not installed, or these data too small, so there is nothing to compare with"
            )
        best = max(self.peers, key=lambda name: self.peers[name])
        ahead = self.after - self.peers[best]
        return f"{abs(ahead):.2f} dB {'above' if ahead >= 0 else 'below'} {best}" + ("" if ahead >= 0 else ": use that")

    def to_json(self) -> dict[str, Any]:
        """The figures and the verdict."""
        return asdict(self) | {"verdict": self.verdict}


def figures(restored: Floats, damaged: Floats, clean: Floats, level: float | None) -> Figures:
    """Judge what was made of a damaged picture, all with values from 0 to 1.

    The classical methods are told the level, or where there is none what is estimated.
    """
    try:
        told = WHITE * estimate_level(damaged) if level is None else level
        peers = {name: psnr(found, clean) for name, found in classical(damaged, max(told, 0.1)).items()}
    except InputError:  # scikit-image is an extra, and a picture may be too small to tell its noise
        peers = {}
    return Figures(psnr(damaged, clean), psnr(restored, clean), peers)


def judge(denoiser: Denoiser, damaged: Floats, clean: Floats, level: float | None) -> Figures:
    """Denoise a picture and judge the result."""
    return figures(denoiser.denoise(damaged, level), damaged, clean, level)


def mean_figures(found: Sequence[Figures]) -> Figures:
    """The mean of each over pictures; of the classical methods only where all pictures have theirs."""
    common = [name for name in found[0].peers if all(name in each.peers for each in found)]
    peers = {name: float(np.mean([each.peers[name] for each in found])) for name in common}
    return Figures(float(np.mean([f.before for f in found])), float(np.mean([f.after for f in found])), peers)


class Example(NamedTuple):
    """A picture to be shown: as it was seen, restored, and clean if that is known; values from 0 to 1.

    ``alike`` tells whether what is seen and what is restored can be subtracted; a mask can't be from its picture.
    """

    name: str
    seen: Floats
    restored: Floats
    clean: Floats | None = None
    alike: bool = True

    def middle(self, side: int) -> "Example":
        """The same of at most this side."""
        part = middle_of(self.seen.shape, side)
        clean = None if self.clean is None else self.clean[part]
        return self._replace(seen=self.seen[part], restored=self.restored[part], clean=clean)


@dataclass(frozen=True)
class Cleaned:
    """One file that was denoised: where it went, its level of noise, and figures where a clean picture was given."""

    name: str
    output: Path
    level: float | None
    figures: Figures | None
    example: Example | None = None
    kind: str = "picture"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        figures = None if self.figures is None else self.figures.to_json()
        return {self.kind: self.name, "output": str(self.output), "level": self.level, "figures": figures}


def clean_file(denoiser: Denoiser, source: Path, output: Path, level: float | None, clean: Path | None) -> Cleaned:
    """Denoise one picture file into another, and judge it by a clean one if there is one.

    Raises
    ------
    InputError
        If a file can't be read or written, or the clean picture is of another size.
    """
    shape = check_photo(source, output)
    with naming(str(source)):
        denoiser.check_shape(shape, level)
    photo = read_photo(source)
    reference = None if clean is None else _reference(photo, read_photo(clean), source, clean)
    if level is None and denoiser.levels is not None:
        level = denoiser.level_of(photo.pixels)
    found = photo.with_pixels(denoiser.denoise(photo.pixels, level))
    make_folder(output.parent)
    write_photo(output, found)
    judged = None
    if reference is not None:
        judged = figures(from_zero_to_one(found.shown()), from_zero_to_one(photo.shown()), reference, level)
    return Cleaned(str(source), output, level, judged, _example(str(source), photo, found, reference))


def _example(name: str, photo: Photo, found: Photo, reference: Floats | None) -> Example:
    """The middle of a picture; copied, so that the whole one needn't stay in memory."""
    part = middle_of(photo.shown().shape, SHOWN_SIDE)
    seen, restored = (from_zero_to_one(each.shown()[part]) for each in (photo, found))
    return Example(name, seen, restored, None if reference is None else reference[part].copy())


def make_folder(folder: Path) -> None:
    """Make a folder and those it lies in, if they aren't there.

    Raises
    ------
    InputError
        If that can't be done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(f"can't make the folder {folder}: {fault.strerror or fault}") from fault


def _reference(photo: Photo, clean: Photo, source: Path, reference: Path) -> Floats:
    """The clean picture's pixels, of the damaged one's size as both are shown."""
    if photo.shown().shape != clean.shown().shape:
        sizes = " and ".join("x".join(map(str, p.shown().shape)) for p in (clean, photo))
        raise DataError(f"{reference} and {source} differ: {sizes} (height x width x channels)")
    return from_zero_to_one(clean.shown())


LEVELS = (15.0, 25.0, 50.0)
SHOWN_SIDE = 192
"""Of examples to be shown."""
JUDGED_SIDE = 256
"""Pictures are judged by their middles of at most this side, for non-local means are slow."""


def judged_levels(denoiser: Denoiser, pictures: Sequence[Path]) -> dict[float, Figures]:
    """Mean figures of clean pictures under the usual levels of noise, of those that the model learned."""
    clean = [middle(path, denoiser.channels) for path in pictures]
    return {
        level: mean_figures(
            [judge(denoiser, with_noise(each, level, seed), each, level) for seed, each in enumerate(clean)]
        )
        for level in levels_of(denoiser)
    }


def levels_of(denoiser: Denoiser) -> list[float]:
    """The usual levels of noise, of those that the model learned; else the middle one of these."""
    low, high = denoiser.levels or (0.0, WHITE)
    return [level for level in LEVELS if low <= level <= high] or [(low + high) / 2]


def examples(denoiser: Denoiser, clean: Sequence[Path], seen: Sequence[Path] | None = None) -> Iterator[Example]:
    """Pictures held out, under noise of the middle level or as they were seen, and what the model makes of them."""
    low, high = denoiser.levels or (0.0, 0.0)
    level = (low + high) / 2 if seen is None else None
    for number, path in enumerate(clean):
        target = middle(path, denoiser.channels)
        damaged = with_noise(target, level, number) if level is not None else middle(seen[number], denoiser.channels)  # type: ignore[index]
        damaged, target = _alike(damaged, target)
        yield Example(path.name, damaged, denoiser.denoise(damaged, level), target).middle(SHOWN_SIDE)


def judged_pairs(denoiser: Denoiser, damaged: Sequence[Path], clean: Sequence[Path]) -> Figures:
    """Mean figures of pairs of pictures."""
    pairs = [[middle(path, denoiser.channels) for path in pair] for pair in zip(damaged, clean, strict=True)]
    return mean_figures([judge(denoiser, *_alike(seen, target), None) for seen, target in pairs])


def _alike(seen: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Both grey, or both colour."""
    channels = max(seen.shape[2], target.shape[2])
    return np.repeat(seen, channels // seen.shape[2], 2), np.repeat(target, channels // target.shape[2], 2)


def middle(path: Path, channels: int) -> Floats:
    """A picture as it is shown, its middle, and of at least so many channels, as it would be learned from."""
    picture = from_zero_to_one(read_photo(path).shown())
    picture = np.repeat(picture, max(1, channels // picture.shape[2]), 2)
    return picture[middle_of(picture.shape, JUDGED_SIDE)]
