"""OpenVINO on a CPU."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import torch

from hit_trackers.engines.export import Execute, Exported, ExportedEngine
from hit_trackers.engines.program import Program
from hit_trackers.errors import EngineError, MissingDependencyError
from hit_trackers.variants import Variant

# Name in a tracker's name -> (OpenVINO's precision, the capability a processor must report).
PRECISIONS = {
    "fp32": ("f32", "FP32"),
    "bf16": ("bf16", "BF16"),
    "fp16": ("f16", "FP16"),
    "int8": ("f32", "INT8"),
}


_TOKENS = {name: token for token, (name, _) in PRECISIONS.items() if token != "int8"}


class OpenVinoEngine(ExportedEngine):
    """OpenVINO's CPU plugin on the exported network.

    Runs on as many threads as PyTorch is set to when the tracker is made.
    """

    kind = "openvino"

    def __init__(self, program: Program, variant: Variant, core: Any) -> None:
        self._core = core
        super().__init__(program, variant)

    def _load(self, exported: Exported, variant: Variant) -> Execute:
        # The precision is always asked for: by default OpenVINO takes bfloat16 where it is faster.
        settings = {
            "INFERENCE_PRECISION_HINT": PRECISIONS[variant.part("precision")][0],
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            # Pinned threads of two trackers in one process would fight for the same cores.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            model = self._core.compile_model(str(exported.path), "CPU", settings)
        except RuntimeError as error:
            raise EngineError(
                f"{variant.name}: OpenVINO cannot load {exported.path}: {_reason(error)}; "
                "delete the file if it may be damaged"
            ) from error
        request, output = model.create_infer_request(), model.output(0)
        computed = str(model.get_property("INFERENCE_PRECISION_HINT").to_string())
        self.precision = "int8" if exported.quantised else _TOKENS.get(computed, computed)
        self.runtime = f"OpenVINO {self._version()}, CPU"

        def execute(inputs: dict[str, np.ndarray]) -> np.ndarray:
            # Copied: its own memory is used again.
            return np.array(request.infer(inputs)[output], dtype=np.float32)

        return execute

    @staticmethod
    def _version() -> str:
        return str(importlib.import_module("openvino").__version__)


def _reason(error: Exception) -> str:
    """The end of its message: the beginning says where in its sources it was raised."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("Exception from")]
    return (said or lines or [type(error).__name__])[0][:200]


def make(program: Program, variant: Variant, device: str) -> OpenVinoEngine:
    """See `hit_trackers.engines.make_engine`."""
    try:
        openvino = importlib.import_module("openvino")
    except ImportError as error:
        raise MissingDependencyError(
            f"the openvino engine needs OpenVINO ({error}); install it with "
            "`pip install 'hit-trackers[openvino]'`"
        ) from error
    if device != "cpu":
        raise EngineError(
            f"{variant.name}: the openvino engine runs on a CPU, and this is {device!r}; on CUDA "
            f"use {variant.baseline}_graph"
        )
    core = openvino.Core()
    precision = variant.part("precision")
    capability = PRECISIONS[precision][1]
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if capability not in capabilities:
        raise EngineError(
            f"{variant.name}: this processor computes in {', '.join(capabilities)} only, and "
            f"OpenVINO would silently run float32 instead of {precision}"
        )
    return OpenVinoEngine(program, variant, core)
