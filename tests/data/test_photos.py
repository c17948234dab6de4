"""Photos: what comes in goes out, and only the pixels changed; patches and pairs cut from them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from isthmus.data import open_data
from isthmus.data.patches import cut_patches, pair_names
from isthmus.data.photos import Photo, _chunk, read_photo, write_photo
from isthmus.errors import DataError

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
NUMBERS = np.random.default_rng(0)


def exif(orientation: int) -> bytes:
    found = Image.Exif()
    found[0x0112] = orientation
    found[0x010F] = "a camera"
    return found.tobytes()


def pixels(channels: int, dtype: str = "uint8", size: tuple[int, int] = (19, 30)) -> np.ndarray:
    return NUMBERS.integers(0, np.iinfo(dtype).max, (*size, channels), dtype, endpoint=True)


@pytest.mark.parametrize("turned", [1, 6])
@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "alpha"])
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colour"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_round_trip_of_pixels_alpha_profile_and_orientation(tmp_path, ending, dtype, channels, alpha, turned):
    if dtype == "uint16" and channels + alpha > 1:
        pytest.importorskip("cv2", reason="16-bit colour takes OpenCV, an extra")
        pytest.importorskip("tifffile", reason="16-bit colour takes tifffile, an extra")
    path, see_through = tmp_path / f"a{ending}", pixels(1, dtype) if alpha else None
    photo = Photo(pixels(channels, dtype), see_through, PROFILE, exif(turned))
    write_photo(path, photo)
    found = read_photo(path)
    shown = photo.shown()  # those of a TIFF file come turned
    same_channels = np.repeat(shown, found.pixels.shape[2] // channels, 2)  # 16-bit grey with alpha comes as colour
    np.testing.assert_array_equal(found.shown(), same_channels)
    assert found.pixels.dtype == dtype
    assert found.pixels.shape[2] == channels or (alpha and dtype == "uint16")
    assert (found.alpha is None) == (not alpha)
    if alpha:
        assert found.with_pixels(found.alpha).shown().tobytes() == photo.with_pixels(see_through).shown().tobytes()
    assert found.profile == PROFILE
    assert ending == ".tif" or found.orientation == turned


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_jpeg_is_shown_as_it_was(tmp_path, orientation):
    """The stored pixels and the tag stay, so a viewer turns the result as it turned the original."""
    smooth = np.linspace(0, 255, 16 * 24).reshape(16, 24, 1).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(smooth[..., 0]).save(file, "JPEG", quality=95, exif=exif(orientation), icc_profile=PROFILE)
    (tmp_path / "a.jpg").write_bytes(file.getvalue())
    photo = read_photo(tmp_path / "a.jpg")
    write_photo(tmp_path / "b.jpg", photo)
    with Image.open(tmp_path / "a.jpg") as before, Image.open(tmp_path / "b.jpg") as after:
        turned = np.asarray(ImageOps.exif_transpose(before))
        np.testing.assert_allclose(np.asarray(ImageOps.exif_transpose(after)).astype(float), turned, atol=3)
        assert after.getexif()[0x010F] == "a camera"
        assert after.info["icc_profile"] == PROFILE
    np.testing.assert_array_equal(photo.shown()[..., 0], turned)


def test_a_16_bit_colour_png_keeps_its_depth_for_others_too(tmp_path):
    """OpenCV reads what was written with a profile in it; Pillow finds the profile."""
    cv2 = pytest.importorskip("cv2", reason="16-bit colour takes OpenCV, an extra")
    deep = pixels(3, "uint16")
    write_photo(tmp_path / "a.png", Photo(deep, None, PROFILE, exif(3)))
    np.testing.assert_array_equal(
        cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)[..., ::-1], deep
    )
    with Image.open(tmp_path / "a.png") as picture:
        picture.load()
        assert picture.info["icc_profile"] == PROFILE


def test_palettes_and_black_and_white(tmp_path):
    drawn = Image.fromarray(pixels(3)[..., :3]).quantize(7)
    drawn.save(tmp_path / "a.png")
    assert read_photo(tmp_path / "a.png").pixels.shape == (19, 30, 3)
    drawn.save(tmp_path / "b.png", transparency=2)
    see_through = read_photo(tmp_path / "b.png").alpha
    np.testing.assert_array_equal(see_through[..., 0] == 0, np.asarray(drawn) == 2)
    Image.fromarray(pixels(1)[..., 0] > 99).save(tmp_path / "c.png")
    assert {*np.unique(read_photo(tmp_path / "c.png").pixels)} == {0, 255}


def test_pictures_that_are_none(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    whole = io.BytesIO()
    Image.fromarray(pixels(3, size=(200, 200))).save(whole, "PNG")
    (tmp_path / "cut.png").write_bytes(whole.getvalue()[:5000])
    Image.new("CMYK", (9, 9)).save(tmp_path / "ink.jpg")
    Image.new("F", (9, 9)).save(tmp_path / "real.tif")
    pages = [Image.new("L", (9, 9)), Image.new("L", (9, 9))]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    wrong = {"text.png": "not a picture", "cut.png": "truncated|broken", "ink.jpg": "mode CMYK", "real.tif": "mode F",
             "pages.tif": "holds 2 pictures", "none.png": "No such file", "a.gif": "unknown ending"}  # fmt: skip
    for name, said in wrong.items():
        with pytest.raises(DataError, match=said) as fault:
            read_photo(tmp_path / name)
        assert str(fault.value).startswith(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "photo", "said"),
    [("a.jpg", Photo(pixels(3, "uint16")), "no 16-bit"), ("a.jpg", Photo(pixels(3), pixels(1)), "no alpha"),
     ("a.gif", Photo(pixels(3)), "unknown ending")],
)  # fmt: skip
def test_formats_that_cannot_hold_it(tmp_path, name, photo, said):
    with pytest.raises(DataError, match=said):
        write_photo(tmp_path / name, photo)
    assert not [*tmp_path.iterdir()]


def save(path, found: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_photo(path, Photo(found))


def test_every_pixel_is_in_a_patch(tmp_path):
    """Each pixel has a number of its own; patches hold them all, in the order of the pictures."""
    numbered = np.arange(150 * 190, dtype=np.uint16).reshape(150, 190, 1)
    save(tmp_path / "a.png", numbered)
    save(tmp_path / "b" / "c.png", numbered[:64, :64] + 40_000)
    patches, seen = cut_patches(tmp_path)
    found = patches.source.read(0, patches.n)
    assert (seen, found.shape[1:], found.dtype) == (None, (64, 64, 1), np.uint16)
    assert {*np.unique(found[:-1])} == {*range(150 * 190)}
    np.testing.assert_array_equal(found[-1], numbered[:64, :64] + 40_000)
    assert patches.names == ["a.png"] * (patches.n - 1) + ["b/c.png"]
    for one, other in ((row, row + patches.overlap + 1) for row in range(patches.n - 1 - patches.overlap - 1)):
        assert not np.intersect1d(found[one], found[other]).size


def test_small_and_mixed_pictures_share_side_depth_and_colour(tmp_path):
    save(tmp_path / "a.png", pixels(1, size=(23, 40)))
    save(tmp_path / "b.png", pixels(3, size=(90, 60)))
    grey, deep = pixels(1, size=(33, 33)), pixels(1, "uint16", size=(30, 30))
    save(tmp_path / "c.png", grey)
    patches, _ = cut_patches(tmp_path)
    assert patches.schema.shape == (22, 22, 3)
    last = patches.source.read(patches.n - 1, patches.n)[0]
    np.testing.assert_array_equal(last, np.repeat(grey[-22:, -22:], 3, 2))
    save(tmp_path / "d.png", deep)
    patches, _ = cut_patches(tmp_path, ["c.png", "d.png"])
    first = patches.source.read(0, 1)[0]
    np.testing.assert_array_equal(first[..., 0], grey[:30, :30, 0].astype(int) * 257)  # white stays white


def test_patches_beyond_memory_are_the_same(tmp_path):
    save(tmp_path / "a.png", pixels(1, size=(200, 200)))
    one, other = (cut_patches(tmp_path, memory=memory)[0].source for memory in (None, 1000))
    assert (one.resident, other.resident) == (True, False)
    np.testing.assert_array_equal(one.read(0, one.n), other.read(0, other.n))


def test_pairs_are_matched_by_name_and_cut_alike(tmp_path):
    for name, size in (("a", (70, 90)), ("in/b", (64, 65))):
        found = pixels(1, size=size) // 2
        save(tmp_path / "clean" / f"{name}.png", found)
        save(tmp_path / "dirty" / f"{name}.tif", found + 100)
    dirty, clean, alone = pair_names(tmp_path / "dirty", tmp_path / "clean")
    assert (dirty, clean, alone) == (["a.tif", "in/b.tif"], ["a.png", "in/b.png"], [])
    target, seen = cut_patches(tmp_path / "clean", clean, seen=tmp_path / "dirty", seen_names=dirty)
    np.testing.assert_array_equal(target.source.read(0, target.n) + 100, seen.source.read(0, seen.n))


def test_pairs_that_do_not_match(tmp_path):
    dirty, clean = tmp_path / "dirty", tmp_path / "clean"
    save(dirty / "a.png", pixels(1))
    with pytest.raises(DataError, match="no such folder"):
        pair_names(dirty, clean)
    save(clean / "b.png", pixels(1))
    for skip in (False, True):
        with pytest.raises(DataError, match=r"2 pictures without a partner.*dirty/a.png, clean/b.png; none has one"):
            pair_names(dirty, clean, skip=skip)
    save(clean / "a.png", pixels(1, size=(19, 31)))
    assert pair_names(dirty, clean, skip=True) == (["a.png"], ["a.png"], ["clean/b.png"])
    with pytest.raises(DataError, match=r"clean/b.png; pass over them with --skip-bad"):
        pair_names(dirty, clean)
    with pytest.raises(DataError, match=r"clean/a.png 19x31 and .*dirty/a.png 19x30"):
        cut_patches(clean, ["a.png"], seen=dirty, seen_names=["a.png"])
    save(clean / "a.tif", pixels(1))
    with pytest.raises(DataError, match="ending alone"):
        pair_names(dirty, clean)
    save(clean / "tiny.png", pixels(1, size=(7, 30)))
    with pytest.raises(DataError, match="too small to learn from"):
        cut_patches(clean, ["tiny.png"])


def test_pairs_are_learned_as_they_are_shown(tmp_path):
    """The dirty picture lies upside down under a tag that says so; the clean one is stored upright."""
    found = pixels(1, size=(70, 90))
    save(tmp_path / "clean" / "a.png", found)
    (tmp_path / "dirty").mkdir()
    write_photo(tmp_path / "dirty" / "a.png", Photo(found[::-1, ::-1], exif=exif(3)))
    target, seen = cut_patches(tmp_path / "clean", seen=tmp_path / "dirty", seen_names=["a.png"])
    np.testing.assert_array_equal(target.source.read(0, target.n), seen.source.read(0, seen.n))


def test_one_small_picture_does_not_shrink_all_patches(tmp_path):
    for name, size in (("a", (70, 90)), ("b", (80, 80)), ("small", (20, 90))):
        save(tmp_path / f"{name}.png", pixels(1, size=size))
    with pytest.raises(DataError, match=r"small.png: 20x90 would make patches smaller"):
        cut_patches(tmp_path)
    found, _ = cut_patches(tmp_path, skip=True)
    assert found.schema.shape == (64, 64, 1)
    assert {*found.names} == {"a.png", "b.png"}
    assert "small.png" in found.skipped[0]


def test_what_cannot_be_learned_from_is_passed_over_if_asked(tmp_path):
    save(tmp_path / "in" / "a.png", pixels(1))
    (tmp_path / "in" / "text.png").write_text("text")
    with pytest.raises(DataError, match="not a picture; pass over it with --skip-bad"):
        cut_patches(tmp_path / "in")
    found, _ = cut_patches(tmp_path / "in", skip=True)
    assert ({*found.names}, len(found.skipped)) == ({"a.png"}, 1)
    with pytest.raises(DataError, match="none of 1 pictures is left"):
        cut_patches(tmp_path / "in", ["text.png"], skip=True)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16"])
def test_an_uncompressed_tiff_is_turned_too(tmp_path, mode, orientation):
    """By NumPy's own turns."""
    stored = {"L": pixels(1)[..., 0], "RGBA": pixels(4), "I;16": pixels(1, "uint16")[..., 0]}[mode]
    Image.fromarray(stored).save(tmp_path / "a.tif", tiffinfo={0x0112: orientation})
    photo = read_photo(tmp_path / "a.tif")
    found = photo.pixels[..., 0] if photo.alpha is None else np.concatenate([photo.pixels, photo.alpha], 2)
    turned = np.rot90(stored, {1: 0, 3: 2, 6: -1, 8: 1}[orientation])
    np.testing.assert_array_equal(found, turned)
    if mode != "RGBA":  # alpha is dropped there
        np.testing.assert_array_equal(open_data(tmp_path).source.read(0, 1)[0, ..., 0], turned)


def test_16_bit_tiffs_that_others_write(tmp_path):
    """White that is 0 comes out right; planes apart and colours multiplied by alpha are refused."""
    tifffile = pytest.importorskip("tifffile", reason="16-bit colour takes tifffile, an extra")
    grey = pixels(1, "uint16")[..., 0]
    (tmp_path / "white").mkdir()
    tifffile.imwrite(tmp_path / "white" / "a.tif", 65535 - grey, photometric="miniswhite")
    np.testing.assert_array_equal(read_photo(tmp_path / "white" / "a.tif").pixels[..., 0], grey)
    np.testing.assert_array_equal(open_data(tmp_path / "white").source.read(0, 1)[0, ..., 0], grey)
    planes = np.moveaxis(pixels(3, "uint16"), 2, 0)
    tifffile.imwrite(tmp_path / "planes.tif", planes, photometric="rgb", planarconfig="separate")
    tifffile.imwrite(tmp_path / "alpha.tif", pixels(4, "uint16"), photometric="rgb", extrasamples=["assocalpha"])
    for name in ("planes", "alpha"):
        with pytest.raises(DataError, match="planes apart, or multiplied by alpha"):
            read_photo(tmp_path / f"{name}.tif")


def test_a_bmp_is_written_as_it_is_shown(tmp_path):
    photo = Photo(pixels(3), exif=exif(6))
    write_photo(tmp_path / "a.bmp", photo)
    np.testing.assert_array_equal(read_photo(tmp_path / "a.bmp").pixels, photo.shown())


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("uint8", 3), ("uint16", 1), ("uint16", 3)])
def test_a_png_with_one_colour_that_is_transparent(tmp_path, dtype, channels):
    """By the chunk tRNS (ISO/IEC 15948, 11.3.2.1): that colour alone is seen through."""
    stored = pixels(channels, dtype)
    write_photo(tmp_path / "whole.png", Photo(stored))
    data = (tmp_path / "whole.png").read_bytes()
    clear = _chunk(b"tRNS", stored[3, 4].astype(">u2").tobytes())
    (tmp_path / "a.png").write_bytes(data[:33] + clear + data[33:])
    found = read_photo(tmp_path / "a.png")
    np.testing.assert_array_equal(found.pixels, stored)
    full = np.iinfo(dtype).max
    np.testing.assert_array_equal(found.alpha[..., 0], np.where((stored == stored[3, 4]).all(2), 0, full))
    assert found.alpha[3, 4] == 0


@pytest.mark.parametrize(
    ("ending", "dtype", "channels"),
    [(".png", "uint8", 3), (".jpg", "uint8", 3), (".tif", "uint8", 1), (".bmp", "uint8", 3), (".png", "uint16", 3),
     (".tif", "uint16", 3)],
)  # fmt: skip
def test_pixels_per_inch_are_kept(tmp_path, ending, dtype, channels):
    write_photo(tmp_path / f"a{ending}", Photo(pixels(channels, dtype), dpi=(300, 150)))
    with Image.open(tmp_path / f"a{ending}") as picture:
        assert picture.info["dpi"] == pytest.approx((300, 150), abs=0.02)
    assert read_photo(tmp_path / f"a{ending}").dpi == pytest.approx((300, 150), abs=0.02)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif", ".webp"])
def test_broken_exif_data_are_none(tmp_path, ending):
    for broken in (b"Exif\0\0nonsense", exif(6)[:20], b"Exif\0\0" + bytes(20)):
        photo = Photo(pixels(3), exif=broken)
        assert photo.orientation == 1
        write_photo(tmp_path / f"a{ending}", photo)
        assert read_photo(tmp_path / f"a{ending}").shown().shape == photo.pixels.shape


def test_a_jpeg_whose_exif_data_are_broken_is_read(tmp_path):
    file = io.BytesIO()
    Image.fromarray(pixels(3)).save(file, "JPEG", exif=b"Exif\0\0nonsense")
    (tmp_path / "a.jpg").write_bytes(file.getvalue())
    assert read_photo(tmp_path / "a.jpg").shown().shape == (19, 30, 3)


@pytest.mark.parametrize(
    ("name", "size", "said"), [("a.webp", (1, 16384), "above 16383"), ("a.jpg", (65501, 1), "above 65500")]
)
def test_sides_beyond_what_a_format_holds(tmp_path, name, size, said):
    with pytest.raises(DataError, match=said):
        write_photo(tmp_path / name, Photo(pixels(3, size=size)))


def test_exif_data_too_long_for_a_jpeg(tmp_path):
    long = Image.Exif()
    long[0x010E] = "x" * 70_000
    with pytest.raises(DataError, match="can't be written as JPEG: EXIF data is too long"):
        write_photo(tmp_path / "a.jpg", Photo(pixels(3), exif=long.tobytes()))
    assert not [*tmp_path.iterdir()]


def test_a_truncated_16_bit_picture_is_refused_in_silence(tmp_path, capfd):
    pytest.importorskip("cv2", reason="16-bit colour takes OpenCV, an extra")
    write_photo(tmp_path / "whole.png", Photo(pixels(3, "uint16", size=(90, 90))))
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:3000])
    with pytest.raises(DataError, match="can't be read"):
        read_photo(tmp_path / "cut.png")
    assert capfd.readouterr().err == ""


def test_a_picture_of_too_many_pixels_is_told_the_true_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200)
    for name, size in (("fits.png", (15, 20)), ("large.png", (21, 20))):
        save(tmp_path / name, pixels(1, size=size))
    assert read_photo(tmp_path / "fits.png").pixels.size == 300
    with pytest.raises(DataError, match="more than 400 pixels"):
        read_photo(tmp_path / "large.png")
