"""`torch.compile` over the whole frame: fused kernels instead of one per operator."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch

from hit_trackers.engines.eager import precision_of, pytorch, weights_bytes
from hit_trackers.engines.program import Program, Tensors
from hit_trackers.errors import EngineError
from hit_trackers.variants import Variant


class CompiledEngine:
    """The frame compiled by TorchInductor, with static shapes and no fallback to Python.

    It is compiled when the tracker is made: the first frame is then not slower than the others, and
    a missing compiler is found at once.
    """

    kind = "compile"
    network_seconds = math.nan
    device_seconds = math.nan
    patch_buffer: np.ndarray | None = None

    def __init__(self, program: Program, variant: Variant, device: str) -> None:
        self.device = torch.device(device)
        self.program = program
        self.precision = precision_of(program.dtype)
        self.runtime = pytorch(self.device)
        self.weights_bytes: int | None = weights_bytes(program.network)
        self.template: Tensors | None = None
        self._events: tuple[torch.cuda.Event, torch.cuda.Event] | None = None
        if self.device.type == "cuda":
            self._events = (torch.cuda.Event(True), torch.cuda.Event(True))
        # On CUDA the compiled kernels are few but still launched one by one, unless in a graph.
        mode = "reduce-overhead" if self._events else "default"
        self._compiled = torch.compile(program, fullgraph=True, dynamic=False, mode=mode)
        self.set_template(np.zeros(program.template_shape, np.uint8))
        try:
            self.run(np.zeros(program.search_shape, np.uint8))
        except Exception as error:  # of a dozen kinds, from Dynamo to the linker
            raise EngineError(
                f"{variant.name}: torch.compile failed on {device}: {_reason(error)}. It needs a "
                "C++ compiler (g++, or CXX set to one)"
                + (" and the triton package" if self._events else "")
                + f"; {variant.baseline}_exact needs neither"
            ) from error
        self.template = None

    # Not inference mode: what is compiled under it may not be used outside, nor the reverse.
    @torch.no_grad()
    def set_template(self, patch: np.ndarray) -> None:
        """Embed templates: not compiled, for that is done once per sequence or now and then."""
        self.template = self.program.embed(torch.from_numpy(patch).to(self.device))

    @torch.no_grad()
    def run(self, patch: np.ndarray) -> np.ndarray:
        """One search region; see `Engine.run`. Network time here includes the normalisation."""
        assert self.template is not None, "init() comes before update()"
        image = torch.from_numpy(patch).to(self.device)
        start = time.perf_counter()
        if self._events is None:
            output = self._compiled(image, self.template)
            self.network_seconds = time.perf_counter() - start
            return np.asarray(output.numpy())
        self._events[0].record()
        output = self._compiled(image, self.template)
        self._events[1].record()
        values = output.cpu()
        self.network_seconds = time.perf_counter() - start
        self.device_seconds = self._events[0].elapsed_time(self._events[1]) / 1e3
        return np.asarray(values.numpy())

    def workloads(self, patch: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """The frame on a CPU, where the profiler sees its allocations; on CUDA nothing."""
        return {} if self._events else {"frame": lambda: self.run(patch)}


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


def make(program: Program, variant: Variant, device: str) -> CompiledEngine:
    """See `hit_trackers.engines.make_engine`."""
    return CompiledEngine(program, variant, device)
