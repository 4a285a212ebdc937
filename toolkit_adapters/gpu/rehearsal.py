"""A device that is not there: what proves, on any machine, that every part runs to its end.

Trackers are HiT-Nano on a CPU in place of whichever is named, one kernel after the other. Streams,
events, graphs and the allocator's counts are stand-ins. No number of it means anything, and none is
written (`steps.blank`).
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from toolkit_adapters.gpu.device import Device, Kernel, Traced

if TYPE_CHECKING:
    from hit_trackers.protocol import Tracker

_STAND_IN = "hit_nano"


class Rehearsed(Device):
    """Answers as a device would, with nothing behind it."""

    rehearsal = True

    def __init__(self) -> None:
        super().__init__("cpu")
        self._time = 0.0

    def facts(self) -> dict[str, Any]:
        """As of `Device`."""
        import torch

        return {
            "device": "REHEARSAL: no device",
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        }

    @property
    def nvml(self) -> Any:
        """A library that tells nothing, but for energy that grows."""
        return SimpleNamespace(
            sample=lambda: dict.fromkeys(("sm_mhz", "memory_mhz", "power_w"), 1.0),
            joules=self._tick,
            driver=lambda: "none",
        )

    def load(self, name: str) -> Tracker:
        """HiT-Nano, executed as the name says but for Triton's layers; the name must be one."""
        from hit_trackers.families import parse

        variant = parse(name)
        words = name.removeprefix(variant.baseline).replace("_triton", "")
        return super().load(_STAND_IN + words)

    def synchronise(self) -> None:
        """Nothing runs."""

    def seconds(self, work: Callable[[], object]) -> float:
        """Work, and say that it took a while."""
        work()
        return self._tick()

    def captured(self, work: Callable[[], object]) -> Callable[[], object]:
        """The work itself."""
        return work

    def peak(self, work: Callable[[], object]) -> int:
        """Work, and say a number."""
        work()
        return 1

    def reserved(self) -> int:
        """A number."""
        return 1

    def allocations(self) -> int:
        """A number."""
        return 1

    def trace(self, work: Callable[[], object]) -> Traced:
        """Work, and name a kernel."""
        work()
        return Traced((Kernel("rehearsed", 1, 1.0),), {"cudaLaunchKernel": 1})

    def _tick(self) -> float:
        self._time += 1.0
        return self._time


class _Event:
    def record(self, *_: object) -> None:
        """Nothing is timed."""

    def synchronize(self) -> None:
        """Nothing runs."""

    def wait_stream(self, _: object) -> None:
        """Nothing runs."""

    def replay(self) -> None:
        """What was captured has run already."""

    def elapsed_time(self, _: object) -> float:
        """Of nothing."""
        return 1.0


@contextlib.contextmanager
def rehearsed() -> Iterator[Rehearsed]:
    """While it is entered, engines and operators for CUDA are made on a CPU, of stand-ins."""
    import torch

    from hit_trackers.attention import EAGER, OPERATORS, Operator, fused
    from hit_trackers.engines import compiled, cuda_graph, eager

    def graph(program: Any, variant: object, device: str) -> Any:
        return cuda_graph.GraphEngine(program, device)

    def timed(program: Any, variant: object, device: str) -> Any:
        engine = eager.EagerEngine(program, device)
        engine.events = (_Event(), _Event())  # type: ignore[assignment]
        return engine

    def idle(*_: object, **__: object) -> Any:
        return contextlib.nullcontext(_Event())

    cuda = {"Stream": _Event, "current_stream": _Event, "CUDAGraph": _Event, "stream": idle}
    cuda |= {"device": idle, "graph": idle, "Event": lambda *_, **__: _Event()}
    with contextlib.ExitStack() as stack:
        for name, value in cuda.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, value))
        zeros = mock.patch.object(
            cuda_graph, "_pinned", lambda s, dtype: torch.zeros(s, dtype=dtype)
        )
        stack.enter_context(zeros)
        stack.enter_context(mock.patch.object(cuda_graph, "make", graph))
        stack.enter_context(mock.patch.object(compiled, "make", timed))
        stack.enter_context(mock.patch.object(eager, "make", timed))
        stack.enter_context(mock.patch.object(fused, "require"))
        fake = {"fused": Operator("fused", EAGER.attend)}
        stack.enter_context(mock.patch.dict(OPERATORS, fake))
        yield Rehearsed()
