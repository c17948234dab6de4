"""Folders of pictures: read alike from memory and spool, written back, the bad ones named."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from sklearn.datasets import load_sample_images

from isthmus.data import chunks, open_data, write_data
from isthmus.errors import DataError, InputError

DIGITS = open_data("digits").source.array[:12]


def pixels(dataset):
    return np.concatenate(list(chunks(dataset.source, 5)))


@pytest.fixture
def folder(tmp_path):
    write_data(tmp_path / "digits", DIGITS, open_data(DIGITS).schema)
    return tmp_path / "digits"


PICTURES = hnp.arrays(
    st.sampled_from(["uint8", "uint16"]),
    st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.just(1)),
) | hnp.arrays("uint8", st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9), st.just(3)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pictures=PICTURES, ending=st.sampled_from([".png", ".tif", ".webp", ".bmp", ".txt"]))
def test_pictures_make_the_round_trip_through_a_folder(tmp_path, pictures, ending):
    schema = open_data(pictures, kind="images").schema
    names = [f"{'ab'[i % 2]}/p{i}{ending}" for i in range(len(pictures))]
    place = tmp_path / str(len(list(tmp_path.iterdir())))
    write_data(place, pictures, schema, names=names)
    for memory in (None, 1):
        found = open_data(place, memory=memory)
        assert found.source.resident == (memory is None)
        assert found.schema.dtype == pictures.dtype
        order = np.argsort(found.names)
        back = pixels(found)
        if ending == ".webp" and schema.channels == 1 and pictures.dtype == np.uint8:
            back = back[..., :1]  # WebP knows no grey
        np.testing.assert_array_equal(back, pictures[np.argsort(names)][order])
    assert found.labels.tolist() == [name[0] for name in found.names]


def test_jpeg_names_are_kept_and_an_existing_folder_needs_force(tmp_path):
    photos = np.stack(load_sample_images().images)[:, :64, :64]
    schema = open_data(photos).schema
    write_data(tmp_path / "out", photos, schema, names=["a.JPG", "b.gif"])
    found = open_data(tmp_path / "out")
    assert found.names == ["a.JPG", "b.png"]
    assert np.abs(pixels(found)[0].astype(int) - photos[0]).mean() < 3
    with pytest.raises(InputError, match="exists already"):
        write_data(tmp_path / "out", photos, schema)
    write_data(tmp_path / "out", photos, schema, names=["c.png", "b.png"], force=True)
    assert open_data(tmp_path / "out").names == ["a.JPG", "b.png", "c.png"]


def test_modes_and_the_cameras_orientation(tmp_path):
    grey = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    grey.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.png", exif=exif)
    grey.convert("1").save(tmp_path / "b.png")
    grey.convert("LA").save(tmp_path / "c.png")
    opened = open_data(tmp_path)
    assert opened.schema.shape == (6, 8, 1)
    np.testing.assert_array_equal(pixels(opened)[0, ..., 0], np.asarray(grey))
    grey.convert("RGB").quantize(4).save(tmp_path / "d.png")
    grey.convert("RGBA").save(tmp_path / "e.png")
    assert open_data(tmp_path).schema.channels == 3
    with pytest.raises(DataError, match="grey, uint8") as refused:
        open_data(tmp_path, schema=opened.schema)
    assert "RGB" in str(refused.value)
    colour = open_data(tmp_path).schema
    (tmp_path / "d.png").unlink()
    (tmp_path / "e.png").unlink()
    assert open_data(tmp_path, schema=colour).source.shape == (6, 8, 3)
    Image.fromarray(np.zeros((6, 8), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(DataError, match=r"several depths: 8-bit grey \(.*16-bit grey \(deep.png\)"):
        open_data(tmp_path)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_sizes_are_made_one_only_when_asked(tmp_path, dtype):
    for i, size in enumerate([(4, 6), (4, 6), (8, 8)]):
        Image.fromarray(np.full(size, 200 + i).astype(dtype)).save(tmp_path / f"{i}.png")
    with pytest.raises(DataError, match=r"2 sizes, most often 4x6 \(2 pictures\), 8x8 \(1.*--size 4x6"):
        open_data(tmp_path)
    opened = open_data(tmp_path, size=(5, 7))
    assert opened.source.shape == (5, 7, 1)
    assert opened.source.array[:, 0, 0, 0].tolist() == [200, 201, 202]
    assert opened.schema.dtype == dtype
    with pytest.raises(DataError, match=r"pictures are 4x6.*fitted on 5x7"):
        open_data(tmp_path, size=(4, 6), schema=opened.schema)
    assert open_data(tmp_path, size=(5, 7), schema=opened.schema).n == 3


def png_of(width, height):
    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", zlib.compress(b"\0" * 99)) + part(b"IEND", b"")


def test_bad_pictures_are_all_named_or_passed_over(folder):
    whole = (folder / "00003.png").read_bytes()
    (folder / "00001.png").write_text("not a picture at all")
    (folder / "00003.png").write_bytes(whole[: len(whole) // 2])
    (folder / "00005.png").write_bytes(b"")
    (folder / "00007.png").write_bytes(png_of(10_000, 10_000))
    (folder / "00009.png").write_bytes(png_of(100_000, 100_000))
    (folder / "notes.txt").write_text("no picture, and none by its name")
    with pytest.raises(DataError, match=r"5 of 12 .*00001.png \(not a picture\), 00003.*2 more.*--skip-bad"):
        open_data(folder)
    for memory in (None, 1):
        opened = open_data(folder, skip_bad=True, memory=memory)
        assert len(opened.skipped) == 5
        assert "pixels" in " ".join(opened.skipped)
        good = [int(name[:5]) for name in opened.names]
        assert good == [0, 2, 4, 6, 8, 10, 11]
        np.testing.assert_array_equal(pixels(opened), DIGITS[good])
    for name in opened.names:
        (folder / name).write_text("x")
    with pytest.raises(DataError, match=r"12 of 12 .*none is left"):
        open_data(folder, skip_bad=True)


def test_folders_refused(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no pictures in this folder; known endings are .png, .jpg"):
        open_data(tmp_path / "empty")
    with pytest.raises(DataError, match="these are pictures, and kind= asks for a table"):
        open_data(folder, kind="table")
    with pytest.raises(InputError, match="label='x' means nothing"):
        open_data(folder, label="x")


@pytest.mark.parametrize(
    ("pictures", "names", "message"),
    [
        (DIGITS, ["../x.png"] * 12, "leads out"),
        (DIGITS, ["x.png"] * 12, "two pictures would be called 'x.png'"),
        (DIGITS, ["x.png"], "1 names for 12"),
        (np.zeros((2, 3, 3, 3), np.float32), None, "use|write them to .npy"),
    ],
)
def test_pictures_that_fit_no_folder(tmp_path, pictures, names, message):
    with pytest.raises(InputError, match=message):
        write_data(tmp_path / "out", pictures, open_data(pictures, kind="images").schema, names=names)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.data
def test_real_pictures_open():
    root = Path(os.environ.get("ISTHMUS_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not root.is_dir():
        pytest.skip("no folder of real data sets (set ISTHMUS_DATA)")
    assert open_data(root / "images" / "train400").source.shape == (180, 180, 1)
    with pytest.raises(DataError, match="--size 512x768"):
        open_data(root / "images" / "kodak")
