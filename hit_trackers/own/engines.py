"""What executes the calls of an own tracker's networks: PyTorch in some way, or another runtime.

An engine makes of an entry (`hit_trackers.own.watch.Entry`) what is called in its place.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from hit_trackers.engines import EXPORTING
from hit_trackers.engines.eager import DTYPES, pytorch
from hit_trackers.errors import EngineError
from hit_trackers.own.calls import mapped
from hit_trackers.own.outputs import furthest
from hit_trackers.own.watch import Entry, Run
from hit_trackers.variants import DEFAULTS, Variant

#: Largest difference of an answer over its range that other sums of float32 explain. Less than the
#: tolerance of a run: a template that is frozen may move an answer by little.
PROOF = 1e-4


class OwnEngine:
    """Eager PyTorch; an engine of another kind says how it wraps an entry.

    Attributes:
        kind: token of the engine.
        runtime: library, version and device.
        starting: the tracker is in its `init`.
        proving: each answer is held against PyTorch's own; see `prove`.
    """

    kind = "eager"
    starting = False
    proving = False

    def __init__(self, variant: Variant, modules: dict[str, nn.Module], device: str) -> None:
        self.variant = variant
        self.modules = modules
        self.device = torch.device(device)
        self.runtime = pytorch(self.device)
        self.precision = variant.part("precision")
        attention = variant.part("attention")
        if DEFAULTS["attention"] != attention and DEFAULTS["precision"] != self.precision:
            raise EngineError(
                f"{variant.name}: {self.precision} is PyTorch's autocast here, within which "
                f"attentions are left as they are, so that {attention!r} would name what does not "
                "run; use one of the two"
            )
        if variant.part("layout") == "channels_last":
            for module in modules.values():
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def prepare(self, entry: Entry) -> Run:
        """What executes the calls of an entry."""
        run = entry.official
        if self.variant.part("layout") == "channels_last":
            run = _channels_last(run)
        if self.precision != "fp32":
            run = _autocast(run, self.device.type, DTYPES[self.precision])
        return self.wrap(entry, run)

    def wrap(self, entry: Entry, run: Run) -> Run:
        """The engine around everything else."""
        return run

    def prove(self, entry: Entry, run: Run, args: Any, kwargs: Any, answer: Any) -> None:
        """Hold an answer against that of PyTorch, operator by operator.

        Raises:
            EngineError: it is further away than rounding explains.
        """
        far = furthest([run(*args, **kwargs)], [answer])
        if not far <= PROOF:
            raise EngineError(
                f"{self.variant.name}: {entry.name} answers something else in {self.kind} than in "
                f"PyTorch, by {far:.2g} of its range (rounding explains {PROOF:g}). Perhaps "
                "the network keeps something from call to call, such as a template, which is "
                "frozen there"
            )

    def tried(self) -> None:
        """The tracker was tried on two targets.

        Raises:
            EngineError: the engine did not execute anything.
        """


def _channels_last(run: Run) -> Run:
    def change(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor) and leaf.dim() == 4:
            return leaf.contiguous(memory_format=torch.channels_last)
        return leaf

    def call(*args: Any, **kwargs: Any) -> Any:
        return run(*mapped(args, change), **mapped(kwargs, change))

    return call


def _autocast(run: Run, device: str, dtype: torch.dtype) -> Run:
    """PyTorch's autocast: products and convolutions in a lower precision; answers are float32."""

    def widened(leaf: Any) -> Any:
        return leaf.float() if isinstance(leaf, torch.Tensor) and leaf.dtype is dtype else leaf

    def call(*args: Any, **kwargs: Any) -> Any:
        with torch.autocast(device, dtype):
            answer = run(*args, **kwargs)
        return mapped(answer, widened)

    return call


class CompiledEngine(OwnEngine):
    """`torch.compile` around every entry, with static shapes; what it cannot take stays Python."""

    kind = "compile"

    def __init__(self, variant: Variant, modules: dict[str, nn.Module], device: str) -> None:
        if variant.part("attention") != DEFAULTS["attention"]:
            raise EngineError(
                f"{variant.name}: torch.compile makes kernels of its own, and does not see what is "
                f"swapped by {variant.part('attention')!r}; use one of the two"
            )
        super().__init__(variant, modules, device)

    def wrap(self, entry: Entry, run: Run) -> Run:
        """As `OwnEngine.wrap`."""
        from torch._dynamo.utils import counters

        self._before = counters["stats"]["unique_graphs"]
        mode = "reduce-overhead" if self.device.type == "cuda" else "default"
        return torch.compile(run, dynamic=False, mode=mode)

    def tried(self) -> None:
        """As `OwnEngine.tried`."""
        from torch._dynamo.utils import counters

        if counters["stats"]["unique_graphs"] == self._before:
            raise EngineError(
                f"{self.variant.name}: torch.compile found nothing to compile in what the tracker "
                "calls"
            )


class GraphEngine(OwnEngine):
    """A CUDA graph for every entry and every shape that it is called with.

    A graph would go on reading a template that the network keeps in an attribute where it was at
    the capture. So answers are held against PyTorch's while the tracker is tried on two targets.
    """

    kind = "graph"

    def __init__(self, variant: Variant, modules: dict[str, nn.Module], device: str) -> None:
        if not device.startswith("cuda"):
            raise EngineError(
                f"{variant.name}: CUDA graphs need a CUDA device, and this is {device!r}; use "
                "--device cuda"
            )
        super().__init__(variant, modules, device)

    def wrap(self, entry: Entry, run: Run) -> Run:
        """As `OwnEngine.wrap`."""
        captured: dict[Any, Callable[..., Any]] = {}

        def call(*args: Any, **kwargs: Any) -> Any:
            key = signature(args, kwargs)
            if self.starting:
                return run(*args, **kwargs)
            if key not in captured:
                captured[key] = _capture(run, args, kwargs)
            answer = captured[key](args, kwargs)
            if self.proving:
                self.prove(entry, run, args, kwargs, answer)
            return answer

        return call


def _capture(run: Run, args: Any, kwargs: Any) -> Callable[..., Any]:
    """Record the kernels of a call; what replays them takes other arguments of the same shapes."""
    held: list[torch.Tensor] = []

    def hold(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            held.append(leaf.clone())
            return held[-1]
        return leaf

    args, kwargs = mapped((args, kwargs), hold)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):  # cuBLAS and cuDNN make their workspaces outside a capture
            run(*args, **kwargs)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = run(*args, **kwargs)

    def replay(args: Any, kwargs: Any) -> Any:
        given: list[torch.Tensor] = []
        mapped((args, kwargs), lambda leaf: given.append(leaf) if _is_tensor(leaf) else None)
        for place, tensor in zip(held, given, strict=True):
            place.copy_(tensor)
        graph.replay()
        # The next replay writes over the graph's own memory.
        return mapped(answer, lambda leaf: leaf.clone() if _is_tensor(leaf) else leaf)

    return replay


def _is_tensor(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor)


def signature(args: Any, kwargs: Any) -> Any:
    """What must be equal for two calls to be the same work: structure, shapes, and all else."""
    found: list[Any] = []

    def note(leaf: Any) -> None:
        if isinstance(leaf, torch.Tensor):
            found.append((tuple(leaf.shape), leaf.dtype, leaf.device))
        else:
            found.append(repr(leaf))

    mapped((args, kwargs), note)
    return (len(args), tuple(kwargs), tuple(found))


_KINDS = {"eager": OwnEngine, "compile": CompiledEngine, "graph": GraphEngine}


def make_engine(variant: Variant, modules: dict[str, nn.Module], device: str) -> OwnEngine:
    """The engine of a variant of an own tracker.

    Raises:
        EngineError: it cannot run here, or its parts do not go together.
        MissingDependencyError: its library is not installed.
    """
    kind = variant.part("engine")
    if kind in EXPORTING:
        exported = importlib.import_module("hit_trackers.own.exported")
        made: OwnEngine = exported.make(variant, modules, device)
        return made
    return _KINDS[kind](variant, modules, device)
