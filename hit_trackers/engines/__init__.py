"""Engines: what executes a network, from a search region to a few numbers.

An engine is made of a family's `Program` and knows no family.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from hit_trackers.executed import Executed

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from hit_trackers.engines.program import Program
    from hit_trackers.variants import Variant

_MODULES = {
    "eager": "eager",
    "graph": "cuda_graph",
    "compile": "compiled",
    "onnx": "onnx",
    "openvino": "openvino",
    "tensorrt": "tensorrt",
}
#: Engines that take the network out of PyTorch: they plan attention and precision themselves.
EXPORTING = ("onnx", "openvino", "tensorrt")


class Engine(Protocol):
    """Executes a program for one target at a time.

    Attributes:
        network_seconds: wall seconds of the last `run`, patch on the device in, result out.
        device_seconds: the same between two CUDA events; NaN on a CPU.
        patch_buffer: where a search region is best cut, to spare a copy; None: anywhere.
        weights_bytes: bytes of the weights; None where another runtime holds them.
        kind: token of the engine, whatever the tracker's name says.
        precision: token of what it computes in, as the executor itself says.
        runtime: library, version and device or provider.
    """

    kind: str
    precision: str
    runtime: str
    network_seconds: float
    device_seconds: float
    patch_buffer: np.ndarray | None
    weights_bytes: int | None

    def set_template(self, patch: np.ndarray) -> None:
        """Hold a template, uint8 (T, T, C), or several, (n, T, T, C); may be called again."""

    def run(self, patch: np.ndarray) -> np.ndarray:
        """Search region uint8 (S, S, C) -> the program's result, float32 (K,)."""

    def workloads(self, patch: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """See `hit_trackers.protocol.Probe.workloads`."""


def observe(engine: Engine, patch: np.ndarray, site: type[nn.Module]) -> Executed:
    """Run a frame, untimed, and say what executed it.

    Args:
        engine: holds a template.
        patch: a search region.
        site: class of the family's attentions.
    """
    from hit_trackers.engines.operators import count_by_site

    work = engine.workloads(patch)
    piece = work.get("network") or work.get("frame")
    program = getattr(engine, "program", None)
    if engine.kind == "compile" or piece is None or program is None:
        return Executed(engine.kind, engine.precision, engine.runtime)
    sites = {name: part for name, part in program.named_modules() if isinstance(part, site)}
    total, by_site = count_by_site(piece, sites)
    counts = {name: dict(calls) for name, calls in by_site.items()}
    return Executed(engine.kind, engine.precision, engine.runtime, counts, dict(total))


def make_engine(program: Program, variant: Variant, device: str) -> Engine:
    """The engine of a variant around a program.

    Raises:
        MissingDependencyError: its library is not installed; names the extra.
        EngineError: it cannot run on `device`.
    """
    module = importlib.import_module(f"{__name__}.{_MODULES[variant.part('engine')]}")
    engine: Engine = module.make(program, variant, device)
    return engine
