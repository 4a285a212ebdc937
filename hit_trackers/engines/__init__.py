"""Engines: how the network is executed. One module each, found by its token in a tracker's name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from hit_trackers.hit.network.hit import HiT
    from hit_trackers.zoo import TrackerSpec

_MODULES = {
    "eager": "eager",
    "graph": "cuda_graph",
    "compile": "compiled",
    "onnx": "onnx",
    "openvino": "openvino",
    "tensorrt": "tensorrt",
}


class Engine(Protocol):
    """Executes a network for one template at a time.

    Attributes:
        network_seconds: wall seconds of the last `run`, patch on the device in, box out.
        device_seconds: the same between two CUDA events; NaN on a CPU.
        patch_buffer: where a search region is best cut, to spare a copy; None: anywhere.
    """

    network_seconds: float
    device_seconds: float
    patch_buffer: np.ndarray | None

    def set_template(self, patch: np.ndarray) -> None:
        """Hold a template: RGB uint8 (128, 128, 3)."""

    def run(self, patch: np.ndarray) -> np.ndarray:
        """Search region RGB uint8 (256, 256, 3) -> float32 (6,).

        Centre x, centre y, width, height as fractions of the search region; then the highest
        probability of the top-left and of the bottom-right corner.
        """


def make_engine(network: HiT, spec: TrackerSpec, device: str) -> Engine:
    """The engine of `spec` around a network whose weights are loaded.

    Raises:
        MissingDependencyError: its library is not installed; names the extra.
        EngineError: it cannot run on `device`.
    """
    module = importlib.import_module(f"{__name__}.{_MODULES[spec.engine]}")
    engine: Engine = module.make(network, spec, device)
    return engine
