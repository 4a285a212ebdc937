"""What this machine can do: its own measured matrix-product rate, and the arithmetic of a frame."""

from __future__ import annotations

import functools
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from hit_trackers.hit.network.hit import build
from hit_trackers.zoo import TrackerSpec

# (rows, inner, columns): a large square, and the linear layers of HiT-Base's first stage.
SHAPES = ((1024, 1024, 1024), (320, 384, 768), (320, 768, 384))


class MatrixProducts:
    """Rate of float32 matrix products, the best of all calls and shapes."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.operands = [
            (torch.randn(m, k, device=device), torch.randn(k, n, device=device))
            for m, k, n in SHAPES
        ]
        self.best = 0.0  # in FLOP/s

    def measure(self) -> None:
        """Time each shape once; call it between the repeats of what it is compared with."""
        for a, b in self.operands:
            flops = 2 * a.shape[0] * a.shape[1] * b.shape[1]
            self.best = max(self.best, flops / self._seconds(a, b))

    def _seconds(self, a: torch.Tensor, b: torch.Tensor) -> float:
        if not self.device.startswith("cuda"):
            start = time.perf_counter()
            a @ b
            return time.perf_counter() - start
        events = torch.cuda.Event(True), torch.cuda.Event(True)
        events[0].record()
        a @ b
        events[1].record()
        events[1].synchronize()
        return float(events[0].elapsed_time(events[1])) / 1e3


@functools.cache
def frame_flops(spec: TrackerSpec) -> int:
    """Multiplications and additions of a frame in matrix products and convolutions.

    The template's patch embedding counts only where it is computed in every frame.
    """
    with torch.device("meta"), torch.no_grad():
        network = build(spec.size).eval()
        config = network.config
        search, template = (
            torch.empty(1, 3, size, size) for size in (config.search_size, config.template_size)
        )
        with FlopCounterMode(display=False) as whole:
            network(search, template)
        with FlopCounterMode(display=False) as embedding:
            network.embed(template)
    total: int = whole.get_total_flops()
    cached: int = embedding.get_total_flops() if spec.caches_template else 0
    return total - cached
