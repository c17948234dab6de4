"""Music: tunes as steps, steps as notes, notes as MIDI files, and back without a loss."""

import sys
from collections import Counter

import mido
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from isthmus.data import fit_preparation, open_data, preparation_from_json, schema_from_json, suits, write_data
from isthmus.data.melodies import Note, Tune, in_turn, melody_of, notes_of, sounding, steps_of, windows_of
from isthmus.data.midi import read_tune, write_notes
from isthmus.data.schema import Melody
from isthmus.data.tunes import TUNES, notes, tunes
from isthmus.errors import DataError, InputError
from isthmus.training.augmentation import transpose_melodies

MUSIC = Melody(40, 90, 4, 90.0)


@st.composite
def voices(draw):
    """Notes of which no two sound at once, with rests between some."""
    at, found = draw(st.integers(0, 5)), []
    for lasts, rest, pitch in draw(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 9), st.integers(0, 127)))):
        found.append(Note(at, lasts, pitch))
        at += lasts + rest
    return found


def midi(path, *tracks, ticks=480):
    """A file of tracks, each a list of messages."""
    mido.MidiFile(ticks_per_beat=ticks, tracks=[mido.MidiTrack(track) for track in tracks]).save(path)
    return path


def played(*notes, channel=0):
    """Messages of (begin, end, pitch) in ticks."""
    events = [(at, word, pitch) for begin, end, pitch in notes for at, word in ((begin, "note_on"), (end, "note_off"))]
    found, last = [], 0
    for at, word, pitch in sorted(events):
        found.append(mido.Message(word, channel=channel, note=pitch, velocity=64, time=at - last))
        last = at
    return found


@given(voices())
def test_notes_to_steps_and_back(found):
    length = max((note.end for note in found), default=0) + 3
    assert list(notes_of(steps_of(found, length))) == found
    assert melody_of(found) == found


@given(voices())
def test_notes_to_a_file_and_back(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("notes") / "a.mid"
    with path.open("wb") as file:
        write_notes(file, found, max((note.end for note in found), default=0), MUSIC)
    tune = read_tune(path)
    assert list(tune.notes) == found
    assert tune.tempo == pytest.approx(90)


def test_the_notation():
    assert notes("C4^F2z2|c'G,,") == [Note(0, 4, 60), Note(4, 2, 66), Note(8, 1, 84), Note(9, 1, 43)]


@pytest.mark.parametrize("name", TUNES)
def test_every_bar_of_a_tune_is_full(name):
    bar, text = TUNES[name]
    for number, written in enumerate(text.split("|")):
        found = notes(written + "C")  # the added note begins where the bar ends
        assert found[-1].start == bar, (number, written)
    assert {note.pitch % 12 for note in notes(text)} <= {0, 2, 4, 5, 7, 9, 11} | (
        {6, 8} if name == "greensleeves" else set()
    )


def test_of_chords_the_highest_note_is_kept_and_what_is_below_left_out():
    chord, bass = [Note(0, 4, 60), Note(0, 4, 64), Note(0, 4, 67)], [Note(2, 2, 40)]
    assert melody_of([*chord, *bass]) == [Note(0, 4, 67)]
    legato = [Note(0, 5, 67), Note(4, 4, 65)]  # the second begins a step before the first ends
    assert melody_of(legato) == [Note(0, 4, 67), Note(4, 4, 65)]


def test_windows_begin_with_bars_and_with_the_note_that_goes_on():
    tune = Tune((Note(0, 6, 60), Note(8, 4, 62)), bar=4)
    found = dict(windows_of(tune, 4, None))
    assert {start: steps.tolist() for start, steps in found.items()} == {
        0: [60, -1, -1, -1],
        4: [60, -1, -2, -2],
        8: [62, -1, -1, -1],
    }
    assert [start for start, _ in windows_of(Tune((Note(0, 1, 60), Note(31, 1, 60))), 8, 8)] == [0, 24]  # no silence


def test_a_note_goes_on_only_where_one_has_begun():
    steps = np.array([[-1, -1, 60, -1, -2, -1, 62, -1]], np.int16)[..., None]
    assert sounding(steps)[0, :, 0].tolist() == [-2, -2, 60, -1, -2, -2, 62, -1]


def test_the_built_in_tunes():
    data = open_data("tunes")
    assert data.schema.music == Melody(52, 79, 4, 120.0)
    assert data.source.shape == (32, 1)
    assert data.names[0] == "amazing-grace:1"
    assert set(data.labels) == set(TUNES)
    at = data.names.index("ode-to-joy:1")
    first = data.source.take(np.array([at, at + 2]))[..., 0].ravel()
    assert list(notes_of(first)) == [note for note in tunes()["ode-to-joy"].notes if note.start < 64]
    wider = open_data("tunes", window=64)
    assert wider.n < data.n
    assert wider.overlap == 64 // 12


def test_schema_and_preparation_go_to_json_and_back_and_undo_is_exact():
    data = open_data("tunes")
    preparation = fit_preparation(data.schema, [])
    assert schema_from_json(data.schema.to_json()) == data.schema
    assert preparation_from_json(preparation.to_json()) == preparation
    assert suits(preparation, data.schema)
    raw = data.source.read(0, data.n)
    prepared = preparation.apply(raw)
    assert prepared.shape == (data.n, *preparation.shape)
    np.testing.assert_array_equal(prepared.sum(-1), 1)
    np.testing.assert_array_equal(preparation.undo(prepared), raw)
    held = np.zeros((1, *preparation.shape))
    held[..., 1] = 1  # a model may well say that a note goes on where none has begun
    assert (preparation.undo(held) == -2).all()
    with pytest.raises(DataError, match=r"row 1, step 2: 99 is no pitch from 52 to 79"):
        preparation.apply(np.array([[60] * 3, [60, 60, 99]], np.int16)[..., None])


@pytest.mark.parametrize(
    "change", [{"lowest": 80}, {"highest": 128}, {"lowest": -1}, {"beat": 0}, {"tempo": 0.0}, {"tempo": "fast"}]
)
def test_a_garbled_schema_is_refused(change):
    description = open_data("tunes").schema.to_json()
    with pytest.raises(DataError, match="schema"):
        schema_from_json(description | {"music": description["music"] | change})


def test_a_folder_of_files_is_read(tmp_path):
    meter = [mido.MetaMessage("time_signature", numerator=3, denominator=4), mido.MetaMessage("set_tempo", tempo=10**6)]
    drums = played((0, 480, 35), channel=9)
    midi(tmp_path / "a.mid", [*meter, *played((0, 470, 60), (480, 970, 62), (962, 1440, 64))], drums)
    midi(tmp_path / "b.MID", played((0, 96, 72)), ticks=96)
    data = open_data(tmp_path, window=12)
    assert data.names == ["a.mid:1", "b.MID:1"]
    assert data.schema.music == Melody(60, 72, 4, 90.0)
    assert data.source.read(0, 2)[0, :, 0].tolist() == [60, -1, -1, -1, 62, -1, -1, -1, 64, -1, -1, -1]
    assert data.source.read(1, 2)[0, :, 0].tolist() == [72, -1, -1, -1, *[-2] * 8]
    assert open_data(tmp_path / "a.mid", schema=data.schema).n == 1


def test_rows_are_written_one_after_another_or_each_to_its_file(tmp_path):
    data = open_data("tunes")
    raw = data.source.read(0, 3)
    write_data(tmp_path / "all.mid", raw, data.schema)
    assert list(read_tune(tmp_path / "all.mid").notes) == in_turn([row[:, 0] for row in raw])
    assert mido.MidiFile(tmp_path / "all.mid").length == pytest.approx(3 * 32 / 4 * 60 / 120)
    write_data(tmp_path / "each", raw, data.schema)
    for i, row in enumerate(raw):
        assert read_tune(tmp_path / "each" / f"{i:05d}.mid").notes == tuple(notes_of(row[:, 0]))


def test_bad_files_are_refused_by_name(tmp_path):
    whole = midi(tmp_path / "a.mid", played((0, 480, 60)))
    for content, reason in (
        (whole.read_bytes()[:-9], "cut short"),
        (b"", "cut short"),
        (b"RIFF" + bytes(40), "MThd not found"),
        (whole.read_bytes()[:12] + b"\xe7\x28" + whole.read_bytes()[14:], "frames, not in beats"),
    ):
        (tmp_path / "bad.mid").write_bytes(content)
        with pytest.raises(DataError, match=rf"bad\.mid.*{reason}"):
            open_data(tmp_path)
    found = open_data(tmp_path, skip_bad=True)
    assert found.n == 1
    assert "bad.mid: its time" in found.skipped[0]


def test_no_note_is_no_data(tmp_path):
    midi(tmp_path / "drums.mid", played((0, 480, 35), channel=9))
    with pytest.raises(DataError, match=r"drums\.mid: not a single note"):
        open_data(tmp_path / "drums.mid")
    midi(tmp_path / "drums.mid", played((0, 480 * 2**20, 35)))
    with pytest.raises(DataError, match="lasts more than"):
        open_data(tmp_path / "drums.mid")


def fate(path):
    try:
        open_data(path)
    except DataError as fault:
        return "refused" if "b.mid" in str(fault) else "refused without a name"
    return "read"


def test_damaged_bytes_are_read_or_refused(tmp_path):
    """Never another kind of error, whatever stands in a file."""
    content = bytearray(midi(tmp_path / "a.mid", played((0, 480, 60), (480, 960, 62))).read_bytes())
    rng, fates = np.random.default_rng(0), Counter()
    for _ in range(300):
        bad = content.copy()
        for place in rng.integers(0, len(bad), 3):
            bad[place] = rng.integers(256)
        (tmp_path / "b.mid").write_bytes(bad)
        fates[fate(tmp_path / "b.mid")] += 1
    assert set(fates) == {"read", "refused"}
    assert min(fates.values()) > 20


def test_without_mido_the_extra_is_named(tmp_path, monkeypatch):
    midi(tmp_path / "a.mid", played((0, 480, 60)))
    monkeypatch.setitem(sys.modules, "mido", None)
    with pytest.raises(DataError, match=r"isthmus\[music\]"):
        open_data(tmp_path)
    assert open_data("tunes").n > 100  # which take no file


def test_what_means_nothing_for_music_is_refused(tmp_path):
    with pytest.raises(InputError, match="size"):
        open_data("tunes", size=(8, 8))
    with pytest.raises(InputError, match="window=16: the model was fitted on rows of 32"):
        open_data("tunes", window=16, schema=open_data("tunes").schema)
    with pytest.raises(InputError, match=r"at most 262,144 sixteenths"):
        open_data("tunes", window=10**12)
    plain = open_data(np.zeros((4, 32)), kind="series").schema
    with pytest.raises(DataError, match="fitted on other series"):
        open_data("tunes", schema=plain)


def test_transposing_moves_every_note_alike_and_no_further_than_the_pitches_go():
    data = open_data("tunes")
    x = torch.from_numpy(fit_preparation(data.schema, []).apply(data.source.read(0, data.n)))
    torch.manual_seed(0)
    moved = transpose_melodies(x, 5)
    before, after = x.argmax(-1), moved.argmax(-1)
    assert torch.equal(moved.sum(-1), torch.ones_like(moved[..., 0]))
    assert torch.equal(before < 2, after < 2)
    steps = [set((b - a)[a >= 2].tolist()) for a, b in zip(before, after, strict=True)]
    assert all(len(each) == 1 for each in steps)
    assert {each.pop() for each in steps} == set(range(-5, 6))
    assert torch.equal(transpose_melodies(x, 0), x)
