"""A live source: the newest picture, drops counted, no falling behind."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from films import film

from hit_trackers.errors import DatasetError
from toolkit_adapters.video import camera as module
from toolkit_adapters.video.camera import Camera, is_live


def numbered(count, pause=0.0, size=(4, 4)):
    """Images whose value is their number."""
    for number in range(count):
        time.sleep(pause)
        yield np.full((*size, 3), number % 256, np.uint8)


def test_what_is_live(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file.mp4").write_bytes(b"")
    live = ["0", "12", "/dev/video0", "rtsp://host/stream", "https://host/a.m3u8"]
    assert all(map(is_live, [*live, str(tmp_path / "pipe")]))
    others = ["clip.mp4", "demo/ball-1", "frames/*.jpg", str(tmp_path / "file.mp4"), "/dev/null"]
    assert not any(map(is_live, others))


def test_a_slow_reader_gets_the_newest_and_the_others_are_counted():
    pace = 0.005
    with Camera("test", lambda: numbered(120, pace)) as camera:
        ages, seen = [], []
        for picture in camera:
            ages.append(camera.age(picture))
            seen.append(int(picture.image[0, 0, 0]))
            time.sleep(8 * pace)
    assert seen == sorted(set(seen))
    assert camera.arrived == 120
    assert camera.dropped == 120 - len(seen)
    assert camera.dropped > 60
    # A queue would make each picture older than the one before: half a second at the end.
    assert np.median(ages[-5:]) < 0.2


def test_a_quick_reader_misses_nothing():
    with Camera("test", lambda: numbered(20, 0.02)) as camera:
        assert [int(p.image[0, 0, 0]) for p in camera] == list(range(20))
    assert camera.dropped == 0


def test_errors_of_a_source_are_told():
    def broken():
        yield from numbered(1)
        raise OSError("unplugged")

    with Camera("usb camera", broken) as camera, pytest.raises(DatasetError, match="unplugged"):
        list(camera)


def test_a_source_that_gives_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    silence = threading.Event()

    def silent():
        silence.wait(20)
        yield from ()

    with Camera("dead", silent) as camera, pytest.raises(DatasetError, match="no picture for"):
        list(camera)
    silence.set()


def test_whoever_waits_can_be_told_to_stop():
    silence = threading.Event()

    def silent():
        silence.wait(20)
        yield from ()

    with Camera("silent", silent) as camera:
        start = time.perf_counter()
        camera.should_stop = lambda: time.perf_counter() - start > 0.2
        assert list(camera) == []
    silence.set()


def test_a_pipe_is_a_camera(tmp_path):
    content = film(tmp_path / "a.ts", 30, format="mpegts").read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    feeder = threading.Thread(target=lambda: Path(pipe).write_bytes(content))
    feeder.start()
    with Camera(str(pipe)) as camera:
        found = list(camera)
    feeder.join()
    assert camera.arrived == 30
    assert len(found) + camera.dropped == 30
    assert found[-1].image.shape == (120, 160, 3)


def test_no_such_camera():
    with Camera("97") as camera, pytest.raises(DatasetError, match="no such camera"):
        list(camera)
    with (
        Camera("rtsp://127.0.0.1:9/none") as camera,
        pytest.raises(DatasetError, match="cannot be opened"),
    ):
        list(camera)
