"""What an engine executes: a family's network as pixels in, a few numbers out."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from hit_trackers.engines.pixels import DEVIATION, MEAN, normalise

#: One tensor, or several in a fixed order.
Tensors: TypeAlias = Tensor | tuple[Tensor, ...]


class Program(nn.Module, abc.ABC):
    """A network whose weights are loaded, placed on its device in its precision.

    A frame is one copy to the device and one back: normalisation and the reduction to a few numbers
    are inside. What the template leaves to a frame (tokens, or the normalised image itself where
    the official tracker computes it anew each time) is held by the engine.

    Attributes:
        search_size, template_size: sides of the patches, in pixels.
        channels: of a patch: 3 is RGB; a fourth holds 255 where a pixel lies outside the image, for
            networks that are told which pixels are padding.
        templates: how many there are at first, the first frame's among them. None: a template is
            a patch (T, T, C). A number: several of them, (n, T, T, C), and n may change.
        compared: outputs that another runtime must reproduce within rounding. Left out is what one
            rounding can change altogether, such as the number of a cell.
        dtype: of the network's input.
        looks_up_pixels: a CPU may normalise by a table of the 256 values; the same bits.
        float_nodes: parts of names of exported convolutions that 8 bits would spoil.
    """

    search_size: int
    template_size: int
    channels = 3
    templates: int | None = None
    compared = slice(None)
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

    @property
    def search_shape(self) -> tuple[int, ...]:
        """Of a search region: (S, S, C)."""
        return (self.search_size, self.search_size, self.channels)

    @property
    def template_shape(self) -> tuple[int, ...]:
        """Of what `embed` is given at first: (T, T, C) or (n, T, T, C)."""
        shape = (self.template_size, self.template_size, self.channels)
        return shape if self.templates is None else (self.templates, *shape)

    def colours(self, pixels: Tensor) -> Tensor:
        """RGB uint8 ([n,] S, S, 3) -> float32 (n, 3, S, S): each value by itself.

        A family that normalises otherwise replaces this.
        """
        return normalise(pixels, self.mean, self.deviation)

    def inputs(self, image: Tensor, patch: Tensor) -> Tensors:
        """What the network reads: the normalised image (n, 3, S, S), here, and nothing else.

        A family whose network is told of padding adds what it makes of `patch`'s fourth channel.
        """
        return image

    def normalise(self, patch: Tensor) -> Tensors:
        """A patch, or several: uint8 ([n,] S, S, C) -> what the network reads, in `dtype`."""
        pixels = patch if self.channels == 3 else patch[..., :3]
        return self.inputs(self.colours(pixels).to(self.dtype), patch)

    @abc.abstractmethod
    def hold(self, template: Any) -> Tensors:
        """What is kept of normalised templates; called at first and whenever they change."""

    @abc.abstractmethod
    def predict(self, search: Any, held: Any) -> Any:
        """The network scope: a normalised search region and what `hold` kept -> its outputs."""

    @abc.abstractmethod
    def result(self, output: Any) -> Tensor:
        """Everything the host needs of a frame: float32 (K,), the box in the first four."""

    def embed(self, patch: Tensor) -> Tensors:
        """Templates, uint8 ([n,] T, T, C) -> what is kept of them."""
        return self.hold(self.normalise(patch))

    def forward(self, patch: Tensor, held: Tensors) -> Tensor:
        """A search region, uint8 (S, S, C) -> float32 (K,)."""
        return self.result(self.predict(self.normalise(patch), held))


def each(tensors: Tensors) -> tuple[Tensor, ...]:
    """Tensors as a tuple."""
    return tensors if isinstance(tensors, tuple) else (tensors,)


def apply(function: Callable[[Tensor], Tensor], tensors: Tensors) -> Tensors:
    """A function of each tensor, in the form they are given in."""
    if isinstance(tensors, tuple):
        return tuple(function(tensor) for tensor in tensors)
    return function(tensors)
