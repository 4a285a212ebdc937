"""The part `machine`: what everything else was measured on."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import time
from typing import TYPE_CHECKING, Any

from toolkit_adapters.gpu.steps import Result, Step

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

#: What parts can do without, each poorer for it.
LIBRARIES = (
    *("triton", "cv2", "safetensors", "scipy", "filelock", "tqdm", "platformdirs", "simplejpeg"),
    *("tabulate", "matplotlib", "jinja2", "pytest", "pytest_timeout", "xdist"),
)
#: Seconds under load before clocks are read.
LOAD = 2.0


def steps() -> list[Step]:
    """See `parts.PARTS`."""
    return [
        Step("facts", _facts),
        Step("libraries", _libraries),
        Step("defaults", _defaults),
        Step("clocks", _clocks),
    ]


def _facts(device: Device) -> Result:
    from toolkit_adapters.records.provenance import commit, device_name

    return {
        **device.facts(),
        "host": device_name("cpu"),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "commit": commit(),
    }


def _libraries(device: Device) -> Result:
    found: dict[str, Any] = {}
    for name in LIBRARIES:
        here = importlib.util.find_spec(name) is not None
        found[name] = "present" if here else "missing"
    for name in ("torch", "triton", "numpy"):
        try:
            found[f"{name} version"] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _defaults(device: Device) -> Result:
    import torch

    return {
        "convolutions_may_round_to_tf32": bool(torch.backends.cudnn.allow_tf32),
        "products_may_round_to_tf32": bool(torch.backends.cuda.matmul.allow_tf32),
        "cudnn_benchmark": bool(torch.backends.cudnn.benchmark),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def _clocks(device: Device) -> Result:
    """Idle, then under matrix products."""
    import torch

    nvml = device.nvml
    idle = nvml.sample()
    side = 64 if device.rehearsal else 4096
    square = torch.randn(side, side, device=device.torch_name)
    samples: list[dict[str, Any]] = []
    end = time.monotonic() + (0 if device.rehearsal else LOAD)
    while not samples or time.monotonic() < end:
        for _ in range(8):
            square @ square
        samples.append(nvml.sample())
        device.synchronise()
    return {"driver": nvml.driver(), "idle": idle, "busy": samples[len(samples) // 2 :][-4:]}
