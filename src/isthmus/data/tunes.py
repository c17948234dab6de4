"""Nineteen melodies that anyone may use, folk tunes and songs of before 1900, written down by bars.

The notation is a part of ABC (Walshaw, the abc music standard 2.1): C is middle C, c the one above, "," lowers and "'"
raises by an octave, ^ sharpens, z is a rest, and a number says how many sixteenths a note lasts. All stand in C major
or in the minor and dorian keys with the same white keys.
"""

import re

from isthmus.data.melodies import Note, Tune

_NOTE = re.compile(r"(\^?)([A-Ga-gz])([,']*)(\d*)")
_WHITE = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MIDDLE_C = 60

TUNES: dict[str, tuple[int, str]] = {
    "amazing-grace": (
        12,
        "z8G,4|C8E2C2|E8D4|C8A,4|G,8G,4|C8E2C2|E8D4|G12|G8E4|G8E2C2|E8D4|C8A,4|G,8G,4|C8E2C2|E8D4|C12",
    ),
    "au-clair-de-la-lune": (
        16,
        "C4C4C4D4|E8D8|C4E4D4D4|C16|C4C4C4D4|E8D8|C4E4D4D4|C16|D4D4D4D4|A,8A,8|D4C4B,4A,4|G,16|C4C4C4D4|E8D8|"
        "C4E4D4D4|C16",
    ),
    "auld-lang-syne": (
        16,
        "z12G,4|C6C2C4E4|D6C2D4E4|C6C2E4G4|A12A4|G6E2E4C4|D6C2D4E4|C6A,2A,4G,4|C12A4|G6E2E4C4|D6C2D4A4|G6E2E4G4|"
        "A12A4|G6E2E4C4|D6C2D4E4|C6A,2A,4G,4|C12z4",
    ),
    "aunt-rhody": (
        16,
        "E4E2D2C4C4|D4D4F2E2D2C2|G4G2F2E4E4|D2C2D2E2C8",
    ),
    "frere-jacques": (
        16,
        "C4D4E4C4|C4D4E4C4|E4F4G8|E4F4G8|G2A2G2F2E4C4|G2A2G2F2E4C4|C4G,4C8|C4G,4C8",
    ),
    "greensleeves": (
        12,
        "z10A2|c4d2e3fe2|d4B2G3AB2|c4A2A3^GA2|B4^G2E4A2|c4d2e3fe2|d4B2G3AB2|c3BA2^G3^F^G2|A6A6|g6g3fe2|d4B2G3AB2|"
        "c4A2A3^GA2|B4^G2E6|g6g3fe2|d4B2G3AB2|c3BA2^G3^F^G2|A12",
    ),
    "jingle-bells": (
        16,
        "E4E4E8|E4E4E8|E4G4C6D2|E16|F4F4F6F2|F4E4E4E2E2|E4D4D4E4|D8G8|E4E4E8|E4E4E8|E4G4C6D2|E16|F4F4F6F2|"
        "F4E4E4E2E2|G4G4F4D4|C16",
    ),
    "lightly-row": (
        16,
        "G4E4E8|F4D4D8|C4D4E4F4|G4G4G8|G4E4E4E4|F4D4D4D4|C4E4G4G4|E4E4E8|D4D4D4D4|D4E4F8|E4E4E4E4|E4F4G8|G4E4E8|"
        "F4D4D8|C4E4G4G4|C16",
    ),
    "london-bridge": (
        16,
        "G6A2G4F4|E4F4G8|D4E4F8|E4F4G8|G6A2G4F4|E4F4G8|D8G8|E4C12",
    ),
    "mary-had-a-little-lamb": (
        16,
        "E4D4C4D4|E4E4E8|D4D4D8|E4G4G8|E4D4C4D4|E4E4E4E4|D4D4E4D4|C16",
    ),
    "ode-to-joy": (
        16,
        "E4E4F4G4|G4F4E4D4|C4C4D4E4|E6D2D8|E4E4F4G4|G4F4E4D4|C4C4D4E4|D6C2C8|D4D4E4C4|D4E2F2E4C4|D4E2F2E4D4|"
        "C4D4G,8|E4E4F4G4|G4F4E4D4|C4C4D4E4|D6C2C8",
    ),
    "oh-susanna": (
        16,
        "z12C2D2|E4G4G6A2|G4E4C6D2|E4E4D4C4|D12C2D2|E4G4G6A2|G4E4C6D2|E4E4D4D4|C12z4|F8F8|A4A8A4|G4G4E4C4|"
        "D12C2D2|E4G4G6A2|G4E4C6D2|E4E4D4D4|C12z4",
    ),
    "old-macdonald": (
        16,
        "C4C4C4G,4|A,4A,4G,8|E4E4D4D4|C12G,4|C4C4C4G,4|A,4A,4G,8|E4E4D4D4|C16",
    ),
    "row-your-boat": (
        12,
        "C6C6|C4D2E6|E4D2E4F2|G12|c2c2c2G2G2G2|E2E2E2C2C2C2|G4F2E4D2|C12",
    ),
    "scarborough-fair": (
        12,
        "D8D4|A8A4|E6F2E4|D12|z4A4c4|d8c4|A4B4G4|A12|z8d4|d8d4|c8A4|A4G4F4|E4C8|D8A4|G8F4|E4D4C4|D12",
    ),
    "silent-night": (
        12,
        "G3AG2E6|G3AG2E6|d4d2B6|c4c2G6|A4A2c3BA2|G3AG2E6|A4A2c3BA2|G3AG2E6|d4d2f3dB2|c6e6|c3GE2G3FD2|C12",
    ),
    "twinkle-twinkle": (
        16,
        "C4C4G4G4|A4A4G8|F4F4E4E4|D4D4C8|G4G4F4F4|E4E4D8|G4G4F4F4|E4E4D8|C4C4G4G4|A4A4G8|F4F4E4E4|D4D4C8",
    ),
    "when-the-saints": (
        16,
        "z4C4E4F4|G16|z4C4E4F4|G16|z4C4E4F4|G8E8|C8E8|D16|z4E4E4D4|C12C4|E8G8|G4F12|z8E4F4|G8E8|C8D8|C16",
    ),
    "yankee-doodle": (
        16,
        "C4C4D4E4|C4E4D4G,4|C4C4D4E4|C8B,8|C4C4D4E4|F4E4D4C4|B,4G,4A,4B,4|C8C8|A,6B,2A,4G,4|A,4B,4C8|"
        "G,6A,2G,4F,4|E,8G,8|A,6B,2A,4G,4|A,4B,4C4A,4|G,4C4B,4D4|C8C8",
    ),
}
"""The sixteenths of a bar, and the bars, by name."""


def tunes() -> dict[str, Tune]:
    """All of them, by name."""
    return {name: Tune(tuple(notes(text)), bar) for name, (bar, text) in TUNES.items()}


def notes(text: str) -> list[Note]:
    """The notes of bars written as above."""
    found, at = [], 0
    for sharp, letter, octaves, length in _NOTE.findall(text):
        lasts = int(length or 1)
        if letter != "z":
            octave = letter.islower() + octaves.count("'") - octaves.count(",")
            found.append(Note(at, lasts, MIDDLE_C + _WHITE[letter.upper()] + 12 * octave + len(sharp)))
        at += lasts
    return found
