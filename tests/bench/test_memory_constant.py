"""A long sequence costs no more memory than a short one, but for its columns of numbers."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from hit_trackers.protocol import Prediction
from hit_trackers.variants import Claim, Variant
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.running.passes import run_sequence

IDLE = Variant("idle", "idle", "idle", Claim.BASELINE)
BOX = np.array([[10.0, 10.0, 30.0, 20.0]])
SHAPE = (240, 320, 3)


def peak(path: Path, frames: int) -> int:
    tracker = SimpleNamespace(
        init=lambda image, box: None,
        update=lambda image: Prediction(BOX[0], 1.0),
        variant=IDLE,
    )
    sequence = Sequence("s", "test", (path,) * frames, Truth(BOX))
    tracemalloc.start()
    try:
        outcome = run_sequence([Entrant(tracker, IDLE)], sequence, open_loop=0)
        assert len(outcome.records["idle"].boxes) == frames
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_sequence(tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    cv2.imwrite(str(path), np.zeros(SHAPE, np.uint8))
    peak(path, 20)  # first use of everything
    growth = peak(path, 500) - peak(path, 100)
    frame = int(np.prod(SHAPE))
    # Decoded ahead are now more frames, now fewer; kept, the 400 more would be 400 times one.
    assert growth < 20 * frame
