"""What a GPU executes for a frame, counted without one: on tensors with shapes and no contents.

The calls are those the tracker makes on CUDA. Memory is that of the tensors alive at once; what a
library takes for itself during a call, and what an allocator rounds up, comes on top.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hit_trackers import families
from hit_trackers.engines.operators import count_operators
from hit_trackers.errors import HitTrackersError
from hit_trackers.variants import Variant
from toolkit_adapters.running.activations import Peak


@dataclass(frozen=True)
class CudaPath:
    """Counts of one frame.

    Attributes:
        operators: ATen calls of the network, views left out; without a graph, about its launches.
        peak: activations alive at once, beside weights and images.
        weights: bytes of parameters and buffers, biases spread over pairs of tokens among them.
    """

    operators: int
    peak: Peak
    weights: int


def follow(variant: Variant) -> CudaPath:
    """Count a frame of a float32 tracker that runs operator by operator or as a CUDA graph.

    Raises:
        HitTrackersError: its family offers no sketch of a frame.
    """
    sketch = families.family_of(variant.name).sketch(variant)
    if sketch is None:
        raise HitTrackersError(f"{variant.name}: its family cannot be counted without a GPU")
    operators = sum(count_operators(sketch.frame).values())
    return CudaPath(operators, peak_of_tensors(sketch.frame), sketch.weights)


def peak_of_tensors(work: Callable[[], object]) -> Peak:
    """Run `work` once; the largest sum of bytes of the tensors that it makes and holds at once."""
    with torch.no_grad(), _Alive() as alive:
        work()
    peak: Peak = alive.peak
    return peak


class _Alive(TorchDispatchMode):
    """Adds up the storages that calls return, and takes them off when they are freed."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes: dict[int, int] = {}
        self.peak = Peak(0)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {_key(tensor) for tensor in _tensors((args, kwargs))}
        for tensor in _tensors(result):
            key = _key(tensor)
            if key in given or key in self.bytes:
                continue  # a view, or written in place
            storage = tensor.untyped_storage()
            self.bytes[key] = storage.nbytes()
            weakref.finalize(storage, self.bytes.pop, key)
        held = sum(self.bytes.values())
        if held > self.peak.bytes:
            shape = next((list(tensor.shape) for tensor in _tensors(result)), "")
            self.peak = Peak(held, f"{func.name()} -> {shape}")
        return result


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
