"""TransT's closed loop, which is pysot's and not pytracking's: centre and size, a mean colour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hit_trackers.closed_loop import ClosedLoopTracker, Regions
from hit_trackers.engines import Engine
from hit_trackers.geometry import Box
from hit_trackers.layers.multihead import MultiheadAttention
from hit_trackers.protocol import Decision
from hit_trackers.transt.crop import Reals, side_around, subwindow
from hit_trackers.transt.network.config import CONFIGS
from hit_trackers.variants import Variant

SMALLEST = 10  # pixels of a box's side


class TransTTracker(ClosedLoopTracker):
    """A TransT tracker, and its own probe.

    A score is the highest probability after the window's penalty, as the official tracker gives it.
    One decision: which cell that is (`cell`); its margin is how much lower the next one's is, as a
    share.
    """

    site = MultiheadAttention

    def __init__(self, engine: Engine, variant: Variant, device: str) -> None:
        config = CONFIGS[variant.baseline]
        super().__init__(
            engine, variant, device, Regions(config.search_size, config.template_size, 4.0)
        )
        # NumPy's own types, as official: float32 where both sides come from the network.
        self._centre = np.zeros(2)
        self._size: Reals = np.zeros(2)
        self._colour = np.zeros(3)

    def cut_template(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        """As of `ClosedLoopTracker`; remembers the first box and the mean colour, too."""
        x, y, w, h = box
        self._centre, self._size = np.array([x + w / 2, y + h / 2]), np.array([w, h])
        self._colour = np.mean(image, axis=(0, 1))
        side = side_around(self._size, context=1)
        return subwindow(image, self._centre, side, self.regions.template_size, self._colour)

    def cut_search(self, image: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.uint8], float]:
        """As of `ClosedLoopTracker`."""
        side = side_around(self._size, context=3)
        size = self.regions.search_size
        out = self.engine.patch_buffer
        return subwindow(image, self._centre, side, size, self._colour, out), size / side

    def place(
        self, output: NDArray[np.float32], last: Box, factor: float, height: int, width: int
    ) -> Box:
        """The box of the network's outputs on the image, its centre and its size clipped."""
        side = side_around(self._size, context=3)
        cx, cy, w, h = output[:4] * side
        cx, cy = cx + self._centre[0] - side / 2, cy + self._centre[1] - side / 2
        cx, cy = max(0, min(cx, width)), max(0, min(cy, height))
        w, h = max(SMALLEST, min(w, width)), max(SMALLEST, min(h, height))
        self._centre, self._size = np.array([cx, cy]), np.array([w, h])
        return [float(cx - w / 2), float(cy - h / 2), float(w), float(h)]

    def score(self, output: NDArray[np.float32]) -> float:
        """As of `ClosedLoopTracker`."""
        return min(float(output[6]), 1.0)

    def decide(self, output: NDArray[np.float32]) -> Mapping[str, Decision]:
        """As of `ClosedLoopTracker`."""
        return {"cell": Decision(int(output[5]), float(output[7] / output[6]))}
