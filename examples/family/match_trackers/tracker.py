"""The tracker: the place where the sum of squared differences to the template is smallest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

from hit_trackers import Prediction, Variant
from hit_trackers.executed import Executed
from hit_trackers.geometry import check_first_box, clip_box, crop_region, from_search_region
from hit_trackers.protocol import check_image

TEMPLATE, SEARCH = 16, 48  # sides of the patches, in pixels
FACTOR = 3.0  # side of the search region over the side of the template


class MatchTracker:
    """Keeps the size of its first box. It is its own probe."""

    box_scale = float(SEARCH)
    weights_bytes = 0
    network_seconds = device_seconds = float("nan")
    network_input: np.ndarray | None = None

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.name = variant.name
        self.probe = self

    def init(self, image: np.ndarray, box: Any) -> None:
        """Keep the patch in the box as the template."""
        check_image(image)
        self.box = check_first_box(box, *image.shape[:2])
        patch, _ = crop_region(image, self.box, 1.0, TEMPLATE)
        self.template = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY).astype(np.float64).ravel()

    def update(self, image: np.ndarray) -> Prediction:
        """Cut a search region around the last box and look for the template in it."""
        check_image(image)
        self.network_input, scale = crop_region(image, self.box, FACTOR, SEARCH)
        start = time.perf_counter()
        output = self.run_network(self.network_input)
        self.network_seconds = time.perf_counter() - start
        centre = output[:2] * SEARCH / scale
        box = from_search_region([*centre, *self.box[2:]], self.box, 0.5 * SEARCH / scale)
        self.box = clip_box(box, *image.shape[:2])
        return Prediction(np.array(self.box), float(output[4]))

    def run_network(self, network_input: np.ndarray) -> np.ndarray:
        """Centre x, centre y, width and height as shares of the search region, and a score."""
        grey = cv2.cvtColor(network_input, cv2.COLOR_RGB2GRAY).astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(grey, (TEMPLATE, TEMPLATE))
        rows = windows.reshape(-1, TEMPLATE * TEMPLATE)
        if self.variant.part("precision") == "fp16":
            halves = [(values / 255).astype(np.float16) for values in (rows, self.template)]
            means = ((halves[0] - halves[1]) ** 2).mean(axis=1)
        elif self.variant.part("sum") == "product":
            # (a - b)^2 = a^2 - 2ab + b^2; float64 holds these integers exactly, in any order.
            squares = cv2.boxFilter(grey**2, -1, (TEMPLATE, TEMPLATE), None, (0, 0), False)
            products = squares[: len(windows), : len(windows)].ravel() - 2 * (rows @ self.template)
            means = (products + self.template @ self.template) / (255**2 * TEMPLATE**2)
        else:
            means = ((rows - self.template) ** 2).sum(axis=1) / (255**2 * TEMPLATE**2)
        best = int(means.argmin())
        grid = means.reshape(windows.shape[:2]).astype(np.float64)
        y, x = divmod(best, len(grid))
        centre = (np.array([_valley(grid[y], x), _valley(grid[:, x], y)]) + TEMPLATE / 2) / SEARCH
        return np.array([*centre, 1 / FACTOR, 1 / FACTOR, 1 - means[best]], dtype=np.float32)

    def executed(self, network_input: np.ndarray) -> Executed:
        """As `Probe.executed`: what computed the last output, and in which precision."""
        return Executed("eager", self.variant.part("precision"), f"NumPy {np.__version__}")

    def workloads(self, network_input: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """As `Probe.workloads`: none, as PyTorch executes nothing here."""
        return {}


def _valley(values: np.ndarray, index: int) -> float:
    """The lowest point of the parabola through the smallest value and its neighbours."""
    if not 0 < index < len(values) - 1:
        return index
    before, lowest, after = values[index - 1 : index + 2]
    bend = before - 2 * lowest + after
    return index + 0.5 * (before - after) / bend if bend > 0 else index
