"""What a frame asks of a GPU, counted without one: on tensors that have shapes and no contents.

The calls are those the tracker makes on CUDA. Memory is that of the tensors alive at once; what a
library takes for itself during a call, and what an allocator rounds up, comes on top.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from hit_trackers.attention import OPERATORS, Operator, exact, memeff
from hit_trackers.hit.network.hit import build
from hit_trackers.zoo import TrackerSpec
from toolkit_adapters.bench.operators import count_operators
from toolkit_adapters.running.activations import Peak

# These two look where their arguments are.
_ON_CUDA = {
    **OPERATORS,
    "memeff": Operator("memeff", memeff.attend_cuda, memeff.lay_out_bias),
    "exact": Operator("exact", partial(exact.attend, block=exact.BLOCK_ON_CUDA)),
}


@dataclass(frozen=True)
class CudaPath:
    """Of one frame.

    Attributes:
        operators: ATen calls of the network, views left out; without a graph, about its launches.
        peak: activations alive at once, beside weights and images.
        weights: bytes of parameters and buffers, biases spread over pairs of tokens among them.
    """

    operators: int
    peak: Peak
    weights: int


def follow(spec: TrackerSpec) -> CudaPath:
    """Count a frame of a float32 tracker that runs operator by operator or as a CUDA graph.

    Not of `fused`, whose kernel needs the device.
    """
    with torch.device("meta"), torch.no_grad():
        network = build(spec.size).prepare()
        if spec.in_place:
            network.work_in_place()
        network.use(_ON_CUDA[spec.attention])
        config = network.config
        search, template = (
            torch.empty(1, 3, side, side) for side in (config.search_size, config.template_size)
        )
        cached = network.embed(template)

    def frame() -> object:
        if spec.caches_template:
            return network.predict(network.embed(search), cached)
        return network(search, template)

    weights = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
    return CudaPath(sum(count_operators(frame).values()), peak_of_tensors(frame), weights)


def peak_of_tensors(work: Callable[[], object]) -> Peak:
    """Run `work` once; the largest sum of bytes of the tensors that it makes and holds at once."""
    with torch.no_grad(), _Alive() as alive:
        work()
    return alive.peak


class _Alive(TorchDispatchMode):
    """Adds up the storages that calls return, and takes them off when they are freed."""

    def __init__(self) -> None:
        super().__init__()
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
