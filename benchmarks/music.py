"""What a recurrent VAE makes of the built-in tunes, beside a Markov chain and independent steps fitted to the same.

    python benchmarks/music.py

Fifteen tunes are learned, four held out. A row is 32 sixteenths, two bars of four quarters. The chain draws each note,
its pitch and its length, given the note before; independent steps are each drawn from what stands at that step in the
tunes. All that is said of notes is read by mido from 64 .mid files that were written; density, coverage, copies and the
like are of 1,024 rows. The minutes that are kept are the processor's.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from common import keep

import numpy as np  # isort: skip - after isthmus, which common imports
import mido

from isthmus import Autoencoder
from isthmus.data import Dataset, open_data, write_data
from isthmus.data.melodies import Note, notes_of, steps_of
from isthmus.evaluation.samples import spread
from isthmus.generation import generator
from isthmus.jobs.interpolate import interpolate

HELD = ("frere-jacques", "oh-susanna", "silent-night", "yankee-doodle")
MODELS = {
    "lstm-vae": {"hidden": (128,), "learning_rate": 0.005, "options": {"beta": 0.1, "warmup": 0.5}},
    "vae": {"options": {"beta": 0.5}},
}
LATENT = 24
EPOCHS = 400
ROWS = 64
MORE = 1024
"""Rows for what takes many to measure."""
PAIRS = 20
SHOWN = 6
WHITE = (0, 2, 4, 5, 7, 9, 11)
TICKS = 120
"""Of a step, in the files written."""


def parts() -> tuple[Dataset, Dataset]:
    """Rows of the tunes that are learned, and of those held out; without those of two tunes at once."""
    data = open_data("tunes")
    held = np.isin(data.labels, HELD)
    return data.subset(np.flatnonzero(~held)), data.subset(np.flatnonzero(held))


def fitted(recipe: str, learned: Dataset) -> Autoencoder:
    start, options = time.process_time(), MODELS[recipe]
    model = Autoencoder(recipe, LATENT, kind="series", epochs=EPOCHS, validation=0, random_state=0, **options)
    model.fit(learned)
    model.record_["minutes"] = round((time.process_time() - start) / 60, 1)
    return model


def chain(rows: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    """Rows drawn from a Markov chain of notes, (pitch, length), rests among them."""
    words = [list(_words(row)) for row in rows]
    first, then = [row[0] for row in words], {}
    for row in words:
        for a, b in pairwise(row):
            then.setdefault(a, []).append(b)

    def draw(rng: np.random.Generator) -> np.ndarray:
        notes, at, word = [], 0, first[rng.integers(len(first))]
        while at < rows.shape[1]:
            if word[0] is not None:
                notes.append(Note(at, min(word[1], rows.shape[1] - at), word[0]))
            at += word[1]
            after = then.get(word, first)
            word = after[rng.integers(len(after))]
        return steps_of(notes, rows.shape[1])

    return draw


def _words(row: np.ndarray) -> Iterator[tuple[int | None, int]]:
    at = 0
    for note in notes_of(row):
        if note.start > at:
            yield None, note.start - at
        yield note.pitch, note.lasts
        at = note.end
    if at < len(row):
        yield None, len(row) - at


def independent(rows: np.ndarray) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: rows[rng.integers(len(rows), size=rows.shape[1]), np.arange(rows.shape[1])]


def written(steps: np.ndarray, data: Dataset) -> list[list[Note]]:
    """The notes that mido finds in the files of rows; a note that doesn't end, or sounds twice, is an error."""
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder) / "rows", steps[..., None], data.schema)
        return [opened(path) for path in sorted(Path(folder, "rows").iterdir())]


def opened(path: Path) -> list[Note]:
    at, sounding, found = 0, {}, []
    for message in mido.merge_tracks(mido.MidiFile(path).tracks):
        at += message.time
        if message.type == "note_on":
            if message.note in sounding:
                raise ValueError(f"{path}: a note begins twice")
            sounding[message.note] = at
        elif message.type == "note_off":
            start = sounding.pop(message.note)
            found.append(Note(start // TICKS, (at - start) // TICKS, message.note))
    if sounding:
        raise ValueError(f"{path}: a note without an end")
    return found


def figures(found: list[list[Note]], learned: list[list[Note]]) -> dict[str, float]:
    notes, known = [note for row in found for note in row], [note for row in learned for note in row]
    moves = np.abs([b.pitch - a.pitch for row in found for a, b in pairwise(row)])
    return {
        "notes a row": len(notes) / len(found),
        "lowest": min(note.pitch for note in notes),
        "highest": max(note.pitch for note in notes),
        "in the scale": share(note.pitch % 12 in WHITE for note in notes),
        "on a beat": share(note.start % 4 == 0 for note in notes),
        "repeated": float((moves == 0).mean()),
        "moves of a fourth or less": float((moves <= 5).mean()),
        "halves of one rhythm": share(rhythm(row, 0) == rhythm(row, 16) for row in found),
        "lengths, distance": distance([n.lasts for n in notes], [n.lasts for n in known]),
        "pitches, distance": distance([n.pitch for n in notes], [n.pitch for n in known]),
        "silence": 1 - sum(note.lasts for note in notes) / (32 * len(found)),
    }


def rhythm(row: list[Note], start: int) -> set[int]:
    """Where notes begin in the sixteen steps from here."""
    return {note.start - start for note in row if start <= note.start < start + 16}


def share(truths: Iterator[bool]) -> float:
    return float(np.mean(list(truths)))


def distance(a: list[int], b: list[int]) -> float:
    """Total variation."""
    p, q = (np.bincount(each, minlength=128) / len(each) for each in (a, b))
    return float(np.abs(p - q).sum() / 2)


def against(steps: np.ndarray, model: Autoencoder, learned: np.ndarray) -> dict[str, float]:
    """What tells many made rows from the tunes', on steps as ones among zeros."""
    ones = [model.preparation_.apply(rows[..., None]).reshape(len(rows), -1) for rows in (steps, learned)]
    known = {row.tobytes() for row in learned}
    near = spread(*ones)
    return {
        "density": near.density,
        "coverage": near.coverage,
        "copies of rows learned": share(row.tobytes() in known for row in steps),
        "different rows": len({row.tobytes() for row in steps}) / len(steps),
    }


def between(model: Autoencoder, data: Dataset) -> dict[str, float]:
    """Ways between rows of different tunes."""
    rng, ways, fades, found = np.random.default_rng(0), [], [], []
    tunes = sorted(set(data.labels))
    for _ in range(PAIRS):
        pair = [rng.choice(np.flatnonzero(data.labels == tune)) for tune in rng.choice(tunes, 2, replace=False)]
        tour = interpolate(model, data.subset(np.array(pair)), steps=8)
        found += written(tour.rows[1:-1, :, 0], data)
        for kept, rows in ((ways, tour.rows), (fades, tour.faded)):
            kept.append([float((a != b).mean()) for a, b in pairwise(rows)])
    notes = [note for row in found for note in row]
    return {
        "files": len(found),
        "files with notes": share(bool(row) for row in found),
        "in the scale": share(note.pitch % 12 in WHITE for note in notes),
        "on a beat": share(note.start % 4 == 0 for note in notes),
        "steps changed, of a way's mean": float(np.mean(ways)),
        "largest change, way": float(np.mean([max(way) for way in ways])),
        "largest change, fade": float(np.mean([max(way) for way in fades])),
    }


def some(rows: np.ndarray) -> list[str]:
    """A few rows, for docs/figures.py."""
    return [" ".join(map(str, row)) for row in rows[:SHOWN].tolist()]


def the_way(model: Autoencoder, data: Dataset) -> list[str]:
    """From the first row of one tune to that of another."""
    ends = [data.names.index(f"{tune}:1") for tune in ("ode-to-joy", "twinkle-twinkle")]
    return some(interpolate(model, data.subset(np.array(ends)), steps=SHOWN - 1).rows[..., 0])


def main() -> None:
    learned, held = parts()
    rows, others = (data.source.read(0, data.n)[..., 0] for data in (learned, held))
    known, rng = written(rows, learned), np.random.default_rng(0)
    results = {"learned": learned.n, "held out": held.n, "tunes": {"learned": figures(known, known)}}
    results["tunes"]["held out"] = figures(written(others, held), known)
    makers, rolls = {}, {"tunes": some(rows[rng.permutation(len(rows))])}
    for recipe in MODELS:
        model = fitted(recipe, learned)
        about = {"minutes": model.record_["minutes"], "steps": model.record_["steps"]}
        for name, data, truth in (("learned", learned, rows), ("held out", held, others)):
            about[f"steps right, {name}"] = float((model.reconstruct_raw(data)[..., 0] == truth).mean())
        results[recipe] = about | {"between": between(model, learned)}
        if recipe == "lstm-vae":
            rolls["way"] = the_way(model, learned)
        for density in ("prior", "mixture"):
            source = generator(model, density=density, fitted_to=learned)
            makers[f"{recipe}, {density}"] = lambda n, source=source: np.concatenate(list(source.rows(n, 1)))[..., 0]
    for name, draw in (("Markov chain", chain(rows)), ("independent steps", independent(rows))):
        makers[name] = lambda n, draw=draw: np.stack([draw(rng) for _ in range(n)]).astype(np.int16)
    for name, make in makers.items():
        made = make(MORE)
        rolls[name] = some(made)
        results["tunes"][name] = figures(written(made[:ROWS], learned), known) | against(made, model, rows)
    results["rolls"] = rolls
    keep("music", results)


if __name__ == "__main__":
    main()
