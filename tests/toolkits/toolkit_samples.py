"""Trackers whose answers are known, for the tests of the toolkits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from hit_trackers.protocol import Prediction
from hit_trackers.variants import Claim, Variant

FRAMES = 12
SIZE = (160, 120)


class DriftingTracker:
    """Answers the first box moved by (1.25, 0.5) a frame; fails on request.

    Args:
        nan_at: answer NaN at this update (1 is the frame after the first) of every sequence.
        crash_at: raise there.
        only: fail in the n-th sequence only.
    """

    def __init__(
        self,
        name: str = "drifting",
        nan_at: int | None = None,
        crash_at: int | None = None,
        only: int | None = None,
        error: type[BaseException] = RuntimeError,
    ) -> None:
        self.name = name
        identity = {"weights_sha256": "f" * 64}
        self.variant = Variant(name, "drifting", name, Claim.BASELINE, {}, identity)
        self.nan_at, self.crash_at, self.only, self.error = nan_at, crash_at, only, error
        self.sequences = self.updates = self.total = 0

    def init(self, image: np.ndarray, box: np.ndarray) -> None:
        assert image.dtype == np.uint8
        assert image.shape[2] == 3
        self.box = box
        self.sequences += 1
        self.updates = 0

    def update(self, image: np.ndarray) -> Prediction:
        assert image.flags.c_contiguous
        self.updates += 1
        self.total += 1
        if self.only in (None, self.sequences):
            if self.updates == self.crash_at:
                raise self.error("out of luck")
            if self.updates == self.nan_at:
                return Prediction(np.full(4, np.nan), 0.5)
        # In place: an adapter that passes the toolkit's annotation on would have it changed.
        self.box += [1.25, 0.5, 0, 0]
        return Prediction(self.box, 0.75)


def truth(seed: int) -> np.ndarray:
    """float64 (FRAMES, 4), within the image."""
    start = np.array([20.5, 15.25, 30, 24]) + seed
    boxes = start + np.arange(FRAMES)[:, None] * [1.5, 0.75, 0, 0]
    return np.round(boxes, 4)


def write_frames(folder: Path, pattern: str, first: int, seed: int) -> None:
    folder.mkdir(parents=True)
    noise = np.random.default_rng(seed).integers(0, 90, (*SIZE[::-1], 3)).astype(np.uint8)
    for index, box in enumerate(truth(seed)):
        image = noise.copy()
        x, y, w, h = (int(value) for value in box)
        image[y : y + h, x : x + w] = (40, 200, 250)
        cv2.imwrite(str(folder / (pattern % (first + index))), image)


def write_boxes(path: Path, boxes: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, boxes, "%.4f", ",")


def make_got10k(root: Path, split: str = "val") -> Path:
    names = [f"GOT-10k_{split.title()}_{number:06d}" for number in (1, 2)]
    for seed, name in enumerate(names):
        folder = root / split / name
        write_frames(folder, "%08d.jpg", 1, seed)
        write_boxes(folder / "groundtruth.txt", truth(seed)[: None if split == "val" else 1])
        if split == "val":
            cover = np.full(FRAMES, 8)
            cover[5] = 0
            np.savetxt(folder / "cover.label", cover, "%d")
            np.savetxt(folder / "absence.label", cover == 0, "%d")
            np.savetxt(folder / "cut_by_image.label", cover < 0, "%d")
            (folder / "meta_info.ini").write_text(
                f"[METAINFO]\nurl: https://example.org/v?a=b\nresolution: {SIZE}\n"
            )
    (root / split / "list.txt").write_text("\n".join(names) + "\n")
    return root


def make_lasot(root: Path) -> Path:
    for seed, name in enumerate(("airplane-1", "airplane-9")):
        folder = root / "airplane" / name
        write_frames(folder / "img", "%08d.jpg", 1, seed)
        write_boxes(folder / "groundtruth.txt", truth(seed))
        absent = np.zeros(FRAMES, int)
        absent[6:8] = seed
        (folder / "full_occlusion.txt").write_text(",".join(map(str, absent)) + "\n")
        (folder / "out_of_view.txt").write_text(",".join("0" * FRAMES) + "\n")
    return root


def make_trackingnet(root: Path, *, with_truth: bool = True) -> Path:
    for seed, name in enumerate(("-DaB_0", "zz_1")):
        write_frames(root / "TEST" / "frames" / name, "%d.jpg", 0, seed)
        write_boxes(root / "TEST" / "anno" / f"{name}.txt", truth(seed)[:1])
        if with_truth:
            write_boxes(root / "truth" / f"{name}.txt", truth(seed))
    return root
