"""What an engine executes: a family's network as pixels in, a few numbers out."""

from __future__ import annotations

import abc
from typing import Any

import torch
from torch import Tensor, nn

from hit_trackers.engines.pixels import DEVIATION, MEAN, normalise


class Program(nn.Module, abc.ABC):
    """A network whose weights are loaded, placed on its device in its precision.

    A frame is one copy to the device and one back: normalisation and the reduction to a few numbers
    are inside. What the template leaves to a frame (tokens, or the normalised image itself where
    the official tracker computes it anew each time) is held by the engine.

    Attributes:
        search_size, template_size: sides of the patches, in pixels.
        dtype: of the network's input.
        looks_up_pixels: a CPU may normalise by a table of the 256 values; the same bits.
        float_nodes: parts of names of exported convolutions that 8 bits would spoil.
    """

    search_size: int
    template_size: int
    looks_up_pixels = False
    float_nodes: tuple[str, ...] = ()
    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        weight = next(network.parameters())
        self.dtype = weight.dtype
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            constant = torch.tensor(values, device=weight.device).view(1, 3, 1, 1)
            self.register_buffer(name, constant, persistent=False)

    def normalise(self, patch: Tensor) -> Tensor:
        """RGB uint8 (S, S, 3) -> what the network reads, (1, 3, S, S) of `dtype`."""
        return normalise(patch, self.mean, self.deviation).to(self.dtype)

    @abc.abstractmethod
    def hold(self, template: Tensor) -> Tensor:
        """What is kept of a normalised template; called once per sequence."""

    @abc.abstractmethod
    def predict(self, search: Tensor, held: Tensor) -> Any:
        """The network scope: a normalised search region and what `hold` kept -> its outputs."""

    @abc.abstractmethod
    def result(self, output: Any) -> Tensor:
        """Everything the host needs of a frame: float32 (K,), the box in the first four."""

    def embed(self, patch: Tensor) -> Tensor:
        """A template, RGB uint8 (T, T, 3) -> what is kept of it."""
        return self.hold(self.normalise(patch))

    def forward(self, patch: Tensor, held: Tensor) -> Tensor:
        """A search region, RGB uint8 (S, S, 3) -> float32 (K,)."""
        return self.result(self.predict(self.normalise(patch), held))
