"""Noise that sounds are put under, so that a network learns to take it away."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isthmus.errors import InputError
from isthmus.names import nearest

Floats = NDArray[np.float64]
KINDS = {"white": ("white",), "babble": ("babble",), "any": ("white", "babble")}
"""What --noise may say of sounds; of several kinds each clip suffers one."""
VOICES = (3, 8)
"""How many voices babble together, from and to."""
MOST = 60.0


@dataclass(frozen=True)
class Noise:
    """What clips suffer: one of some kinds, at a signal to noise ratio between two, in dB, drawn anew for each clip."""

    kinds: tuple[str, ...]
    low: float
    high: float

    @classmethod
    def of(cls, text: str) -> "Noise":
        """The noise that a text such as white:5 or babble:0-10 describes.

        Raises
        ------
        InputError
            If it describes none.
        """
        word, _, rest = text.partition(":")
        if word not in KINDS:
            raise InputError(f"noise={text!r}: of sounds it is white, babble or any; {nearest(word, KINDS)}")
        number = r"(-?\d+(?:\.\d+)?)"
        found = re.fullmatch(rf"{number}(?:-{number})?", rest)
        ratios = [float(ratio) for ratio in found.groups() if ratio is not None] if found else []
        if not ratios or ratios[0] > ratios[-1] or max(map(abs, ratios)) > MOST:
            raise InputError(
                f"noise={text!r}: write {word}:SNR or {word}:FROM-TO, signal to noise in dB, from -{MOST:g} to {MOST:g}"
            )
        return cls(KINDS[word], ratios[0], ratios[-1])

    def draw(self, rng: np.random.Generator) -> tuple[str, float]:
        """A kind and a signal to noise ratio in dB."""
        return self.kinds[rng.integers(len(self.kinds))], float(rng.uniform(self.low, self.high))


def of_level_one(samples: Floats) -> Floats:
    """The samples scaled to a root mean square of 1; silence as it is."""
    level = np.sqrt(np.mean(np.square(samples)))
    return samples / level if level > 0 else samples


def mixed(clean: Floats, noise: Floats, ratio: float, level: float | None = None) -> Floats:
    """Clean sound and noise of level 1 at this signal to noise ratio, 20 log10 of clean level over noise level, in dB.

    The clean level is the root mean square of all samples unless it is told.
    """
    level = float(np.sqrt(np.mean(np.square(clean)))) if level is None else level
    return clean + level * 10 ** (-ratio / 20) * noise
