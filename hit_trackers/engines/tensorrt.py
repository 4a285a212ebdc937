"""TensorRT, through ONNX Runtime's provider; optional, and refused where it is not installed."""

from __future__ import annotations

from hit_trackers.engines.export import cache_folder
from hit_trackers.engines.onnx import OnnxEngine, load_runtime
from hit_trackers.engines.program import Program
from hit_trackers.errors import EngineError
from hit_trackers.variants import Variant

PROVIDER = "TensorrtExecutionProvider"
PRECISIONS = ("fp32", "fp16")


def make(program: Program, variant: Variant, device: str) -> OnnxEngine:
    """See `hit_trackers.engines.make_engine`."""
    runtime = load_runtime()
    if not device.startswith("cuda"):
        raise EngineError(f"{variant.name}: TensorRT needs a CUDA device, and this is {device!r}")
    if variant.part("precision") not in PRECISIONS:
        raise EngineError(
            f"{variant.name}: the tensorrt engine computes in {' or '.join(PRECISIONS)}"
        )
    if PROVIDER not in runtime.get_available_providers():
        raise EngineError(
            f"{variant.name}: this ONNX Runtime {runtime.__version__} has no {PROVIDER}; "
            "onnxruntime-gpu with TensorRT's libraries brings it"
        )
    options = {
        "device_id": device.partition(":")[2] or "0",
        "trt_fp16_enable": str(variant.part("precision") == "fp16"),
        # Building an engine takes minutes; TensorRT keys the cache by graph, version and GPU.
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(cache_folder().with_name("tensorrt")),
    }
    engine = OnnxEngine(program, variant, [(PROVIDER, options)])
    # The precision is an option of the provider, which shows it nowhere else.
    engine.kind, engine.precision = "tensorrt", variant.part("precision")
    return engine
