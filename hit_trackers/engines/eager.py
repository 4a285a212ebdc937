"""Operator by operator, as the official tracker runs."""

from __future__ import annotations

import math
import time

import cv2
import numpy as np
import torch
from torch import Tensor

from hit_trackers.attention import OPERATORS, fused
from hit_trackers.errors import EngineError
from hit_trackers.hit.frame import DEVIATION, MEAN, normalise, normalised_values, result
from hit_trackers.hit.network.hit import HiT, Output
from hit_trackers.zoo import TrackerSpec

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def prepare(network: HiT, spec: TrackerSpec, device: torch.device) -> HiT:
    """Place a loaded network on its device, in the precision and with the operator of `spec`.

    Raises:
        EngineError: PyTorch does not compute this network in that precision, or on that device.
    """
    if spec.precision not in DTYPES:
        raise EngineError(
            f"{spec.name}: PyTorch's engines have no {spec.precision}; use the onnx or openvino "
            f"engine (hit_{spec.size}_openvino_{spec.precision})"
        )
    if spec.attention == "fused":
        fused.require(device, spec.precision)
    # Norms are folded in float32; the bias follows in the precision of the weights.
    network = network.to(device).prepare()
    if spec.in_place:
        network.work_in_place()
    return network.to(DTYPES[spec.precision]).use(OPERATORS[spec.attention])


class EagerEngine:
    """PyTorch, one operator after the other; any attention operator, any floating precision."""

    network_seconds = math.nan
    device_seconds = math.nan
    patch_buffer: np.ndarray | None = None

    def __init__(self, network: HiT, spec: TrackerSpec, device: str) -> None:
        self.device = torch.device(device)
        self.network = prepare(network, spec, self.device)
        self.dtype = DTYPES[spec.precision]
        self.caches_template = spec.caches_template
        self.mean = torch.tensor(MEAN, device=self.device).view(1, 3, 1, 1)
        self.deviation = torch.tensor(DEVIATION, device=self.device).view(1, 3, 1, 1)
        on_cpu = self.device.type == "cpu"
        if spec.in_place and on_cpu and self.dtype == torch.float32:
            self.network.backbone.body.rearrange_products()
        self.values = normalised_values() if spec.in_place and on_cpu else None
        self.template: Tensor | None = None
        self.events: tuple[torch.cuda.Event, torch.cuda.Event] | None = None
        if self.device.type == "cuda":
            self.events = (torch.cuda.Event(True), torch.cuda.Event(True))

    def normalise(self, patch: np.ndarray) -> Tensor:
        """RGB uint8 (S, S, 3) -> (1, 3, S, S) on the device."""
        if self.values is not None:
            image = torch.from_numpy(cv2.LUT(patch, self.values))
            return image.permute(2, 0, 1).unsqueeze(0).to(self.dtype)
        image = torch.from_numpy(patch).to(self.device)
        return normalise(image, self.mean, self.deviation).to(self.dtype)

    @torch.inference_mode()
    def set_template(self, patch: np.ndarray) -> None:
        """Normalise the template, and embed it where that is cached."""
        template = self.normalise(patch)
        self.template = self.network.embed(template) if self.caches_template else template

    def forward(self, search: Tensor) -> Output:
        """The network scope: normalised search region in, boxes and corner probabilities out."""
        assert self.template is not None, "init() comes before update()"
        if self.caches_template:
            return self.network.predict(self.network.embed(search), self.template)
        return self.network(search, self.template)

    @torch.inference_mode()
    def run(self, patch: np.ndarray) -> np.ndarray:
        """One search region; see `Engine.run`."""
        search = self.normalise(patch)
        start = time.perf_counter()
        if self.events is None:
            output = self.forward(search)
            self.network_seconds = time.perf_counter() - start
            return result(output).numpy()
        self.events[0].record()
        output = self.forward(search)
        self.events[1].record()
        values = result(output).cpu()  # waits for the stream, so the events have happened too
        self.network_seconds = time.perf_counter() - start
        self.device_seconds = self.events[0].elapsed_time(self.events[1]) / 1e3
        return values.numpy()


def make(network: HiT, spec: TrackerSpec, device: str) -> EagerEngine:
    """See `hit_trackers.engines.make_engine`."""
    return EagerEngine(network, spec, device)
