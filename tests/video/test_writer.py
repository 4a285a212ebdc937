"""What is written plays, is as long as its source, and is there only when it is whole."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from fractions import Fraction

import numpy as np
import pytest
from films import pictures

from hit_trackers.errors import RecordError
from toolkit_adapters.video.background import BackgroundWriter
from toolkit_adapters.video.reader import VideoReader
from toolkit_adapters.video.writer import VideoWriter


def write(path, images, error=None):
    """Write images; then raise an error, where one is given."""
    with VideoWriter(path, Fraction(30)) as writer:
        for image in images:
            writer.write(image)
        if error is not None:
            raise error


def test_the_name_belongs_to_a_whole_file(tmp_path):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, Fraction(30)) as writer:
        for image in pictures(8):
            writer.write(image)
            assert not path.exists()
    reader = VideoReader(path)
    assert (reader.facts.frames, reader.facts.rate) == (8, 30)
    assert np.abs(next(iter(reader)).image.astype(int) - next(pictures(1))).mean() < 6
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_after_an_error_the_earlier_file_stays(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"earlier")
    with pytest.raises(ZeroDivisionError):
        write(path, pictures(1), ZeroDivisionError())
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_file_plays_up_to_there(tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(KeyboardInterrupt):
        write(path, pictures(5), KeyboardInterrupt())
    assert len(list(VideoReader(path))) == 5


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    left = tmp_path / ".a.mp4.99999.hit-trackers-partial"
    left.write_bytes(b"half")
    with VideoWriter(tmp_path / "a.mp4", Fraction(30)) as writer:
        writer.write(next(pictures(1)))
    assert not left.exists()


def test_odd_sizes_get_a_row_and_a_column_more(tmp_path):
    path = tmp_path / "a.mp4"
    image = next(pictures(1, (161, 121)))
    with VideoWriter(path, Fraction(30)) as writer:
        writer.write(image)
    (picture,) = VideoReader(path)
    assert picture.image.shape == (122, 162, 3)
    assert np.abs(picture.image[:121, :161].astype(int) - image).mean() < 8


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30000, 1001), Fraction(120)])
def test_rates_are_kept(tmp_path, rate):
    with VideoWriter(tmp_path / "a.mp4", rate) as writer:
        for image in pictures(24):
            writer.write(image)
    facts = VideoReader(tmp_path / "a.mp4").facts
    assert float(facts.rate) == pytest.approx(float(rate), rel=1e-3)


def test_varying_times_are_kept(tmp_path):
    times = [Fraction(i * i, 100) for i in range(10)]
    with VideoWriter(tmp_path / "a.mp4", Fraction(30)) as writer:
        for image, instant in zip(pictures(10), times, strict=True):
            writer.write(image, instant)
    found = [picture.time for picture in VideoReader(tmp_path / "a.mp4")]
    assert [float(t) for t in found] == pytest.approx([float(t) for t in times], abs=1e-4)


def test_names_and_places_that_cannot_be_are_refused(tmp_path):
    for name in ("a.avi", "a", "no/a.mp4"):
        with pytest.raises(RecordError, match=name):
            VideoWriter(tmp_path / name, Fraction(30))


def test_a_picture_of_another_size_is_refused(tmp_path):
    images = [next(pictures(1)), np.zeros((10, 20, 3), np.uint8)]
    with pytest.raises(RecordError, match=r"picture 1 is 20 x 10, expected 160 x 120"):
        write(tmp_path / "a.mp4", images)
    assert not list(tmp_path.iterdir())


class Slow:
    """Stands for a writer that waits until it is let go."""

    def __init__(self):
        self.go = threading.Event()
        self.written = []
        self.closed = self.gone = False

    def write(self, image, instant):
        self.go.wait(10)
        self.written.append(int(image[0]))

    def close(self):
        self.closed = True

    def discard(self):
        self.gone = True


def test_a_live_source_does_not_wait_for_the_writer():
    slow = Slow()
    background = BackgroundWriter(slow, live=True, depth=4)
    start = time.perf_counter()
    for number in range(50):
        background.put(lambda number=number: np.array([number]))
    assert time.perf_counter() - start < 5  # it would wait for ever
    slow.go.set()
    background.close()
    assert slow.closed
    assert len(slow.written) + background.dropped == 50
    assert 4 <= len(slow.written) <= 6
    assert slow.written == sorted(slow.written)


def test_a_file_is_written_whole():
    slow = Slow()
    slow.go.set()
    with BackgroundWriter(slow, depth=2) as background:
        for number in range(50):
            background.put(lambda number=number: np.array([number]))
    assert slow.written == list(range(50))
    assert background.dropped == 0


def test_an_error_while_drawing_is_told_and_leaves_no_file():
    slow = Slow()
    slow.go.set()
    background = BackgroundWriter(slow)
    background.put(lambda: 1 / 0)
    patient_until = time.perf_counter() + 10
    while background.error is None and time.perf_counter() < patient_until:
        time.sleep(0.01)
    with pytest.raises(ZeroDivisionError):
        background.put(lambda: np.array([0]))
    with pytest.raises(ZeroDivisionError):
        background.close()
    assert slow.gone
    assert not slow.closed


@pytest.mark.slow
def test_it_plays_in_a_browser(tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("chromium and chromedriver are not installed")
    with VideoWriter(tmp_path / "a.mp4", Fraction(25)) as writer:
        for index in range(50):
            colour = (250, 20, 20) if index < 25 else (20, 20, 250)
            writer.write(np.full((120, 160, 3), colour, np.uint8))
    (tmp_path / "page.html").write_text(
        "<body style='margin:0'><video id=v muted src=a.mp4 width=160 height=120></video>"
    )
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
            options.add_argument(f"--{flag}")
        options.add_argument(f"--user-data-dir={profile}")
        options.add_argument("--autoplay-policy=no-user-gesture-required")
        browser = webdriver.Chrome(options=options, service=Service(driver))
        try:
            browser.set_script_timeout(60)
            browser.get((tmp_path / "page.html").as_uri())
            seen = browser.execute_async_script(
                """
                const done = arguments[0], v = document.getElementById("v");
                v.onerror = () => done([v.error.code, v.error.message]);
                v.onended = () => done([v.currentTime, v.duration, v.videoWidth]);
                v.play();"""
            )
            assert seen[0] == pytest.approx(2.0, abs=0.1)
            assert seen[1:] == [pytest.approx(2.0, abs=0.1), 160]
            shot = browser.get_screenshot_as_png()
        finally:
            browser.quit()
    import cv2

    blue, _, red = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)[60, 80]
    assert blue > 200
    assert red < 60
