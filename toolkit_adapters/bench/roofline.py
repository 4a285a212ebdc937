"""What this machine can do: its own measured matrix-product rate, and the arithmetic of a frame."""

from __future__ import annotations

import functools
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

from hit_trackers import families
from hit_trackers.variants import Variant

# (rows, inner, columns): a large square, and linear layers as a tracker has them.
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
def frame_flops(variant: Variant) -> int | None:
    """Multiplications and additions of a frame in matrix products and convolutions.

    What is computed once per sequence, such as a cached template, is left out. None where the
    family offers no sketch of a frame.
    """
    sketch = families.family_of(variant.name).sketch(variant)
    if sketch is None:
        return None
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        sketch.frame()
    total: int = counter.get_total_flops()
    return total
