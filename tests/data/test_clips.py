"""Clips: what is kept of them on the way in and out, and what is cut from them to learn from."""

from fractions import Fraction

import av
import numpy as np
import pytest

from isthmus.data.clips import look_at_clip, read_frames, rewrite_clip
from isthmus.data.windows import cut_windows
from isthmus.errors import DataError

NTSC = Fraction(30000, 1001)


def blocks(count: int, height: int, width: int, channels: int = 3) -> np.ndarray:
    """Frames of coloured squares of 8x8 pixels, which lossy compression leaves alone; each frame its own."""
    rng = np.random.default_rng(0)
    small = rng.integers(20, 236, (count, -(-height // 8), -(-width // 8), channels), np.uint8)
    return small.repeat(8, 1).repeat(8, 2)[:, :height, :width]


def write_clip(path, frames, *, rate=NTSC, sound=False, times=None, colours=None, options=None, codec="libx264"):
    path.parent.mkdir(exist_ok=True, parents=True)
    with av.open(str(path), "w", options=options or {}) as target:
        video = target.add_stream(codec, rate=rate, options={"qp": "0"} if codec == "libx264" else {})
        video.height, video.width = frames[0].shape[:2]
        even = video.height % 2 == video.width % 2 == 0
        video.pix_fmt = "gray" if frames[0].shape[2] == 1 else "yuv420p" if even else "yuv444p"
        if colours:
            video.codec_context.colorspace, video.codec_context.color_range = colours
        audio = target.add_stream("aac", rate=44100) if sound else None
        for i, pixels in enumerate(frames):
            grey = pixels.shape[2] == 1
            frame = av.VideoFrame.from_ndarray(pixels[..., 0] if grey else pixels, format="gray" if grey else "rgb24")
            more = {"dst_colorspace": colours[0], "dst_color_range": colours[1]} if colours else {}
            frame = frame.reformat(format=video.pix_fmt, interpolation=exactly(), **more)
            frame.pts = i if times is None else times[i]
            target.mux(video.encode(frame))
        for i in range(20 if sound else 0):
            wave = np.sin(np.arange(1024) / 9 + i)[None].astype(np.float32)
            heard = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            heard.rate, heard.pts = 44100, 1024 * i
            target.mux(audio.encode(heard))
        for stream in [video, *([audio] if sound else [])]:
            target.mux(stream.encode(None))
    return path


def exactly():
    from av.video.reformatter import Interpolation as Way

    return Way.BILINEAR | Way.ACCURATE_RND | Way.FULL_CHR_H_INT | Way.FULL_CHR_H_INP


def packets(path, kind):
    with av.open(str(path)) as source:
        stream = getattr(source.streams, kind)[0]
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in source.demux(stream) if packet.size]


def colours_of(path):
    with av.open(str(path)) as source:
        frames = [frame.reformat(format="rgb24", interpolation=exactly()) for frame in source.decode(video=0)]
    return np.stack([frame.to_ndarray() for frame in frames]).astype(float)


def same(frames):
    yield from frames


@pytest.mark.parametrize(("height", "width"), [(48, 64), (41, 63)])
@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_size_number_rate_and_sound_stay(tmp_path, height, width, ending):
    source = write_clip(tmp_path / f"a{ending}", blocks(14, height, width), sound=True)
    clip, target = look_at_clip(source), tmp_path / f"b{ending}"
    seen = []
    assert not rewrite_clip(clip, target, same, lambda: seen.append(1))
    found = look_at_clip(target)
    assert (found.frames, found.height, found.width) == (14, height, width)
    assert float(found.rate) == pytest.approx(float(clip.rate), rel=1e-3)
    assert len(seen) == 14
    for (time, heard), (other_time, other) in zip(packets(source, "audio"), packets(target, "audio"), strict=True):
        assert heard == other
        assert float(time) == pytest.approx(float(other_time), abs=1e-3)
    for before, after in zip(read_frames(clip), read_frames(found), strict=True):
        for one, other in zip(before, after, strict=True):
            assert np.abs(one.astype(int) - other).mean() < 2.5
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".part"]


@pytest.mark.parametrize("colours", [None, (1, 1), (5, 1), (5, 2)], ids=["unsaid", "709", "601", "601 full"])
def test_colours_do_not_drift(tmp_path, colours):
    """What a player is told of them stays, and one way there and back moves their mean by half a level at most."""
    source = write_clip(tmp_path / "a.mp4", blocks(6, 64, 96), colours=colours)
    rewrite_clip(look_at_clip(source), tmp_path / "b.mp4", same)
    before, after = (colours_of(path) for path in (source, tmp_path / "b.mp4"))
    middles = (slice(None), slice(3, None, 8), slice(3, None, 8))
    assert np.abs((before - after)[middles].mean((0, 1, 2))).max() < 0.8
    assert np.abs((before - blocks(6, 64, 96))[middles].mean((0, 1, 2))).max() < 1
    if colours:
        with av.open(str(tmp_path / "b.mp4")) as found:
            assert found.streams.video[0].codec_context.color_range == colours[1]


@pytest.mark.parametrize(("codec", "stored"), [("ffv1", "bgr0"), ("libx264", "yuv420p10le"), ("libx264", "yuvj420p")])
def test_other_ways_to_store_colours(tmp_path, codec, stored):
    """Red, green and blue; 10 bits; the full range of a photo."""
    with av.open(str(tmp_path / "a.mkv"), "w") as target:
        video = target.add_stream(codec, rate=25)
        video.height, video.width, video.pix_fmt = 64, 96, stored
        for i, pixels in enumerate(blocks(4, 64, 96)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=stored)
            frame.pts = i
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
    rewrite_clip(look_at_clip(tmp_path / "a.mkv"), tmp_path / "b.mp4", same)
    before, after = (colours_of(tmp_path / name) for name in ("a.mkv", "b.mp4"))
    assert np.abs((before - after)[:, 3::8, 3::8].mean((0, 1, 2))).max() < 1.5
    assert np.abs((before - after)[:, 3::8, 3::8]).mean() < 6


def test_what_an_edit_list_hides_stays_hidden(tmp_path):
    """A phone trims a clip by saying which frames are not to be shown."""
    source = write_clip(tmp_path / "a.mp4", blocks(12, 32, 32))
    with av.open(str(source)) as old, av.open(str(tmp_path / "b.mp4"), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                packet.pts, packet.dts = packet.pts - 4004, packet.dts - 4004
                new.mux(packet)
    clip = look_at_clip(tmp_path / "b.mp4")
    rewrite_clip(clip, tmp_path / "c.mp4", same)
    assert look_at_clip(tmp_path / "c.mp4").frames == clip.frames == len(colours_of(tmp_path / "b.mp4"))


def test_frames_keep_their_times(tmp_path):
    """Phones film at a rate that wavers."""
    times = [0, 3, 4, 9, 10, 20, 21]
    source = write_clip(tmp_path / "a.mkv", blocks(7, 32, 32), times=times)
    rewrite_clip(look_at_clip(source), tmp_path / "b.mkv", same)
    one, other = ([float(time) for time, _ in packets(tmp_path / name, "video")] for name in ("a.mkv", "b.mkv"))
    assert sorted(one) == pytest.approx(sorted(other), abs=2e-3)
    assert sorted(one) == pytest.approx([time / float(NTSC) for time in times], abs=2e-3)


def test_grey_stays_grey_and_a_tag_to_turn_it_stays(tmp_path):
    clip = look_at_clip(write_clip(tmp_path / "a.mkv", blocks(4, 32, 48, 1), codec="ffv1"))
    assert clip.planes == "gray"
    rewrite_clip(clip, tmp_path / "b.mp4", same)
    after = colours_of(tmp_path / "b.mp4")
    assert np.ptp(after, axis=-1).max() <= 2
    assert np.abs(after - blocks(4, 32, 48, 1)).mean() < 2
    source = write_clip(tmp_path / "a.mp4", blocks(4, 32, 48))
    with av.open(str(source)) as old, av.open(str(tmp_path / "c.mp4"), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        stream.set_display_rotation(90)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    rewrite_clip(look_at_clip(tmp_path / "c.mp4"), tmp_path / "d.mp4", same)
    rotations = []
    for name in ("c.mp4", "d.mp4"):
        with av.open(str(tmp_path / name)) as found:
            rotations.append(next(found.decode(video=0)).rotation)
    assert rotations[0] == rotations[1] != 0


def test_sound_that_the_format_does_not_take_is_left_out_and_said(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as target:
        video, audio = target.add_stream("libx264", rate=25), target.add_stream("pcm_s16le", rate=8000)
        video.height = video.width = 32
        for i, pixels in enumerate(blocks(4, 32, 32)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = i
            target.mux(video.encode(frame))
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        heard.rate = 8000
        for stream, last in ((audio, heard), (audio, None), (video, None)):
            target.mux(stream.encode(last))
    assert look_at_clip(tmp_path / "a.mkv").sound
    silenced = rewrite_clip(look_at_clip(tmp_path / "a.mkv"), tmp_path / "b.mp4", same)
    assert silenced != look_at_clip(tmp_path / "b.mp4").sound
    assert not rewrite_clip(look_at_clip(tmp_path / "a.mkv"), tmp_path / "c.mkv", same)


def test_what_is_cut_off_is_found_before_and_while_it_is_read(tmp_path):
    """With its index at the front a file that is cut off opens, and says how many frames it should have."""
    frames = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    whole = write_clip(tmp_path / "a.mp4", frames, options={"movflags": "faststart"})
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[: 2 * whole.stat().st_size // 3])
    with pytest.raises(DataError, match=r"is cut off: 1. of 20 frames"):
        look_at_clip(tmp_path / "cut.mp4")
    with pytest.raises(DataError, match="19 of 20 frames"):
        rewrite_clip(look_at_clip(whole), tmp_path / "b.mp4", lambda frames: list(frames)[1:])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "cut.mp4"]


def test_windows_are_frames_that_follow_each_other(tmp_path):
    """Each frame is brighter than the one before, so a patch tells which frames it is of."""
    for name, count in (("a.mp4", 10), ("b/c.mp4", 6)):
        frames = np.zeros((count, 80, 96, 3), np.uint8) + 20 * np.arange(count, dtype=np.uint8)[:, None, None, None]
        write_clip(tmp_path / name, frames)
    found = cut_windows(tmp_path)
    assert found.schema.shape == (64, 64, 3)
    assert found.names == ["a.mp4"] * 3 * 4 + ["b/c.mp4"] * 2 * 4
    patches = found.source.read(0, found.n).astype(float)
    first = np.repeat([0, 3, 6, 0, 3], 4)
    for i in range(3):
        bright = 16 + 219 / 255 * 20 * (first + i)  # as it is stored, black being 16 and white 235
        np.testing.assert_allclose(patches[..., i].mean((1, 2)), bright, atol=1.5)


def test_clips_too_short_or_too_small_are_refused_or_passed_over(tmp_path):
    write_clip(tmp_path / "a.mp4", blocks(2, 64, 64))
    write_clip(tmp_path / "b.mp4", blocks(5, 64, 64))
    with pytest.raises(DataError, match=r"a.mp4: 2 frames; a window takes 3; pass over it with --skip-bad"):
        cut_windows(tmp_path)
    found = cut_windows(tmp_path, skip=True)
    assert (found.n, len(found.skipped)) == (1, 1)
