"""What a measurement asks of a GPU: the only module of this room that speaks to CUDA.

`Rehearsed` in `rehearsal` answers in its place on a machine without one.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from hit_trackers.protocol import Tracker
    from toolkit_adapters.gpu.nvml import Nvml


class Kernel(NamedTuple):
    """What the device did in one frame, by name.

    Attributes:
        name: of the kernel, or of the copy.
        times: how often.
        seconds: in all.
    """

    name: str
    times: int
    seconds: float


class Traced(NamedTuple):
    """One traced frame.

    Attributes:
        kernels: in order of their first start; copies and fills among them.
        calls: of CUDA by the host, by name: `cudaLaunchKernel`, `cuLaunchKernelEx`, ...
    """

    kernels: tuple[Kernel, ...]
    calls: dict[str, int]


class Device:
    """A CUDA device, as PyTorch and NVML see it.

    Attributes:
        torch_name: where tensors are made.
        rehearsal: whether nothing here is a measurement.
        scratch: folder for what a step leaves to the next process.
    """

    rehearsal = False
    scratch = Path()

    def __init__(self, torch_name: str = "cuda") -> None:
        self.torch_name = torch_name
        self._nvml: Nvml | None = None
        self._loaded: dict[str, Tracker] = {}

    def facts(self) -> dict[str, Any]:
        """Names and versions: what two reports must share to be one."""
        import torch

        if ":" in self.torch_name:  # events and streams are of the current device
            torch.cuda.set_device(self.torch_name)
        properties = torch.cuda.get_device_properties(self.torch_name)
        return {
            "device": properties.name,
            "capability": f"{properties.major}.{properties.minor}",
            "processors": properties.multi_processor_count,
            "memory_bytes": properties.total_memory,
            "torch": str(torch.__version__),
            "cuda": str(torch.version.cuda),
            "cudnn": str(torch.backends.cudnn.version()),
            "python": platform.python_version(),
        }

    @property
    def nvml(self) -> Nvml:
        """The management library, opened when first asked.

        Raises:
            MissingDependencyError: it is not on this machine.
        """
        from toolkit_adapters.gpu.nvml import open_nvml

        if self._nvml is None:
            import torch

            properties = torch.cuda.get_device_properties(self.torch_name)
            self._nvml = open_nvml(str(getattr(properties, "uuid", "")))
        return self._nvml

    def load(self, name: str) -> Tracker:
        """A tracker with seeded weights, as PyTorch's defaults have it.

        The last baseline is kept, for its variants follow; and the last tracker that runs operator
        by operator, as nothing of it depends on how it was loaded.
        """
        from hit_trackers.families import load_tracker, parse

        if name in self._loaded:
            return self._loaded[name]
        baseline = parse(name).baseline
        tracker = load_tracker(name, self._weights(baseline), self.torch_name)
        self._loaded = {key: kept for key, kept in self._loaded.items() if key == baseline}
        if getattr(getattr(tracker, "engine", None), "kind", "") == "eager":
            self._loaded[name] = tracker
        return tracker

    def _weights(self, baseline: str) -> Path:
        """A file of a baseline's seeded weights: making them takes longer than reading them."""
        import torch

        from hit_trackers.families import family_of, parse

        path = self.scratch / "weights" / f"{baseline}.pt"
        if not path.is_file():
            family: Any = family_of(baseline)
            network = family.build(parse(baseline).parts)
            family.fill(network)
            path.parent.mkdir(parents=True, exist_ok=True)
            (self.scratch / ".gitignore").write_text("*\n", encoding="utf-8")
            begun = path.with_suffix(f".{os.getpid()}")
            torch.save(network.state_dict(), begun)
            begun.replace(path)
        return path

    @contextlib.contextmanager
    def rounding(self, convolutions: bool, products: bool = False) -> Iterator[None]:
        """Whether convolutions, and matrix products, may round their inputs to 10 bits (TF32).

        PyTorch's default, which the official trackers leave, is that only convolutions may.
        """
        import torch

        cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
        before = cudnn.allow_tf32, matmul.allow_tf32
        cudnn.allow_tf32, matmul.allow_tf32 = convolutions, products
        try:
            yield
        finally:
            cudnn.allow_tf32, matmul.allow_tf32 = before

    def synchronise(self) -> None:
        """Wait until the device is idle."""
        import torch

        torch.cuda.synchronize(self.torch_name)

    def seconds(self, work: Callable[[], object]) -> float:
        """Of `work`, between two events on the current stream."""
        import torch

        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) / 1e3

    def captured(self, work: Callable[[], object]) -> Callable[[], object]:
        """`work` as a CUDA graph: what replays it."""
        import torch

        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            work()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay

    def peak(self, work: Callable[[], object]) -> int:
        """Bytes that the allocator handed out at most during `work`, beside those held before."""
        from toolkit_adapters.running.activations import peak_activations

        return peak_activations(work, self.torch_name).bytes

    def reserved(self) -> int:
        """Bytes that the allocator keeps of the device at present, after it gave back the rest."""
        import torch

        torch.cuda.empty_cache()
        return int(torch.cuda.memory_reserved(self.torch_name))

    def allocations(self) -> int:
        """How often the allocator was asked so far."""
        import torch

        return int(torch.cuda.memory_stats(self.torch_name)["allocation.all.allocated"])

    def trace(self, work: Callable[[], object]) -> Traced:
        """Run `work` once under PyTorch's profiler, and wait for it."""
        from torch.profiler import ProfilerActivity, profile

        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
            work()
            self.synchronise()
        return traced(profiled.events())


def traced(events: Any) -> Traced:
    """What a profile's events say: those of the device by name, and calls of the CUDA runtime."""
    found: dict[str, Kernel] = {}
    calls: dict[str, int] = {}
    for event in sorted(events, key=lambda event: event.time_range.start):
        if str(event.device_type).endswith("CUDA"):
            before = found.get(event.name, Kernel(event.name, 0, 0.0))
            seconds = before.seconds + event.time_range.elapsed_us() / 1e6
            found[event.name] = Kernel(event.name, before.times + 1, seconds)
        elif re.match(r"cu(da)?[A-Z]", event.name):
            calls[event.name] = calls.get(event.name, 0) + 1
    return Traced(tuple(found.values()), calls)
