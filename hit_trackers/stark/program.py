"""STARK as an engine executes it, and the network made ready for that."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hit_trackers.attention import for_large_maps, use
from hit_trackers.engines import EXPORTING
from hit_trackers.engines.eager import floating
from hit_trackers.engines.program import Program, Tensors, each
from hit_trackers.layers.products import lay_out_widening
from hit_trackers.layers.sparing import spare
from hit_trackers.stark.network.lightning import Lightning
from hit_trackers.stark.network.stark import Output, Stark, Tokens, join
from hit_trackers.variants import Variant


def spares(variant: Variant) -> bool:
    """Whether activations may overwrite what is not read again: the same bits, less memory."""
    changed = variant.part("attention") == "exact" or variant.part("engine") != "eager"
    plans = (*EXPORTING, "compile")  # these plan their memory themselves
    return changed and variant.part("engine") not in plans


class StarkProgram(Program):
    """The outputs: box (4,), both corners' highest probability, and of ST the score.

    What is held: tokens, padding and positions of all templates.
    """

    network: Stark | Lightning
    channels = 4
    #: The corner maps' last layers.
    float_nodes = ("conv5_", "conv_tower.2")

    def __init__(self, network: Stark | Lightning) -> None:
        super().__init__(network)
        config = network.config
        self.search_size, self.template_size = config.search_size, config.template_size
        self.templates = 2 if config.templates == 2 else None

    def inputs(self, image: Tensor, patch: Tensor) -> tuple[Tensor, Tensor]:
        """The image, and which pixels are padding, bool (n, S, S)."""
        mask = patch[..., 3] > 0
        return image, mask if mask.dim() == 3 else mask.unsqueeze(0)

    def normalise(self, patch: Tensor) -> Tensors:
        """As of `Program`: image and mask; of templates by turns, each by itself.

        As official, for that decides the layout of an image, and the layout which convolution
        kernels run, and so the bits.
        """
        if patch.dim() == 3:
            return super().normalise(patch)
        parts: list[Tensor] = []
        for one in patch:
            parts += each(super().normalise(one))
        return tuple(parts)

    def hold(self, template: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Of every template's image and mask."""
        pairs = zip(template[0::2], template[1::2], strict=True)
        return tuple(join([self.network.embed(image, mask) for image, mask in pairs]))

    def predict(self, search: tuple[Tensor, Tensor], held: tuple[Tensor, ...]) -> Output:
        """A box, where it comes from, and of ST how sure that is."""
        return self.network.predict(Tokens(*held), self.network.embed(*search))

    def result(self, output: Output) -> Tensor:
        """float32 (6,) or (7,): see the class."""
        # The official tracker averages over its queries, of which there is one.
        parts = [output.boxes.view(-1, 4).mean(dim=0)]
        parts += [probabilities.amax().view(1) for probabilities in output[1:3]]
        if output.logits is not None:
            parts.append(output.logits.view(-1).sigmoid())
        return torch.cat(parts).float()


def make_program(network: Any, variant: Variant, device: str) -> StarkProgram:
    """The program of a variant around a network whose weights are loaded.

    Raises:
        EngineError: PyTorch does not compute it in that precision.
    """
    network = network.eval().to(torch.device(device)).to(floating(variant))
    in_place = spares(variant)
    eager_on_cpu = variant.part("engine") == "eager" and device == "cpu"
    if in_place:
        spare(network)
        if eager_on_cpu:
            network.look()
    use(network, for_large_maps(variant.part("attention"), device))
    program = StarkProgram(network)
    program.looks_up_pixels = in_place and eager_on_cpu
    if program.looks_up_pixels:
        lay_out_widening(network.transformer)
    return program
