"""One CUDA graph per frame: at batch 1 a GPU waits for launches, so there is only one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hit_trackers.engines.eager import precision_of, pytorch, weights_bytes
from hit_trackers.engines.program import Program, Tensors, apply, each
from hit_trackers.errors import EngineError
from hit_trackers.variants import Variant

WARMUP = 3  # lazy initialisation of cuBLAS and cuDNN may not happen inside a capture


class GraphEngine:
    """Replays what the eager engine would launch, on buffers that never move.

    A frame is one copy from pinned memory to the device, one graph (normalisation, network, the
    result), one copy back, and one wait. The kernels and their order are the eager engine's, so
    the bits are too. After the capture only the embedding of a template allocates memory. Where
    templates grow in number, there is a graph for each number that occurred.

    Attributes:
        patch_buffer: pinned memory (S, S, C); a search region written straight into it needs no
            copy on the host.
    """

    kind = "graph"
    network_seconds = math.nan
    device_seconds = math.nan

    def __init__(self, program: Program, device: str) -> None:
        self.device = torch.device(device)
        self.program = program
        self.precision = precision_of(program.dtype)
        self.runtime = pytorch(self.device)
        self.weights_bytes: int | None = weights_bytes(program.network)
        # Two of them: a search region given to `run` by hand must not overwrite the tracker's own.
        self._pinned = [_pinned(program.search_shape, torch.uint8) for _ in range(2)]
        self.patch_buffer: np.ndarray | None = self._pinned[0].numpy()
        with torch.cuda.device(self.device):
            self._stream = torch.cuda.Stream()
            self._events = (torch.cuda.Event(True), torch.cuda.Event(True))
            self._done = torch.cuda.Event()
            self._patch = torch.zeros(program.search_shape, dtype=torch.uint8, device=self.device)
            self._captured: dict[tuple[torch.Size, ...], tuple[Any, Tensors, Tensor, Tensor]] = {}
            self.set_template(np.zeros(program.template_shape, np.uint8))

    def _capture(self, held: Tensors) -> None:
        self._held = apply(torch.clone, held)
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            for _ in range(WARMUP):
                self.launch()
        self._stream.synchronize()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, stream=self._stream):
            self._result = self.launch()
        self._host_result = _pinned(tuple(self._result.shape), torch.float32)

    @torch.inference_mode()
    def set_template(self, patch: np.ndarray) -> None:
        """Embed templates into the buffers that a graph reads; capture one where there is none."""
        with torch.cuda.stream(self._stream):
            held = self.program.embed(torch.from_numpy(patch).to(self.device))
        self._stream.synchronize()
        key = tuple(tensor.shape for tensor in each(held))
        if key not in self._captured:
            self._capture(held)
            self._captured[key] = (self._graph, self._held, self._result, self._host_result)
        self._graph, self._held, self._result, self._host_result = self._captured[key]
        with torch.cuda.stream(self._stream):
            for buffer, tensor in zip(each(self._held), each(held), strict=True):
                buffer.copy_(tensor)
        self._stream.synchronize()

    @torch.inference_mode()
    def run(self, patch: np.ndarray) -> np.ndarray:
        """One search region; see `Engine.run`. Network time here includes the normalisation."""
        if patch is self.patch_buffer:
            source = self._pinned[0]
        else:
            source = self._pinned[1]
            np.copyto(source.numpy(), patch)
        with torch.cuda.stream(self._stream):
            self._patch.copy_(source, non_blocking=True)
            start = time.perf_counter()
            # Around the replay: an event recorded inside a capture cannot be read for its time.
            self._events[0].record()
            self._graph.replay()
            self._events[1].record()
            self._host_result.copy_(self._result, non_blocking=True)
            self._done.record()
        self._done.synchronize()
        self.network_seconds = time.perf_counter() - start
        self.device_seconds = self._events[0].elapsed_time(self._events[1]) / 1e3
        return np.asarray(self._host_result.numpy().copy())

    @torch.inference_mode()
    def launch(self) -> Tensor:
        """The frame that was captured, without its graph, on the last search region.

        For measuring: a graph takes its memory when it is captured, so a replay shows none.
        """
        result: Tensor = self.program(self._patch, self._held)
        return result

    def workloads(self, patch: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """The frame, launched without its graph."""
        return {"frame": self.launch}


def _pinned(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    return torch.zeros(shape, dtype=dtype).pin_memory()


def make(program: Program, variant: Variant, device: str) -> GraphEngine:
    """See `hit_trackers.engines.make_engine`."""
    if not device.startswith("cuda"):
        raise EngineError(
            f"{variant.name}: CUDA graphs need a CUDA device, and this is {device!r}; use "
            f"--device cuda, or {variant.baseline}_exact, which runs on any device"
        )
    return GraphEngine(program, device)
