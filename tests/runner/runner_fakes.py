"""Tiny datasets on disk, and forks."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from toolkit_adapters.records import open_results

FRAMES = 14
SIZE = (48, 64)


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
