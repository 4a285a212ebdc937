"""`hit-trackers track`: boxes are those of a run, files are whole, and words say what was done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_family import FAMILY
from fake_tracker import FakeTracker
from films import film, pictures

import toolkit_adapters as harness
from hit_trackers.errors import BoxError, DatasetError
from toolkit_adapters.cli import main
from toolkit_adapters.video.reader import VideoReader

BOX = "50,60,24,20"


def track(*words, trackers=("fake",)):
    names = [word for name in trackers for word in ("--tracker", name)]
    return main(["track", *map(str, words), *names])


def boxes_in(path):
    return np.loadtxt(path, delimiter=",", ndmin=2)


@pytest.fixture
def clip(tmp_path):
    return film(tmp_path / "clip.mp4", 24, size=(161, 121), pixels="yuv444p")


def test_boxes_are_those_of_a_run_on_the_same_pictures(clip, tmp_path, capsys):
    saved = tmp_path / "boxes.txt"
    assert track(clip, "--box", BOX, "--save", saved, "--precise") == 0
    assert "24 pictures" in capsys.readouterr().out
    folder = tmp_path / "frames"
    folder.mkdir()
    for index, picture in enumerate(VideoReader(clip)):
        cv2.imwrite(str(folder / f"{index:05d}.png"), picture.image[:, :, ::-1])
    (folder / "groundtruth.txt").write_text(BOX)
    command = ["run", "--dataset", "folder", "--root", str(folder), "--tracker", "fake"]
    assert main([*command, "--results", str(tmp_path / "results"), "--no-memory"]) == 0
    record = harness.open_results(tmp_path / "results").record("fake", "folder", "frames")
    assert np.array_equal(boxes_in(saved), record.boxes)
    assert len(np.unique(record.boxes, axis=0)) == 24


def test_the_video_has_the_pictures_rate_and_boxes_of_its_source(clip, tmp_path):
    out = tmp_path / "out.mp4"
    assert track(clip, "--box", BOX, "--out", out) == 0
    source, drawn = VideoReader(clip), VideoReader(out)
    assert drawn.facts.frames == 24
    assert drawn.facts.rate == source.facts.rate
    before, after = next(iter(source)).image, next(iter(drawn)).image
    assert after.shape == (122, 162, 3)
    change = np.abs(after[:121, :161].astype(int) - before).max(axis=2) > 60
    assert change[60:80, 48:52].mean() > 0.3  # the left edge of the box
    assert change[90:, 90:].mean() < 0.01  # and nothing elsewhere


def test_a_video_beside_its_boxes_needs_no_option(clip, tmp_path):
    rows = [f"{50 + i}\t60\t24\t20" for i in range(24)]
    clip.with_suffix(".txt").write_text("\n".join(rows))
    assert track(clip, "--save", tmp_path / "b.txt") == 0
    assert boxes_in(tmp_path / "b.txt")[0].tolist() == [50, 60, 24, 20]


def test_several_trackers_their_files_and_where_they_part(clip, tmp_path, capsys):
    words = ["--box", BOX, "--save", tmp_path / "b.txt", "--out", tmp_path / "o.mp4"]
    assert track(clip, *words, trackers=("fake", "fake_exact")) == 0
    assert "fake_exact: every box is that of fake, bit for bit" in capsys.readouterr().out
    assert np.array_equal(
        boxes_in(tmp_path / "b.fake.txt"), boxes_in(tmp_path / "b.fake_exact.txt")
    )
    FAMILY.make = lambda name: FakeTracker(name, drift=0.25 if "exact" in name else 0)
    assert track(clip, *words, "--side-by-side", trackers=("fake", "fake_exact")) == 0
    found = capsys.readouterr().out
    assert "parts from fake at frame 1, at most 5.75 px apart, at frame 23" in found
    facts = VideoReader(tmp_path / "o.mp4").facts
    assert facts.width == 2 * 161
    assert facts.height > 121 + 40  # the strip below


def test_records_of_a_video_are_verified_and_reported(clip, tmp_path, capsys):
    results = tmp_path / "results"
    words = [clip, "--box", BOX, "--results", results, "--out", tmp_path / "o.mp4"]
    assert track(*words, trackers=("fake", "fake_exact")) == 0
    assert main(["verify", str(results)]) == 0
    assert main(["report", str(results), "--out", str(tmp_path / "report")]) == 0
    assert main(["doctor", str(results)]) == 0
    assert track(*words, trackers=("fake", "fake_exact")) == 0  # resumed
    capsys.readouterr()
    record = harness.open_results(results).record("fake", "folder", "clip")
    assert track(clip, "--box", BOX, "--save", tmp_path / "b.txt", "--precise") == 0
    assert np.array_equal(boxes_in(tmp_path / "b.txt"), record.boxes)
    assert VideoReader(tmp_path / "o.mp4").facts.frames == 24
    film(clip, pictures(24), size=(160, 120), options={"crf": "40"})
    assert track(*words, trackers=("fake", "fake_exact")) == 1
    assert "is not the one that was tracked" in capsys.readouterr().err


def test_sequences_of_datasets_start_from_their_own_boxes(tmp_path, capsys):
    root = tmp_path / "got"
    folder = root / "val" / "walk"
    folder.mkdir(parents=True)
    for index, image in enumerate(pictures(6), start=1):
        cv2.imwrite(str(folder / f"{index:08d}.png"), image)
    (folder / "groundtruth.txt").write_text("50,60,24,20\n" * 6)
    (root / "val" / "list.txt").write_text("walk\n")
    where = ["got10k-val/walk", "--root", f"got10k={root}"]
    assert track(*where, "--save", tmp_path / "b.txt", "--results", tmp_path / "r") == 0
    assert boxes_in(tmp_path / "b.txt").shape == (6, 4)
    assert (tmp_path / "r/fake/got10k-val/walk.npz").is_file()
    assert track(*where, "--box", BOX, "--results", tmp_path / "r") == 1
    assert "start from its own boxes" in capsys.readouterr().err
    assert track("got10k-val/run", "--root", f"got10k={root}") == 1
    assert "has no sequence 'run'; it has 1, such as walk" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.mp4", "--box", BOX], "nothing of this name"),
        (["{clip}"], "no box to start from"),
        (["{clip}", "--box", "500,500,9,9"], "lies outside its image"),
        (["{clip}", "--box", BOX, "--out", "{tmp}/o.avi"], "expected a name in .mp4"),
        (["{clip}", "--box", BOX, "--out", "{tmp}/no/o.mp4"], "expected a file in a folder"),
        (["{clip}", "--box", BOX, "--out", "{clip}"], "that is the source"),
        (["{clip}", "--select"], "there is no screen"),
        (["{clip}", "--box", BOX, "--show"], "there is no screen"),
        (["{tmp}/*.gif", "--box", BOX], "no image has such a name"),
        (["{tmp}", "--box", BOX, "--boxes-missing"], ""),
        (["0", "--box", BOX, "--results", "{tmp}/r"], "can be read again"),
    ],
)
def test_what_cannot_be_done_is_said(words, message, clip, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    words = [word.format(clip=clip, tmp=tmp_path) for word in words]
    if not message:
        with pytest.raises(SystemExit):
            track(*words)
        return
    assert track(*words) == 1
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4"]


def test_a_video_that_breaks_leaves_no_output(clip, tmp_path, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (40, 120, 160, 3), np.uint8)
    film(clip, noise, container={"movflags": "faststart"})
    clip.write_bytes(clip.read_bytes()[:-50_000])
    saved, out = tmp_path / "b.txt", tmp_path / "o.mp4"
    assert track(clip, "--box", BOX, "--out", out, "--save", saved) == 1
    assert "is missing or damaged" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_picture_of_one_pixel_is_tracked_or_refused_in_words(tmp_path, capsys):
    path = film(tmp_path / "dot.mkv", [np.zeros((1, 1, 3), np.uint8)] * 3, codec="ffv1",
                pixels="bgr0", size=(1, 1))  # fmt: skip
    assert track(path, "--box", "0,0,1,1", "--out", tmp_path / "o.mp4") == 0
    assert VideoReader(tmp_path / "o.mp4").facts.frames == 3
    assert track(path, "--box", "0,0,9,9") == 1
    assert "larger than twice its image" in capsys.readouterr().err


def test_images_by_folder_and_pattern(tmp_path):
    for index, image in enumerate(pictures(12)):
        cv2.imwrite(str(tmp_path / f"frame-{index}.png"), image)
    (tmp_path / "note.txt").write_text("no image")
    for number, source in enumerate((tmp_path, tmp_path / "frame-*.png")):
        saved = tmp_path / f"b{number}.txt"
        assert track(source, "--box", BOX, "--save", saved, "--fps", "10") == 0
        assert len(boxes_in(saved)) == 12
    assert (tmp_path / "b0.txt").read_text() == (tmp_path / "b1.txt").read_text()


def test_a_camera_whose_pictures_come_too_quickly(tmp_path, capsys):
    """A pipe stands for the camera; the tracker takes far longer than a picture lasts."""
    FAMILY.make = lambda name: FakeTracker(name, pause=0.05)
    content = film(tmp_path / "a.ts", 60, format="mpegts").read_bytes()
    os.mkfifo(tmp_path / "camera")
    feeder = threading.Thread(target=lambda: (tmp_path / "camera").write_bytes(content))
    feeder.start()
    words = ["--box", BOX, "--out", tmp_path / "o.mp4", "--save", tmp_path / "b.txt"]
    assert track(tmp_path / "camera", *words) == 0
    feeder.join()
    rows = len(boxes_in(tmp_path / "b.txt"))
    assert rows < 60
    found = capsys.readouterr().out
    assert f"{60 - rows} pictures of the camera came too quickly" in found
    assert VideoReader(tmp_path / "o.mp4").facts.frames == rows


@pytest.mark.slow
def test_ctrl_c_closes_the_file_so_that_it_plays(tmp_path):
    long = film(tmp_path / "long.mp4", 400)
    command = [sys.executable, "-m", "toolkit_adapters", "track", str(long), "--box", BOX]
    command += ["--tracker", "hit_nano", "--threads", "1"]
    command += ["--out", str(tmp_path / "o.mp4"), "--save", str(tmp_path / "b.txt")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    patient_until = time.time() + 60
    while not list(tmp_path.glob(".o.mp4*")) and time.time() < patient_until:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "wrote" in out
    rows = len(boxes_in(tmp_path / "b.txt"))
    assert 0 < rows < 400
    assert len(list(VideoReader(tmp_path / "o.mp4"))) == rows


def test_the_same_in_python(clip, tmp_path):
    assert track(clip, "--box", BOX, "--save", tmp_path / "b.txt", "--precise") == 0
    frames = list(harness.track(clip, "fake", (50, 60, 24, 20)))
    assert np.array_equal([frame.box for frame in frames], boxes_in(tmp_path / "b.txt"))
    images = [picture.image for picture in VideoReader(clip)]
    assert all(np.array_equal(a.image, b) for a, b in zip(frames, images, strict=True))
    assert np.isnan(frames[0].score)
    assert frames[1].score == 0.5
    again = list(harness.track(iter(images), "fake", [50, 60, 24, 20]))
    assert np.array_equal([frame.box for frame in again], [frame.box for frame in frames])
    with pytest.raises(BoxError, match="no box to start from"):
        next(harness.track(clip, "fake"))
    with pytest.raises(DatasetError, match="nothing of this name"):
        next(harness.track(Path("none.mp4"), "fake", BOX))
