"""Recordings as rows of one length, the bands they become, and sounds that have such bands."""

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from isthmus.data import fit_preparation, open_data, preparation_from_json, schema_from_json, suits, write_data
from isthmus.data.phases import bands_of, frames_of, heard
from isthmus.data.spectra import spectra_of
from isthmus.errors import DataError, InputError

MUSIC = {"lowest": 60, "highest": 72, "beat": 4, "tempo": 120.0}

RATE = 8000


def tone(pitch, length=4000, loud=0.5):
    return loud * np.sin(2 * np.pi * pitch / RATE * np.arange(length)) * np.hanning(length)


@pytest.fixture
def folder(tmp_path):
    for name, length in (("low/a", 3000), ("low/b", 4000), ("high/a", 2000)):
        path = tmp_path / "sounds" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, tone(300 if "low" in name else 1500, length), RATE)
    return tmp_path / "sounds"


def rows_of(data):
    return data.source.read(0, data.n)


def test_shorter_sounds_are_followed_by_silence_and_longer_ones_cut(folder):
    data = open_data(folder, kind="series")
    assert rows_of(data).shape == (3, 4000, 1)
    assert data.names == ["high/a.wav", "low/a.wav", "low/b.wav"]
    assert data.labels.tolist() == ["high", "low", "low"]
    np.testing.assert_allclose(rows_of(data)[1, :3000, 0], tone(300, 3000), atol=1e-4)
    assert not rows_of(data)[1, 3000:].any()
    cut = open_data(folder, kind="series", window=1500, stride=500)
    assert [name for name in cut.names if "b" in name] == [f"low/b.wav:{start}" for start in range(0, 2501, 500)]
    assert cut.overlap == 2
    np.testing.assert_array_equal(rows_of(cut)[-1, :, 0], rows_of(data)[2, 2500:, 0])


def test_every_band_weighs_its_frequencies_and_all_are_heard():
    for rate in (4000, 8000, 44100):
        bands = bands_of(spectra_of(rate))
        np.testing.assert_allclose(bands.sum(1), 1)
        assert (np.diff(bands.argmax(1)) >= 0).all()
        assert (bands >= 0).all()


def test_a_sound_made_from_bands_has_these_bands_and_the_pitch():
    spectra = spectra_of(RATE)
    for pitch in (250, 1000, 3000):
        loud = frames_of(spectra, tone(pitch))
        sound = heard(spectra, loud, 4000)
        assert sound.shape == (4000,)
        again = frames_of(spectra, sound)
        assert np.linalg.norm(again - loud) < 0.2 * np.linalg.norm(loud)
        found = np.abs(np.fft.rfft(sound)).argmax() * RATE / 4000
        assert abs(found - pitch) < 0.05 * pitch + 10
        np.testing.assert_array_equal(sound, heard(spectra, loud, 4000))


def test_silence_stays_silence():
    spectra = spectra_of(RATE)
    assert not heard(spectra, frames_of(spectra, np.zeros(1000)), 1000).any()


def test_schema_and_preparation_go_to_json_and_back(folder):
    data = open_data(folder, kind="series")
    preparation = fit_preparation(data.schema, [rows_of(data)])
    assert schema_from_json(data.schema.to_json()) == data.schema
    again = preparation_from_json(preparation.to_json())
    np.testing.assert_array_equal(again.apply(rows_of(data)), preparation.apply(rows_of(data)))
    assert suits(again, data.schema)
    assert preparation.apply(rows_of(data)).shape == (3, *preparation.shape)
    flat = preparation.apply(rows_of(data)).reshape(-1, preparation.shape[1]).astype(float)
    np.testing.assert_allclose(flat.mean(0), 0, atol=1e-4)
    with pytest.raises(DataError, match="finite numbers"):
        preparation_from_json(preparation.to_json() | {"means": [0.0]})
    garbled = data.schema.to_json()
    for change in ({"names": ["a", "b"], "squeezed": False}, {"dtype": "int16"}, {"music": MUSIC}):
        with pytest.raises(DataError, match=r"schema: \d channels of"):
            schema_from_json(garbled | change)
    greedy = {"length": 2**20, "spectra": {"rate": 8000, "window": 65536, "hop": 16, "noise": ""}}
    with pytest.raises(DataError, match="spectra of more than"):
        preparation_from_json(preparation.to_json() | greedy | {"means": [0.0] * 64, "scales": [1.0] * 64})


def test_rows_are_written_one_after_another_or_each_to_its_file(folder, tmp_path):
    data = open_data(folder, kind="series")
    write_data(tmp_path / "all.wav", rows_of(data), data.schema)
    rate, samples = wavfile.read(tmp_path / "all.wav")
    assert rate == RATE
    np.testing.assert_allclose(samples / 32767, rows_of(data).ravel(), atol=1e-4)
    write_data(tmp_path / "each", rows_of(data), data.schema)
    assert open_data(tmp_path / "each", schema=data.schema).n == 3
    with pytest.raises(InputError, match="rows are sounds, not music"):
        write_data(tmp_path / "all.mid", rows_of(data), data.schema)


def test_what_cant_be_read_is_refused(folder, tmp_path):
    schema = open_data(folder, kind="series").schema
    with pytest.raises(InputError, match="size"):
        open_data(folder, kind="series", size=(8, 8))
    with pytest.raises(DataError, match="too long"):
        open_data(folder, kind="series", window=1 << 20)
    with pytest.raises(DataError, match="fitted on other series"):
        open_data(folder, schema=open_data(np.zeros((3, 4000)), kind="series").schema)
    soundfile.write(folder / "low" / "c.wav", tone(300), 16000)
    with pytest.raises(DataError, match=r"low/c\.wav is of 16000 Hz, high/a\.wav of 8000"):
        open_data(folder, kind="series")
    with pytest.raises(DataError, match=r"of 16000 Hz, the model of 8000"):
        open_data(folder / "low" / "c.wav", schema=schema)
    (folder / "low" / "c.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"c\.wav"):
        open_data(folder, kind="series")
    assert len(open_data(folder, kind="series", skip_bad=True).skipped) == 1
