"""ONNX Runtime on a CPU, or on CUDA where its CUDA package is installed."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import torch

from hit_trackers.engines.export import Execute, Exported, ExportedEngine
from hit_trackers.engines.program import Program
from hit_trackers.errors import EngineError, MissingDependencyError
from hit_trackers.variants import Variant

PRECISIONS = ("fp32", "int8")


class OnnxEngine(ExportedEngine):
    """An ONNX Runtime session on the exported network.

    Runs on as many threads as PyTorch is set to when the tracker is made. ONNX Runtime gives no
    device times, so `device_seconds` is NaN on CUDA too.
    """

    kind = "onnx"

    def __init__(
        self, program: Program, variant: Variant, providers: list[tuple[str, dict[str, str]]]
    ) -> None:
        self._providers = providers
        super().__init__(program, variant)

    def _load(self, exported: Exported, variant: Variant) -> Execute:
        runtime = load_runtime()
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # warnings about its own optimisations
        wanted = self._providers[0][0]
        try:
            session = runtime.InferenceSession(
                str(exported.path), options, providers=self._providers
            )
        except Exception as error:  # its exceptions share no base class of their own
            raise EngineError(
                f"{variant.name}: ONNX Runtime {runtime.__version__} cannot load {exported.path}: "
                f"{str(error).splitlines()[0]}; delete the file if it may be damaged"
            ) from error
        # A provider that cannot start is replaced by the CPU without a word.
        if session.get_providers()[0] != wanted:
            raise EngineError(
                f"{variant.name}: ONNX Runtime did not start {wanted}, only "
                f"{', '.join(session.get_providers())}; are its libraries installed?"
            )
        self.precision = "int8" if exported.quantised else "fp32"
        self.runtime = f"ONNX Runtime {runtime.__version__}, {wanted}"
        return lambda inputs: np.asarray(session.run(None, inputs)[0])


def load_runtime() -> Any:
    """The onnxruntime package.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingDependencyError(
            f"the onnx engine needs ONNX Runtime ({error}); install it with "
            "`pip install 'hit-trackers[onnx]'`"
        ) from error


def make(program: Program, variant: Variant, device: str) -> OnnxEngine:
    """See `hit_trackers.engines.make_engine`."""
    runtime = load_runtime()
    precision = variant.part("precision")
    if precision not in PRECISIONS:
        raise EngineError(
            f"{variant.name}: the onnx engine computes in {' or '.join(PRECISIONS)}; for "
            f"{precision} use {variant.baseline}_openvino_{precision} on a CPU or "
            f"{variant.baseline}_{precision} on CUDA"
        )
    provider: tuple[str, dict[str, str]] = ("CPUExecutionProvider", {})
    if device.startswith("cuda"):
        index = device.partition(":")[2] or "0"
        # TF32 would be another precision under the name of float32.
        provider = ("CUDAExecutionProvider", {"device_id": index, "use_tf32": "0"})
    if provider[0] not in runtime.get_available_providers():
        raise EngineError(
            f"{variant.name}: this ONNX Runtime {runtime.__version__} has no {provider[0]} (it has "
            f"{', '.join(runtime.get_available_providers())}); onnxruntime-gpu brings it, or use "
            "--device cpu"
        )
    return OnnxEngine(program, variant, [provider])
