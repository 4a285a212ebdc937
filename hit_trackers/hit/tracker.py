"""HiT's closed loop: a first box in, a box per frame out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hit_trackers.closed_loop import ClosedLoopTracker, Regions
from hit_trackers.engines import Engine
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.hit.network.config import CONFIGS
from hit_trackers.hit.network.levit import BiasedAttention
from hit_trackers.hit.program import HitProgram
from hit_trackers.variants import Variant


class HitTracker(ClosedLoopTracker):
    """A HiT tracker, and its own probe.

    A score is the geometric mean of the two corner maps' highest probability.
    """

    site = BiasedAttention

    def __init__(self, engine: Engine, variant: Variant, device: str) -> None:
        config = CONFIGS[variant.part("size")]
        regions = Regions(
            config.search_size, config.template_size, config.search_factor, config.template_factor
        )
        super().__init__(engine, variant, device, regions)

    def score(self, output: NDArray[np.float32]) -> float:
        """As of `ClosedLoopTracker`."""
        return min(math.sqrt(float(output[4]) * float(output[5])), 1.0)

    def workloads(self, network_input: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """As `Probe.workloads`; "after embedding" is the network without the patch embedding."""
        found = dict(super().workloads(network_input))
        if isinstance(self.engine, EagerEngine):
            found["after embedding"] = _after_embedding(self.engine, network_input)
        return found


def _after_embedding(engine: EagerEngine, patch: np.ndarray) -> Callable[[], object]:
    """The network without the patch embedding, whose peak of memory hides that of the rest."""
    program = engine.program
    assert isinstance(program, HitProgram)
    network, template = program.network, engine.held
    assert isinstance(template, Tensor)
    with torch.inference_mode():
        image = engine.normalise(patch)
        assert isinstance(image, Tensor)
        search = network.embed(image)
        if not program.caches_template:
            template = network.embed(template)

    @torch.inference_mode()
    def work() -> object:
        return network.predict(search, template)

    return work
