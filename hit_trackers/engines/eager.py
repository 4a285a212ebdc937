"""Operator by operator, as the official tracker runs."""

from __future__ import annotations

import math
import time

import numpy as np
import torch
from torch import Tensor

from hit_trackers.attention import OPERATORS
from hit_trackers.errors import EngineError
from hit_trackers.network.hit import HiT, Output
from hit_trackers.zoo import TrackerSpec

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


class EagerEngine:
    """PyTorch, one operator after the other; any attention operator, any floating precision."""

    network_seconds = math.nan
    device_seconds = math.nan

    def __init__(self, network: HiT, spec: TrackerSpec, device: str) -> None:
        if spec.precision not in DTYPES:
            raise EngineError(
                f"{spec.name}: the eager engine has no {spec.precision}; use the onnx or openvino "
                f"engine (hit_{spec.size}_openvino_{spec.precision})"
            )
        self.device = torch.device(device)
        self.dtype = DTYPES[spec.precision]
        # Norms are folded in float32; the bias follows in the precision of the weights.
        network = network.to(self.device).prepare()
        self.network = network.to(self.dtype).use(OPERATORS[spec.attention])
        self.caches_template = spec.caches_template
        self.mean = torch.tensor(MEAN, device=self.device).view(1, 3, 1, 1)
        self.deviation = torch.tensor(DEVIATION, device=self.device).view(1, 3, 1, 1)
        self.template: Tensor | None = None
        self.events: tuple[torch.cuda.Event, torch.cuda.Event] | None = None
        if self.device.type == "cuda":
            self.events = (torch.cuda.Event(True), torch.cuda.Event(True))

    def normalise(self, patch: np.ndarray) -> Tensor:
        """RGB uint8 (S, S, 3) -> (1, 3, S, S) on the device.

        Official `Preprocessor.process`; the permuted layout it leaves decides which convolution
        kernels run, so it is part of the computation.
        """
        image = torch.from_numpy(patch).to(self.device).float().permute(2, 0, 1).unsqueeze(0)
        return (((image / 255.0) - self.mean) / self.deviation).to(self.dtype)

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


def result(output: Output) -> Tensor:
    """Everything the host needs of a frame, in one float32 (6,) tensor: box and both peaks."""
    # The official tracker averages over its queries, of which there is one.
    box = output.boxes.view(-1, 4).mean(dim=0)
    peaks = torch.stack((output.top_left.amax(), output.bottom_right.amax()))
    return torch.cat((box, peaks)).float()


def make(network: HiT, spec: TrackerSpec, device: str) -> EagerEngine:
    """See `hit_trackers.engines.make_engine`."""
    return EagerEngine(network, spec, device)
