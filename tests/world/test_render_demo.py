"""The demo: same pixels every time, and exactly the official layouts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from toolkit_adapters.world import render_demo
from toolkit_adapters.world.demo import CLIPS, cover_label, scene_of


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    render_demo(root, progress=False)
    return root


def _rows(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", ndmin=2)


def test_at_least_eight_sequences_and_600_frames(demo: Path) -> None:
    assert len(CLIPS) >= 8
    assert sum(clip.frames for clip in CLIPS) >= 600
    assert len(list(demo.rglob("*.jpg"))) == sum(clip.frames for clip in CLIPS)
    assert len({(clip.width, clip.height) for clip in CLIPS}) >= 3


def test_frames_come_again_bit_for_bit() -> None:
    clip = CLIPS[1]
    once, again = (scene_of(clip).render(40.0, compress=False) for _ in range(2))
    assert hashlib.sha256(once.image).digest() == hashlib.sha256(again.image).digest()
    np.testing.assert_array_equal(once.box, again.box)


def test_lasot_layout(demo: Path) -> None:
    names = (demo / "lasot" / "testing_set.txt").read_text().split()
    absent = 0
    for name in names:
        folder = demo / "lasot" / name.rsplit("-", 1)[0] / name
        frames = sorted(path.name for path in (folder / "img").iterdir())
        assert frames == [f"{k:08d}.jpg" for k in range(1, len(frames) + 1)]
        truth = _rows(folder / "groundtruth.txt")
        assert truth.shape == (len(frames), 4)
        assert (truth == np.round(truth)).all()
        hidden = _rows(folder / "full_occlusion.txt").ravel()
        out = _rows(folder / "out_of_view.txt").ravel()
        assert hidden.shape == out.shape == (len(frames),)
        gone = (hidden + out) > 0
        assert not gone[0]
        assert (truth[~gone, 2:] > 0).all()
        absent += int(gone.sum())
        assert (folder / "nlp.txt").read_text().strip()
    assert absent > 0


def test_lasot_has_both_kinds_of_absence(demo: Path) -> None:
    for name in ("full_occlusion.txt", "out_of_view.txt"):
        assert any(_rows(path).any() for path in (demo / "lasot").rglob(name)), name


def test_trackingnet_layout_hides_its_truth(demo: Path) -> None:
    root = demo / "trackingnet" / "TEST"
    for anno in sorted((root / "anno").iterdir()):
        frames = {path.name for path in (root / "frames" / anno.stem).iterdir()}
        assert frames == {f"{k}.jpg" for k in range(len(frames))}
        first, full = _rows(anno), _rows(demo / "trackingnet_truth" / anno.name)
        assert first.shape == (1, 4)
        assert full.shape == (len(frames), 4)
        np.testing.assert_array_equal(first[0], full[0])


def test_got10k_layout(demo: Path) -> None:
    root = demo / "got10k" / "val"
    names = (root / "list.txt").read_text().split()
    assert names == sorted(path.name for path in root.iterdir() if path.is_dir())
    lowest = 8
    for name in names:
        frames = sorted((root / name).glob("*.jpg"))
        assert [path.name for path in frames] == [f"{k:08d}.jpg" for k in range(1, len(frames) + 1)]
        assert _rows(root / name / "groundtruth.txt").shape == (len(frames), 4)
        cover, absence, cut = (
            _rows(root / name / f"{label}.label").ravel()
            for label in ("cover", "absence", "cut_by_image")
        )
        assert cover.shape == absence.shape == cut.shape == (len(frames),)
        np.testing.assert_array_equal(absence == 1, cover == 0)
        assert cover[0] == 8
        lowest = min(lowest, int(cover.min()))
        height, width = cv2.imread(str(frames[0])).shape[:2]
        assert f"resolution = ({width}, {height})" in (root / name / "meta_info.ini").read_text()
    assert lowest == 0


@pytest.mark.parametrize(
    ("visible", "label"), [(0.0, 0), (0.1, 1), (0.15, 1), (0.5, 4), (0.9, 6), (0.95, 7), (1.0, 8)]
)
def test_cover_labels(visible: float, label: int) -> None:
    assert cover_label(visible) == label
