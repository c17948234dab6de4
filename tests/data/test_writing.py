"""Outputs appear whole or not at all, and are refused before work is done for them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from isthmus.data import atomic_write, check_output, open_data, read_codes, restore, write_codes, write_data
from isthmus.data.writing import ENDINGS
from isthmus.errors import DataError, InputError

CODES = np.random.default_rng(0).normal(size=(7, 2)).astype(np.float32)


def test_a_file_appears_whole_with_the_usual_rights_or_not_at_all(tmp_path):
    path = tmp_path / "x.bin"
    with atomic_write(path) as file:
        file.write(b"one")
        assert not path.exists()
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o600)
    (tmp_path / "link").symlink_to(path)
    with atomic_write(tmp_path / "link") as file:
        file.write(b"two")
    assert (tmp_path / "link").is_symlink()
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(bytes(1 // 0))
    assert path.read_bytes() == b"two"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "plain", "x.bin"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_line_and_a_device_stays(tmp_path):
    (tmp_path / "full.npy").symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left on device") as refused:
        write_codes(tmp_path / "full.npy", np.zeros((99_999, 2)), names=["a", "b"])
    assert "\n" not in str(refused.value)
    assert Path("/dev/full").is_char_device()
    with pytest.raises(InputError, match="can't write"), atomic_write(tmp_path / "none" / "x"):
        pass


def test_outputs_are_refused_beforehand(tmp_path):
    (tmp_path / "old.csv").touch()
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "x").touch()
    for name, message in [
        ("old.csv", "exists already.*--force"),
        ("dir", "exists already"),
        ("no/new.csv", "there is no folder"),
        ("x.xlsx", "unknown ending '.xlsx'.*known are .npy"),
    ]:
        with pytest.raises(InputError, match=message):
            check_output(tmp_path / name)
    assert check_output(tmp_path / "old.csv", force=True) == tmp_path / "old.csv"
    with pytest.raises(InputError, match="unknown ending ''"):
        check_output(tmp_path / "plain", folder=False)
    assert check_output(tmp_path / "m.safetensors", endings=(".safetensors",)).suffix == ".safetensors"
    if os.geteuid():  # root may write anywhere
        (tmp_path / "dir").chmod(0o500)
        with pytest.raises(InputError, match="no right"):
            check_output(tmp_path / "dir" / "x.csv")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("rows", [None, [f"p{i}.png" for i in range(7)]])
def test_codes_make_the_round_trip(tmp_path, ending, rows):
    path = tmp_path / f"codes{ending}"
    write_codes(path, CODES, names=["z0", "z1"], rows=rows)
    np.testing.assert_array_equal(read_codes(path).astype(np.float32), CODES)
    with pytest.raises(InputError, match="exists already"):
        write_codes(path, CODES, names=["z0", "z1"])


def test_codes_that_are_no_numbers_are_refused(tmp_path):
    pd.DataFrame({"z": [1.0, None]}).to_csv(tmp_path / "gap.csv", index=False)
    pd.DataFrame({"z": ["a", "b"]}).to_csv(tmp_path / "text.csv", index=False)
    for name, message in [
        ("gap.csv", "finite"),
        ("text.csv", "finite"),
        ("no.csv", "no such"),
        ("x.txt", "ending"),
    ]:
        with pytest.raises(DataError, match=message):
            read_codes(tmp_path / name)


@pytest.mark.parametrize("ending", ENDINGS)
def test_tables_are_written_as_the_ending_says(tmp_path, ending):
    wine = open_data("wine")
    path = tmp_path / f"wine{ending}"
    write_data(path, wine.source.array, wine.schema)
    np.testing.assert_array_equal(open_data(path).source.array, wine.source.array)


def test_endings_that_do_not_suit_the_data(tmp_path):
    table = open_data(pd.DataFrame({"c": ["x", "y", None], "b": [True, False, True]}))
    raw = table.source.array
    pictures = open_data("digits")
    for path, data, message in [
        ("t.npy", table, "columns of text can't be written as .npy"),
        ("t", table, "a table can't be a folder"),
        ("d.csv", pictures, "pictures can't be written as .csv"),
    ]:
        with pytest.raises(InputError, match=message):
            write_data(tmp_path / path, data.source.read(0, 3), data.schema)
    write_data(tmp_path / "d.npz", pictures.source.array, pictures.schema)
    assert open_data(tmp_path / "d.npz").schema == pictures.schema
    assert restore(raw, table.schema, "csv").tolist() == [["x", True], ["y", False], [None, True]]
