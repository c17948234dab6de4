"""Music through the command line: tunes in, .mid out."""

import subprocess
import sys

import mido
import numpy as np
import pytest

from isthmus.cli import main


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A melody model in a folder of its own, fitted a little."""
    path = tmp_path_factory.mktemp("music") / "tunes.safetensors"
    words = ("--recipe", "lstm-vae", "--latent-dim", "4", "--hidden", "16", "--epochs", "8", "--set", "beta=0.1")
    assert main(["fit", "tunes", "-o", str(path), *words, "-q"]) == 0
    return path


def notes_in(path):
    """Pitches and the beginning and end in ticks of every note; each that begins must end, and none sounds twice."""
    file = mido.MidiFile(path)
    at, sounding, found = 0, {}, []
    for message in mido.merge_tracks(file.tracks):
        at += message.time
        if message.type == "note_on" and message.velocity:
            assert message.note not in sounding
            sounding[message.note] = at
        elif message.type in ("note_off", "note_on"):
            found.append((message.note, sounding.pop(message.note), at))
    assert not sounding
    return found, at


def test_generated_music_opens_with_sane_notes(isthmus, model, tmp_path):
    said = isthmus("generate", model, "-n", 4, "--temperature", 2, "-o", tmp_path / "out.mid")
    assert said.code == 0, said.err
    notes, length = notes_in(tmp_path / "out.mid")
    assert length == 4 * 32 * 120  # four rows of 32 sixteenths of 120 ticks
    assert notes
    for pitch, begin, end in notes:
        assert 52 <= pitch <= 79
        assert 0 <= begin < end <= length
        assert begin % 120 == end % 120 == 0


def test_the_same_seed_gives_the_same_bytes(model, isthmus, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        words = ("--draw", "sample", "--seed", seed, "-q", "-o", tmp_path / f"{name}.mid")
        assert isthmus("generate", model, "-n", 2, *words).code == 0
    a, b, c = ((tmp_path / f"{name}.mid").read_bytes() for name in "abc")
    assert a == b != c


def test_a_folder_takes_a_file_a_row_and_is_read_again(isthmus, model, tmp_path):
    drawn = ("--draw", "sample", "-n", 12, "-o", tmp_path / "some")
    assert isthmus("generate", model, *drawn).code == 0
    assert sorted(path.name for path in (tmp_path / "some").iterdir()) == [f"{i:05d}.mid" for i in range(12)]
    assert isthmus("encode", model, tmp_path / "some", "-o", tmp_path / "codes.csv").code == 0
    assert "00003.mid:1" in (tmp_path / "codes.csv").read_text()
    assert isthmus("reconstruct", model, tmp_path / "some", "-o", tmp_path / "back").code == 0
    assert isthmus("decode", model, tmp_path / "codes.csv", "-o", tmp_path / "decoded.mid").code == 0
    assert isthmus("evaluate", model, tmp_path / "some").code == 0
    words = ("--recipe", "conditional", "--network", "gru", "--hidden", 8, "--shift", 3, "--epochs", 2, "-q")
    assert isthmus("fit", tmp_path / "some", "-o", tmp_path / "m.safetensors", *words, "--validation", 0).code == 0


def test_the_way_between_two_tunes(isthmus, model, tmp_path):
    said = isthmus("interpolate", model, "tunes", "--rows", "0,100", "--steps", 4, "-o", tmp_path / "between.mid")
    assert said.code == 0, said.err
    assert "5 rows on the way through 2" in said.out
    assert notes_in(tmp_path / "between.mid")[1] == 5 * 32 * 120


def test_arrays_and_tables_hold_steps(isthmus, model, tmp_path):
    assert isthmus("generate", model, "-n", 3, "-o", tmp_path / "x.npy").code == 0
    steps = np.load(tmp_path / "x.npy")
    assert steps.shape == (3, 32)
    assert steps.dtype == np.int16
    assert isthmus("reconstruct", model, tmp_path / "x.npy", "-o", tmp_path / "y.mid").code == 0
    assert isthmus("generate", model, "-n", 3, "-o", tmp_path / "x.csv").code == 0
    assert (tmp_path / "x.csv").read_text().startswith('"series","note"\n0,')


def test_info_and_report_tell_of_melodies(isthmus, model):
    assert "melodies of 32 sixteenths, pitches 52 to 79" in " ".join(isthmus("info", model).out.split())
    assert "amazing-grace" in model.with_suffix(".html").read_text()


def test_what_cant_be_is_refused(refused, model, wine_model, tmp_path):
    (tmp_path / "broken.mid").write_bytes(b"MThd\0\0\0\6")
    (tmp_path / "words.mid").write_text("no music at all, but long enough")
    assert "broken.mid: not a whole MIDI file (cut short)" in refused("fit", "broken.mid")
    assert "words.mid: not a whole MIDI file" in refused("encode", model, "words.mid", "-o", "c.csv")
    assert "wine.mid: this model's rows are those of a table, not music" in refused(
        "generate", wine_model, "-o", "wine.mid"
    )
    assert "not music" in refused("interpolate", wine_model, "wine", "--rows", "0,1", "-o", "wine.mid")
    assert "at most 10,000 rows" in refused("generate", model, "-n", 10**7, "-o", "x.mid")
    assert "a sheet shows pictures" in refused("generate", model, "-o", "x.png")
    silent = mido.MidiFile(tracks=[mido.MidiTrack()])
    silent.save(tmp_path / "silent.mid")
    assert "silent.mid: not a single note" in refused("fit", "silent.mid")
    high = mido.MidiTrack([mido.Message("note_on", note=100), mido.Message("note_off", note=100, time=480)])
    mido.MidiFile(tracks=[high]).save(tmp_path / "high.mid")
    said = refused("encode", model, "high.mid", "-o", "c.csv")
    assert "100 is no pitch from 52 to 79" in said
    assert "shift=2" in refused("fit", "wine", "--shift", 2)


def test_without_mido_the_extra_is_named(model, tmp_path):
    code = "import sys; sys.modules['mido'] = None; from isthmus.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "generate", str(model), "-n", "1", "-o", str(tmp_path / "x.mid")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert "isthmus[music]" in done.stderr
    assert not list(tmp_path.iterdir())
