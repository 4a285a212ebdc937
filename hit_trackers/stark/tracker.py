"""STARK's closed loop: the shared one, crops that say what is padding, a template that changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hit_trackers.closed_loop import ClosedLoopTracker, Regions, UpdatingTracker
from hit_trackers.engines import Engine
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.geometry import Box, crop_with_padding
from hit_trackers.layers.multihead import MultiheadAttention
from hit_trackers.protocol import Decision
from hit_trackers.stark.config import CONFIGS, interval_of
from hit_trackers.stark.network.stark import Tokens, join
from hit_trackers.stark.program import StarkProgram
from hit_trackers.variants import Variant

#: The second template is replaced where the score is higher.
THRESHOLD = 0.5


class StarkTracker(ClosedLoopTracker):
    """A STARK tracker of one template, and its own probe.

    A score is the geometric mean of the two corner maps' highest probability: officially there is
    none.
    """

    site = MultiheadAttention

    def __init__(self, engine: Engine, variant: Variant, device: str) -> None:
        config = CONFIGS[variant.part("size")]
        regions = Regions(
            config.search_size, config.template_size, config.search_factor, config.template_factor
        )
        super().__init__(engine, variant, device, regions)

    def cut_template(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        """As of `ClosedLoopTracker`; the fourth channel says what is padding."""
        regions = self.regions
        return crop_with_padding(image, box, regions.template_factor, regions.template_size)[0]

    def cut_search(self, image: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.uint8], float]:
        """As of `ClosedLoopTracker`; the fourth channel says what is padding."""
        regions = self.regions
        out = self.engine.patch_buffer
        return crop_with_padding(image, box, regions.search_factor, regions.search_size, out=out)

    def score(self, output: NDArray[np.float32]) -> float:
        """As of `ClosedLoopTracker`."""
        return min(math.sqrt(float(output[4]) * float(output[5])), 1.0)

    def workloads(self, network_input: Any) -> Mapping[str, Callable[[], object]]:
        """As `Probe.workloads`; "encoder" is that alone, for the backbone needs more memory."""
        found = dict(super().workloads(network_input))
        if isinstance(self.engine, EagerEngine):
            found["encoder"] = _encoder(self.engine, self.search_of(network_input))
        return found


class UpdatingStarkTracker(StarkTracker, UpdatingTracker):
    """A STARK-ST tracker, whose second template is replaced every so many frames.

    A score is the network's own. A decision in those frames, `template`: whether the score is high
    enough. Its margin is the distance from the threshold.

    Attributes:
        interval: frames from one such decision to the next.
    """

    def __init__(self, engine: Engine, variant: Variant, device: str) -> None:
        super().__init__(engine, variant, device)
        self.interval = interval_of(variant.part("size"), variant.part("setting"))
        self._frame = 0

    def start(self, template: NDArray[np.uint8]) -> None:
        """As of `UpdatingTracker`."""
        super().start(template)
        self._frame = 0

    def given(self, patch: NDArray[np.uint8]) -> Any:
        """As of `UpdatingTracker`; called once in every frame."""
        self._frame += 1
        return super().given(patch)

    def score(self, output: NDArray[np.float32]) -> float:
        """As of `ClosedLoopTracker`."""
        return float(output[6])

    def decide(self, output: NDArray[np.float32]) -> Mapping[str, Decision]:
        """As of `ClosedLoopTracker`."""
        if self._frame % self.interval:
            return {}
        score = float(output[6])
        return {"template": Decision(int(score > THRESHOLD), abs(score - THRESHOLD))}

    def learn(self, image: NDArray[np.uint8], box: Box, output: NDArray[np.float32]) -> None:
        """Replace the second template; official `track`, after the box."""
        if self._frame % self.interval == 0 and float(output[6]) > THRESHOLD:
            self.hold(np.stack([self.templates[0], self.cut_template(image, box)]))


def _encoder(engine: EagerEngine, patch: NDArray[np.uint8]) -> Callable[[], object]:
    program = engine.program
    assert isinstance(program, StarkProgram)
    with torch.inference_mode():
        image, mask = engine.normalise(patch)
        assert engine.held is not None
        joined = join([Tokens(*engine.held), program.network.embed(image, mask)])

    @torch.inference_mode()
    def work() -> object:
        return program.network.encode(joined)

    return work


def make_tracker(engine: Engine, variant: Variant, device: str) -> StarkTracker:
    """The closed loop of a size."""
    kind = UpdatingStarkTracker if CONFIGS[variant.part("size")].interval else StarkTracker
    return kind(engine, variant, device)
