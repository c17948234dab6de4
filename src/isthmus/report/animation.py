"""Two ways side by side, moving."""

from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isthmus.report.sheets import eight_bit, sheet

FRAME, STAND = 80, 480
"""Milliseconds that a picture on the way stands, and a stop."""
SMALLEST, LARGEST = 160, 512
"""Longest side of a picture, in pixels."""


def frames(way: NDArray[Any], faded: NDArray[Any]) -> list[Image.Image]:
    """Pictures (S, height, width, channels) of the way on the left and of the fade on the right, on white."""
    sides = zip(eight_bit(way, like=faded), eight_bit(faded), strict=True)
    drawn = [sheet(np.stack(pair), 2, largest=LARGEST, smallest=SMALLEST) for pair in sides]
    return [_on_white(each) for each in drawn]


def _on_white(picture: Image.Image) -> Image.Image:
    ground = Image.new(picture.mode, picture.size, "white")
    return Image.alpha_composite(ground.convert("RGBA"), picture.convert("RGBA")).convert(
        "L" if picture.mode == "LA" else "RGB"
    )


def there_and_back(count: int, *, closed: bool) -> list[int]:
    """The order in which frames are shown over and over; a way that ends where it began needs no way back."""
    return [*range(count - 1)] if closed else [*range(count), *range(count - 2, 0, -1)]


def durations(order: list[int], steps: int) -> list[int]:
    """Milliseconds of each frame; every so many steps is a stop, which stands longer."""
    return [FRAME if index % steps else STAND for index in order]


def write_gif(file: IO[bytes], shown: list[Image.Image], times: list[int]) -> None:
    """Write frames that follow one another without end."""
    shown[0].save(file, "GIF", save_all=True, append_images=shown[1:], duration=times, loop=0, optimize=True)


def repeated(shown: list[Image.Image], times: list[int]) -> list[NDArray[np.uint8]]:
    """Frames as (height, width, 3), each as often as it stands at one every `FRAME` milliseconds."""
    return [
        np.asarray(each.convert("RGB")) for each, time in zip(shown, times, strict=True) for _ in range(time // FRAME)
    ]
