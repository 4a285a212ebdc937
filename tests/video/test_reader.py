"""Every kind of video file: the right pictures, or a sentence that says what is wrong."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from films import film, pictures, sound

from hit_trackers.errors import DatasetError, ImageError
from toolkit_adapters.datasets.videos import list_pictures
from toolkit_adapters.video.reader import VideoReader


def read(path):
    reader = VideoReader(path)
    return reader.facts, list(reader)


def test_pictures_and_times_are_those_of_the_file(tmp_path):
    path = film(tmp_path / "a.mp4", 20, rate=25, options={"crf": "1"})
    facts, found = read(path)
    assert (facts.width, facts.height, facts.rate, facts.frames) == (160, 120, 25, 20)
    assert [picture.time for picture in found] == [Fraction(i, 25) for i in range(20)]
    for picture, image in zip(found, pictures(20), strict=True):
        assert picture.image.dtype == np.uint8
        assert np.abs(picture.image.astype(int) - image).mean() < 4
    assert [p.image.tobytes() for p in found] == [p.image.tobytes() for p in VideoReader(path)]


@pytest.mark.parametrize("degrees", [90, -90, 180])
def test_a_turned_video_is_read_upright(tmp_path, degrees):
    facts, found = read(film(tmp_path / "a.mp4", 3, rotation=degrees))
    straight = next(pictures(1))
    expected = np.rot90(straight, degrees // 90)
    assert (facts.width, facts.height) == expected.shape[1::-1]
    assert np.abs(found[0].image.astype(int) - expected).mean() < 8
    assert found[0].image.flags.c_contiguous


@pytest.mark.parametrize(
    ("pixels", "codec", "note"),
    [
        ("yuv420p10le", "libx264", "10-bit"),
        ("gray16le", "ffv1", "16-bit"),
        ("gray", "ffv1", "grey"),
        ("yuv444p", "libx264", ""),
    ],
)
def test_unusual_pixels_are_read_and_noted(tmp_path, pixels, codec, note):
    facts, found = read(film(tmp_path / "a.mkv", 4, pixels=pixels, codec=codec))
    assert len(found) == 4
    assert found[0].image.shape == (120, 160, 3)
    assert note in " ".join(facts.notes)
    assert bool(facts.notes) == bool(note)
    first = next(pictures(1)).astype(int)
    assert np.abs(found[0].image.mean(axis=2) - first.mean(axis=2)).mean() < 20


def test_interlaced_pictures_are_deinterlaced_one_for_each_frame(tmp_path):
    """Odd rows lag behind by half a frame: as stored, vertical edges have teeth."""
    frames = list(pictures(40))
    woven = []
    for early, late in zip(frames[:-1:2], frames[1::2], strict=True):
        image = early.copy()
        image[1::2] = np.roll(late, 6, axis=1)[1::2]
        woven.append(image)
    path = film(tmp_path / "a.mp4", woven, options={"flags": "+ildct+ilme", "crf": "1"})
    facts, found = read(path)
    assert "interlaced" in facts.notes[0]
    assert len(found) == len(woven)

    def teeth(image):
        rows = image[62:78, :, 0].astype(int)
        return np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean()

    assert teeth(found[10].image) < 0.7 * teeth(woven[10])


def test_varying_rates_keep_their_times(tmp_path):
    times = [Fraction(i * i, 100) for i in range(12)]
    _, found = read(film(tmp_path / "a.mp4", 12, times=times, options={"bf": "0"}))
    assert [float(p.time) for p in found] == pytest.approx([float(t) for t in times], abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (161, 121)])
def test_odd_sizes(tmp_path, size):
    images = [np.full((size[1], size[0], 3), 40 * i, np.uint8) for i in range(3)]
    _, found = read(film(tmp_path / "a.mkv", images, codec="ffv1", pixels="bgr0", size=size))
    assert [p.image.tolist() for p in found] == [image.tolist() for image in images]


@pytest.mark.slow
def test_8k(tmp_path):
    images = [np.full((4320, 7680, 3), 40 * i, np.uint8) for i in range(2)]
    facts, found = read(film(tmp_path / "a.mp4", images, size=(7680, 4320)))
    assert (facts.width, facts.height) == (7680, 4320)
    assert [p.image.shape for p in found] == [(4320, 7680, 3)] * 2


def test_broken_files_are_refused_in_words(tmp_path):
    whole = film(tmp_path / "whole.mp4", 60).read_bytes()
    broken = {
        "empty.mp4": (b"", "it is empty"),
        "text.mp4": (b"hello\n" * 100, "cannot be read as a video"),
        "cut.mp4": (whole[: len(whole) // 2], "cut off"),
    }
    for name, (content, words) in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DatasetError, match=words) as error:
            VideoReader(tmp_path / name)
        assert str(tmp_path / name) in str(error.value)
    with pytest.raises(DatasetError, match="no such file"):
        VideoReader(tmp_path / "none.mp4")
    with pytest.raises(DatasetError, match=r"no pictures in it, only audio"):
        VideoReader(sound(tmp_path / "sound.m4a"))
    with pytest.raises(DatasetError, match=r"without a single picture|cannot be read as a video"):
        VideoReader(film(tmp_path / "none.mkv", []))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_file_that_was_cut_off_says_where(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (60, 120, 160, 3), np.uint8)
    front = {"movflags": "faststart"} if suffix == "mp4" else {}
    path = film(tmp_path / f"whole.{suffix}", noise, container=front)
    assert len(read(path)[1]) == 60
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError, match=r"picture \d+.* is missing or damaged") as error:
        read(path)
    assert "-frames:v" in str(error.value)


def test_sound_that_lasts_longer_than_the_pictures_is_no_damage(tmp_path):
    import av

    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        audio = output.add_stream("aac", rate=44_100)
        for image in pictures(10):
            output.mux(video.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(video.encode(None))
        for index in range(100):
            tone = np.zeros((1, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44_100, 1024 * index
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    facts, found = read(path)
    assert len(found) == 10
    assert facts.seconds == pytest.approx(0.4, abs=0.1)


def test_a_video_trimmed_by_an_edit_list_is_read_as_it_is_shown(tmp_path):
    path = film(tmp_path / "a.mp4", 100)
    content = bytearray(path.read_bytes())
    place = content.index(b"elst") + 12  # version, flags, number of entries; then the duration
    shown = int.from_bytes(content[place : place + 4], "big") // 2
    content[place : place + 4] = shown.to_bytes(4, "big")
    path.write_bytes(bytes(content))
    _, found = read(path)
    assert len(found) == 50
    assert len(list_pictures(path)) == 50


def test_pictures_that_change_their_size_are_refused(tmp_path):
    first = film(tmp_path / "a.ts", 10, format="mpegts").read_bytes()
    second = film(tmp_path / "b.ts", 10, format="mpegts", size=(96, 64)).read_bytes()
    (tmp_path / "both.ts").write_bytes(first + second)
    with pytest.raises(ImageError, match=r"picture \d+ is 96 x 64 pixels.*160 x 120"):
        read(tmp_path / "both.ts")


def test_colours_follow_the_matrix_of_the_file(tmp_path):
    import av

    image = np.full((64, 64, 3), (200, 40, 60), np.uint8)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.colorspace = 1
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        output.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace="ITU709")))
        output.mux(stream.encode(None))
    _, (picture,) = read(path)
    assert np.abs(picture.image.reshape(-1, 3).mean(axis=0) - (200, 40, 60)).max() < 3
