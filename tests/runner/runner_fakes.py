"""A quick tracker with the real interface, and tiny datasets on disk."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hit_trackers import zoo
from hit_trackers.hit.tracker import Prediction
from toolkit_adapters.records import open_results

FRAMES = 14
SIZE = (48, 64)


class FakeTracker:
    """Follows the mean colour: its boxes depend on every decoded pixel and on its own history."""

    def __init__(self, name: str, drift: float = 0.0, pause: float = 0.0) -> None:
        self.spec = zoo.parse(name)
        self.name = self.spec.name
        self.weights_sha256 = "w" * 64
        self.device = "cpu"
        self.network_seconds = 0.001
        self.device_seconds = float("nan")
        self.search_patch: np.ndarray | None = None
        self.drift = drift
        self.pause = pause

    def init(self, image: np.ndarray, box: np.ndarray) -> None:
        self.box = np.array(box, dtype=np.float64)

    def update(self, image: np.ndarray) -> Prediction:
        time.sleep(self.pause)
        step = image.mean(axis=(0, 1)) / 255 + self.drift
        self.box = self.box + np.array([step[0], step[1], step[2], 0])
        self.search_patch = np.ascontiguousarray(image[:32, :32])
        return Prediction(self.box.copy(), 0.5)

    def predict(self, patch: np.ndarray) -> np.ndarray:
        return np.array([patch.mean() / 255 + self.drift, 0.5, 0.2, 0.2], np.float32)


def fake_loader(
    log: list[str] | None = None, make: Callable[[str], FakeTracker] | None = None
) -> Callable[..., FakeTracker]:
    """Stands in for `load_tracker`: lossy variants drift, the others are equal."""

    def load(name: str, checkpoint=None, device="cpu", *, deterministic=False) -> FakeTracker:
        if log is not None:
            log.append(name)
        if make is not None:
            return make(name)
        return FakeTracker(name, drift=0.01 if zoo.parse(name).claim == "lossy" else 0.0)

    return load


def write_images(folder: Path, seed: int, count: int = FRAMES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        image = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:08d}.jpg"), image)


def write_got10k(root: Path, names: tuple[str, ...] = ("a", "b", "c")) -> Path:
    """A GOT-10k validation set of tiny sequences."""
    for seed, name in enumerate(names):
        write_images(root / "val" / name, seed)
        (root / "val" / name / "groundtruth.txt").write_text("10,10,8,8\n" * FRAMES)
    (root / "val" / "list.txt").write_text("\n".join(names) + "\n")
    return root


def fork_context() -> Any:
    """Of multiprocessing: forks have this process's imports, which take seconds to make again.

    A fork has OpenCV's queue of work, but not the threads that would do it: there must be none.
    """
    cv2.setNumThreads(1)
    return multiprocessing.get_context("fork")


def digests(folder: Path) -> dict[tuple[str, str], str]:
    """What must be equal after any interruption: all records, times aside."""
    results = open_results(folder)
    return {
        (tracker, name): results.record(tracker, "got10k-val", name).result_digest()
        for tracker in results.trackers
        for name in results.sequences(tracker, "got10k-val")
    }
