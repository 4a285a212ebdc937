"""What tests of real families are given: a clip to follow, and an engine that knows its answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def smooth_clip(count: int) -> list[np.ndarray]:
    """Frames, RGB uint8 (150, 200, 3), in which everything drifts."""
    y, x = np.mgrid[0:150, 0:200] / 20.0
    frames = []
    for shift in np.arange(count) * 0.4:
        waves = [np.sin(x + shift + c) * np.cos(1.3 * y - shift * c) for c in range(3)]
        frames.append(np.uint8(np.round(127.5 + 120 * np.stack(waves, axis=-1))))
    return frames


def track(
    tracker: Any, clip: list[np.ndarray], box: Sequence[float]
) -> tuple[np.ndarray, list[Any]]:
    """Boxes (N - 1, 4) and decisions of the frames after the first."""
    tracker.init(clip[0], box)
    found = [(tracker.update(frame).box, tracker.decisions) for frame in clip[1:]]
    return np.array([box for box, _ in found]), [decisions for _, decisions in found]


class ScoredEngine:
    """Answers every frame with the same numbers and then a score, and keeps what it is given."""

    network_seconds = device_seconds = float("nan")
    patch_buffer = None
    weights_bytes = 0

    def __init__(self, answer: Sequence[float], scores: Iterable[float]) -> None:
        self.answer = answer
        self.scores = iter(scores)
        self.held: list[np.ndarray] = []

    def set_template(self, patch: np.ndarray) -> None:
        self.held.append(patch)

    def run(self, patch: np.ndarray) -> np.ndarray:
        return np.array([*self.answer, next(self.scores)], np.float32)
