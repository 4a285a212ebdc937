"""Operator by operator, as the official tracker runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from hit_trackers.engines.pixels import table
from hit_trackers.engines.program import Program, Tensors
from hit_trackers.errors import EngineError
from hit_trackers.variants import Variant

#: Of a floating precision, by its token.
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def precision_of(dtype: torch.dtype) -> str:
    """The token of a network's type of numbers."""
    return next((token for token, known in DTYPES.items() if known is dtype), str(dtype))


def floating(variant: Variant) -> torch.dtype:
    """The type of numbers of a variant's precision.

    Raises:
        EngineError: PyTorch's engines do not compute in it.
    """
    precision = variant.part("precision")
    if precision not in DTYPES:
        raise EngineError(
            f"{variant.name}: PyTorch's engines have no {precision}; use the onnx or openvino "
            f"engine ({variant.baseline}_openvino_{precision})"
        )
    return DTYPES[precision]


def pytorch(device: torch.device) -> str:
    """PyTorch's version and a device, as a runtime."""
    return f"PyTorch {torch.__version__}, {device}"


def weights_bytes(module: nn.Module) -> int:
    """Bytes of parameters and buffers, storages counted once.

    A module that keeps weights in a second layout says so by an attribute `packed_bytes`.
    """
    tensors = [*module.parameters(), *module.buffers()]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    packed = sum(int(getattr(part, "packed_bytes", 0)) for part in module.modules())
    return sum(storages.values()) + packed


class EagerEngine:
    """PyTorch, one operator after the other; any attention operator, any floating precision."""

    kind = "eager"
    network_seconds = math.nan
    device_seconds = math.nan
    patch_buffer: np.ndarray | None = None

    def __init__(self, program: Program, device: str) -> None:
        self.device = torch.device(device)
        self.program = program
        self.precision = precision_of(program.dtype)
        self.runtime = pytorch(self.device)
        self.values = table(program.colours) if program.looks_up_pixels else None
        self.held: Tensors | None = None
        self.events: tuple[torch.cuda.Event, torch.cuda.Event] | None = None
        if self.device.type == "cuda":
            self.events = (torch.cuda.Event(True), torch.cuda.Event(True))

    @property
    def weights_bytes(self) -> int | None:
        """Counted when asked: some layouts are made at the first update."""
        return weights_bytes(self.program.network)

    def normalise(self, patch: np.ndarray) -> Tensors:
        """uint8 ([n,] S, S, C) -> what the network reads, on the device."""
        if self.values is not None and patch.ndim == 3:
            import cv2  # not above: on a GPU a network runs without it

            found = torch.from_numpy(cv2.LUT(patch[..., :3], self.values))
            image = found.permute(2, 0, 1).unsqueeze(0).to(self.program.dtype)
            return self.program.inputs(image, torch.from_numpy(patch))
        return self.program.normalise(torch.from_numpy(patch).to(self.device))

    @torch.inference_mode()
    def set_template(self, patch: np.ndarray) -> None:
        """Normalise the templates, and keep of them what the program holds."""
        self.held = self.program.hold(self.normalise(patch))

    @torch.inference_mode()
    def run(self, patch: np.ndarray) -> np.ndarray:
        """One search region; see `Engine.run`."""
        assert self.held is not None, "init() comes before update()"
        search = self.normalise(patch)
        start = time.perf_counter()
        if self.events is None:
            output = self.program.predict(search, self.held)
            self.network_seconds = time.perf_counter() - start
            return self.program.result(output).numpy()
        self.events[0].record()
        output = self.program.predict(search, self.held)
        self.events[1].record()
        values = self.program.result(output).cpu()  # waits for the stream, and so for the events
        self.network_seconds = time.perf_counter() - start
        self.device_seconds = self.events[0].elapsed_time(self.events[1]) / 1e3
        return values.numpy()

    def workloads(self, patch: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """The frame, and the network alone with its input on the device."""
        held = self.held
        assert held is not None, "init() comes before update()"
        with torch.no_grad():
            search = self.normalise(patch)
        return {
            "frame": lambda: self.run(patch),
            "network": lambda: self.program.predict(search, held),
        }


def make(program: Program, variant: Variant, device: str) -> EagerEngine:
    """See `hit_trackers.engines.make_engine`."""
    return EagerEngine(program, device)
