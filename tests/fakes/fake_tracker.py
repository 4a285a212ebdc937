"""A quick tracker with the real interface."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping

import numpy as np
from fake_executed import SITES
from fake_family import GRAMMAR

from hit_trackers.executed import Executed
from hit_trackers.protocol import Prediction

WEIGHTS = "w" * 64


class FakeTracker:
    """Follows the mean colour: its boxes depend on every decoded pixel and on its own history."""

    network_seconds = 0.001
    device_seconds = float("nan")
    box_scale = 32.0
    weights_bytes = None

    def __init__(
        self, name: str = "fake", drift: float = 0.0, pause: float = 0.0, weights: str = WEIGHTS
    ) -> None:
        known = GRAMMAR.variant(GRAMMAR.read(name))
        self.variant = dataclasses.replace(known, identity={"weights_sha256": weights})
        self.name = known.name
        self.network_input: np.ndarray | None = None
        self.drift = drift
        self.pause = pause

    @property
    def probe(self) -> FakeTracker:
        return self

    def init(self, image: np.ndarray, box: np.ndarray) -> None:
        self.box = np.array(box, dtype=np.float64)

    def update(self, image: np.ndarray) -> Prediction:
        time.sleep(self.pause)
        step = image.mean(axis=(0, 1)) / 255 + self.drift
        self.box = self.box + np.array([step[0], step[1], step[2], 0])
        self.network_input = np.ascontiguousarray(image[:32, :32])
        return Prediction(self.box.copy(), 0.5)

    def run_network(self, network_input: np.ndarray) -> np.ndarray:
        return np.array([network_input.mean() / 255 + self.drift, 0.5, 0.2, 0.2, 0.7], np.float32)

    def executed(self, network_input: np.ndarray) -> Executed:
        """What its name says: it computes nothing that could be looked at."""
        parts = self.variant.parts
        return Executed(parts["engine"], parts["precision"], "fake", SITES[parts["attention"]])

    def workloads(self, network_input: np.ndarray) -> Mapping[str, Callable[[], object]]:
        return {}
