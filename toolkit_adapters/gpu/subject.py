"""A tracker's network by itself, which needs no image and no OpenCV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit_adapters.gpu.steps import LeftOut

if TYPE_CHECKING:
    from hit_trackers.engines import Engine
    from hit_trackers.protocol import Tracker

#: Of a frame that `update` is timed on: 720p, as the paper's benchmarks have it.
IMAGE = (720, 1280, 3)
BOX = (600.0, 300.0, 80.0, 60.0)


class Subject:
    """A tracker with a template, and the search regions that its network is given."""

    def __init__(self, tracker: Tracker, regions: int = 4) -> None:
        self.tracker = tracker
        self.engine: Engine = getattr(tracker, "engine")  # noqa: B009 - no part of the protocol
        program: Any = getattr(self.engine, "program", None)
        if program is None:
            raise LeftOut(f"{tracker.name}: PyTorch does not execute its network")
        self.program = program
        rng = np.random.default_rng(0)
        self.engine.set_template(picture(rng, program.template_shape))
        self.regions = [picture(rng, program.search_shape) for _ in range(regions)]

    def run(self, number: int = 0) -> np.ndarray:
        """All outputs on one of the search regions."""
        return np.array(self.engine.run(self.regions[number]))

    def outputs(self) -> np.ndarray:
        """All outputs on all search regions, float32 (n, K)."""
        return np.stack([self.run(number) for number in range(len(self.regions))])


def picture(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Blocks of random colours under noise, uint8; a fourth channel says that nothing is padded."""
    *several, height, width, channels = shape
    coarse = (*several, -(-height // 16), -(-width // 16), channels)
    blocks = rng.integers(0, 200, coarse, dtype=np.uint8).repeat(16, axis=-3).repeat(16, axis=-2)
    found = blocks[..., :height, :width, :] + rng.integers(0, 55, shape, dtype=np.uint8)
    if channels == 4:
        found[..., 3] = 0
    return np.ascontiguousarray(found)


def start(tracker: Tracker) -> np.ndarray:
    """Initialise a tracker on an image, which is returned.

    Raises:
        ModuleNotFoundError: OpenCV, which cuts, is not installed.
    """
    image = picture(np.random.default_rng(1), IMAGE)
    tracker.init(image, BOX)
    return image
