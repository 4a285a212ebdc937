"""The moments where trackers part, as videos: `play`, and the clips of the page."""

from __future__ import annotations

import re
import shutil

import cv2
import numpy as np
import pytest

import toolkit_adapters as harness
from toolkit_adapters.cli import main
from toolkit_adapters.records import open_results
from toolkit_adapters.reporting.moments import find_moments, states

pytest.importorskip("av", reason="PyAV (extra `video`) is not installed")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two folders of images, whose brightness the fake tracker follows."""
    root = tmp_path_factory.mktemp("data")
    for number, name in enumerate(("walk", "ride")):
        (root / name).mkdir()
        for index in range(80 if number else 70):
            image = np.full((120, 160, 3), 40 + index, np.uint8)
            image[40:80, 50 + index // 2 : 90 + index // 2] = (200, 90, 40)
            cv2.imwrite(str(root / name / f"{index:04d}.png"), image)
        (root / name / "groundtruth.txt").write_text("50,40,40,40\n")
    return root


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    from fake_family import FAMILY
    from fake_tracker import FakeTracker

    class Late(FakeTracker):
        """Leaves its baseline at the 31st frame, and comes back by a half after the 50th."""

        def init(self, image, box):
            super().init(image, box)
            self.count = 0

        def update(self, image):
            self.count += 1
            found = super().update(image)
            late = max(0, self.count - 30) if self.count < 50 else 10
            moved = found.box + (np.array([late, 0, 0, 0]) if self.name == "fake_bf16" else 0)
            return found._replace(box=moved)

    before, FAMILY.make = FAMILY.make, Late
    folder = tmp_path_factory.mktemp("results")
    try:
        harness.run(
            ["fake", "fake_exact", "fake_bf16"],
            ["folder"],
            folder,
            roots={"folder": data},
            memory=False,
            controls=1,
        )
    finally:
        FAMILY.make = before
    return folder


def lengths(folder):
    from toolkit_adapters.video.reader import VideoReader

    return {path.name: len(list(VideoReader(path))) for path in sorted(folder.glob("*.mp4"))}


def test_moments_are_found_in_the_records(results):
    moments = find_moments(open_results(results))
    assert [(m.tracker, m.sequence, m.first, m.worst) for m in moments] == [
        ("fake_bf16", "ride", 31, 49),
        ("fake_bf16", "walk", 31, 49),
    ]
    assert [m.largest for m in moments] == pytest.approx([19, 19])
    assert moments[0].frames("divergent", 80) == range(16, 76)
    assert moments[0].frames("worst", 80) == range(34, 80)
    assert moments[0].frames("all", 80) == range(80)


def test_states_of_an_excerpt_know_what_came_before(results, data):
    opened = open_results(results)
    from toolkit_adapters.datasets.folder import Folder

    sequence = Folder(data).load("ride")
    pair = {"fake": "fake", "fake_bf16": "fake"}
    found = list(states(opened, "folder", sequence, pair, range(60, 64)))
    assert [state.step.index for state in found] == [60, 61, 62, 63]
    parting = found[0].furthest
    assert (parting.parted.index, parting.worst.index, round(parting.largest, 9)) == (31, 49, 19)
    for step in (parting.parted, parting.worst, found[0].step):
        assert step.image.shape == (120, 160, 3)  # those that are drawn were decoded


def test_play_writes_the_moments(results, tmp_path, capsys):
    assert main(["play", str(results), "--out", str(tmp_path / "a")]) == 0
    assert lengths(tmp_path / "a") == {
        "folder-ride-fake_bf16.mp4": 60,
        "folder-walk-fake_bf16.mp4": 54,
    }
    file = tmp_path / "one.mp4"
    words = ["--where", "worst", "--sequence", "walk", "--side-by-side", "--out", str(file)]
    assert main(["play", str(results), *words]) == 0
    assert lengths(tmp_path) == {"one.mp4": 36}
    words = ["--where", "all", "--tracker", "fake", "--out", str(tmp_path / "all")]
    assert main(["play", str(results), *words]) == 0
    assert list(lengths(tmp_path / "all").values()) == [80, 70]
    assert main(["play", str(results), "--tracker", "fake_exact"]) == 0
    assert "nothing differs, bit for bit" in capsys.readouterr().out
    assert main(["play", str(results), "--sequence", "run"]) == 1
    assert "no records of sequence run; there are ride, walk" in capsys.readouterr().err


def test_play_without_the_frames_says_where_to_look(results, data, tmp_path, capsys):
    moved = data.with_name("moved")
    data.rename(moved)
    try:
        assert main(["play", str(results), "--out", str(tmp_path)]) == 1
        assert "--root folder=DIR says where" in capsys.readouterr().err
        words = ["--root", f"folder={moved}", "--out", str(tmp_path)]
        assert main(["play", str(results), *words]) == 0
    finally:
        moved.rename(data)


@pytest.fixture(scope="module")
def report(results, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    harness.report(results, out)
    return out


def test_the_page_has_small_clips_with_the_strip_beside(report):
    page = (report / "report.html").read_text(encoding="utf-8")
    clips = re.findall(r'<video src="data:video/mp4;base64,([^"]*)" poster="data:image/jpeg', page)
    assert len(clips) == 2
    assert sum(map(len, clips)) < 2_000_000
    assert len(re.findall(r'<video [^>]*aria-label="[^"]{40,}"', page)) == 2
    assert "frames_fake_bf16" in (report / "report.md").read_text(encoding="utf-8")
    assert len(lengths(report / "figures")) == 2


def test_without_pyav_there_are_strips_alone(results, monkeypatch):
    from toolkit_adapters.reporting import clips
    from toolkit_adapters.reporting.collect import collect

    def missing(*_, **__):
        raise clips.MissingDependencyError("no av")

    monkeypatch.setattr(clips, "VideoWriter", missing)
    assert clips.build_clips(collect(open_results(results))) == []


@pytest.mark.slow
def test_clips_play_in_the_page(report, tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    flags = ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage")
    for flag in (*flags, f"user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options=options, service=Service(driver))
    try:
        browser.set_script_timeout(60)
        browser.get((report / "report.html").as_uri())
        seen = browser.execute_async_script(
            """
            const done = arguments[0], v = document.querySelector("video");
            v.onerror = () => done(v.error.message);
            v.loop = false;
            v.onended = () => done(v.currentTime);
            v.play();"""
        )
        assert isinstance(seen, float), seen
        assert seen > 1
        narrow = {"width": 420, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 420
        # On paper the strips stand for them.
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        script = "return getComputedStyle(document.querySelector('figure.clip')).display"
        assert browser.execute_script(script) == "none"
    finally:
        browser.quit()
