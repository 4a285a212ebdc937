"""ONNX Runtime and OpenVINO on what an own tracker calls in its networks, where that proves equal.

Each entry that is called in updates is traced on its first input, for every shape that it is called
with. Tracing freezes what is not an argument: a template that a network keeps in an attribute would
stay the first one. So each answer is held against PyTorch's while the tracker is tried on two
targets, and a network whose export answers something else is refused.
"""

from __future__ import annotations

import atexit
import importlib
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from hit_trackers.engines.export import OPSET
from hit_trackers.engines.onnx import load_runtime
from hit_trackers.errors import EngineError, MissingDependencyError
from hit_trackers.own.calls import mapped
from hit_trackers.own.engines import OwnEngine, signature
from hit_trackers.own.watch import Entry, Run
from hit_trackers.variants import Variant

#: Float32 (N, ...) in, the same out, in the order of the traced call.
Execute = Callable[[list[np.ndarray]], list[np.ndarray]]


class ExportedEngine(OwnEngine):
    """Entries that left PyTorch; what is called in `init` alone stays there."""

    def __init__(self, variant: Variant, modules: dict[str, nn.Module], device: str) -> None:
        self.kind = variant.part("engine")
        attention = variant.part("attention")
        if attention != "eager":
            raise EngineError(
                f"{variant.name}: {self.kind} plans attention itself, so {attention!r} would name "
                "what does not run"
            )
        if device != "cpu" or variant.part("precision") != "fp32":
            raise EngineError(
                f"{variant.name}: own trackers run in {self.kind} on a CPU and in float32 only"
            )
        super().__init__(variant, modules, device)
        self._load = {"onnx": _onnx_runtime, "openvino": _openvino}[self.kind]
        self.runtime = _version(self.kind)

    def wrap(self, entry: Entry, run: Run) -> Run:
        """As `OwnEngine.wrap`."""
        known: dict[Any, Run] = {}

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.starting:  # once per sequence
                return run(*args, **kwargs)
            key = signature(args, kwargs)
            if new := key not in known:
                known[key] = self._export(entry, run, args, kwargs)
            answer = known[key](*args, **kwargs)
            if new or self.proving:
                self.prove(entry, run, args, kwargs, answer)
            return answer

        return call

    def _export(self, entry: Entry, run: Run, args: Any, kwargs: Any) -> Run:
        """Trace a call, and load what was traced.

        Raises:
            EngineError: it cannot be traced, or this runtime cannot load it.
        """
        graph = _Traced(self.modules, run, args, kwargs)
        buffer: Any = io.BytesIO()  # which the exporter takes, whatever its annotation says
        names = [f"in{number}" for number in range(len(graph.inputs))]
        try:
            importlib.import_module("onnx")
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                torch.onnx.export(
                    graph,
                    tuple(graph.inputs),
                    buffer,
                    dynamo=False,
                    opset_version=OPSET,
                    input_names=names,
                    output_names=[f"out{number}" for number in range(graph.count)],
                )
            execute = self._load(buffer.getvalue())
        except ImportError as error:
            raise MissingDependencyError.of(error, self.kind) from error
        except Exception as error:  # of the tracer, the exporter or the runtime
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise EngineError(
                f"{self.variant.name}: {entry.name} cannot be executed by {self.kind}: "
                f"{type(error).__name__}: {reason[:200]}"
            ) from error

        def call(*args: Any, **kwargs: Any) -> Any:
            answers = iter(execute([tensor.numpy() for tensor in _tensors((args, kwargs))]))
            return mapped(graph.answer, lambda leaf: _next(answers) if _is(leaf) else leaf)

        return call


class _Traced(nn.Module):
    """A call as a module of the tensors among its arguments and its answers, and of nothing else.

    Attributes:
        inputs: those arguments.
        answer: what the call answers, as PyTorch computes it.
        count: tensors in it.
    """

    def __init__(self, modules: dict[str, nn.Module], run: Run, args: Any, kwargs: Any) -> None:
        super().__init__()
        # What holds the parameters has to be a part of what is traced.
        self._networks = nn.ModuleList(modules.values())
        self._run = run
        self._arguments = (args, kwargs)
        self.inputs = _tensors((args, kwargs))
        self.answer = run(*args, **kwargs)
        self.count = len(_tensors(self.answer))

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        given = iter(inputs)
        args, kwargs = mapped(self._arguments, lambda leaf: next(given) if _is(leaf) else leaf)
        return tuple(_tensors(self._run(*args, **kwargs)))


def _is(leaf: Any) -> bool:
    return isinstance(leaf, torch.Tensor)


def _tensors(value: Any) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    mapped(value, lambda leaf: found.append(leaf) if _is(leaf) else None)
    return found


def _next(answers: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(next(answers)))


def _onnx_runtime(content: bytes) -> Execute:
    runtime = load_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = runtime.InferenceSession(content, options, ["CPUExecutionProvider"])
    kept = [one.name for one in session.get_inputs()]

    def execute(inputs: list[np.ndarray]) -> list[np.ndarray]:
        given = {f"in{number}": value for number, value in enumerate(inputs)}
        # What does not decide the answer is no input of the graph.
        return list(session.run(None, {name: given[name] for name in kept}))

    return execute


def _openvino(content: bytes) -> Execute:
    openvino = importlib.import_module("openvino")
    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "ENABLE_CPU_PINNING": False,
    }
    model = core.compile_model(core.read_model(io.BytesIO(content)), "CPU", settings)
    held = [model.create_infer_request(), model]
    # It complains of objects that outlive it.
    atexit.register(held.clear)
    kept = [one.get_any_name() for one in model.inputs]
    count = len(model.outputs)
    del model

    def execute(inputs: list[np.ndarray]) -> list[np.ndarray]:
        given = {f"in{number}": np.ascontiguousarray(value) for number, value in enumerate(inputs)}
        found = held[0].infer({name: given[name] for name in kept})
        return [np.array(found[number]) for number in range(count)]  # its memory is used again

    return execute


def _version(kind: str) -> str:
    try:
        if kind == "onnx":
            return f"ONNX Runtime {load_runtime().__version__}, CPUExecutionProvider"
        return f"OpenVINO {importlib.import_module('openvino').__version__}, CPU"
    except ImportError as error:
        raise MissingDependencyError.of(error, kind) from error


def make(variant: Variant, modules: dict[str, nn.Module], device: str) -> ExportedEngine:
    """See `hit_trackers.own.engines.make_engine`."""
    return ExportedEngine(variant, modules, device)
