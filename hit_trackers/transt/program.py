"""TransT as an engine executes it, and the network made ready for that."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from hit_trackers.attention import for_large_maps, use
from hit_trackers.engines import EXPORTING
from hit_trackers.engines.eager import floating
from hit_trackers.engines.program import Program
from hit_trackers.layers.products import lay_out_widening
from hit_trackers.layers.sparing import spare
from hit_trackers.transt.network.fusion import Stream
from hit_trackers.transt.network.transt import Output, TransT
from hit_trackers.variants import Variant


def works_once(variant: Variant) -> bool:
    """Whether what no frame changes is computed once: positions, masks, the template's beginning.

    The same bits. The baseline computes it in every frame as the official tracker does, and
    `memeff` changes attention and nothing else.
    """
    return variant.part("attention") == "exact" or variant.part("engine") != "eager"


def spares(variant: Variant) -> bool:
    """Whether activations may overwrite what is not read again: the same bits, less memory."""
    plans = (*EXPORTING, "compile")  # these plan their memory themselves
    return works_once(variant) and variant.part("engine") not in plans


class TransTProgram(Program):
    """The outputs: box (4,) of the chosen cell, its probability, which cell, and two more.

    Those two are the cell's score after the window's penalty, which is the highest, and how far it
    is above the next one.
    """

    network: TransT
    window: Tensor
    #: A last bit can choose another cell.
    compared = slice(0, 5)
    #: The heads' last layers.
    float_nodes = ("class_embed", "bbox_embed")

    def __init__(self, network: TransT, once: bool) -> None:
        super().__init__(network)
        config = network.config
        self.search_size, self.template_size = config.search_size, config.template_size
        self.once = once
        hann = np.hanning(config.search_side)
        window = torch.from_numpy(np.outer(hann, hann).flatten() * config.window_penalty)
        self.register_buffer("window", window.to(self.mean.device), persistent=False)

    def colours(self, pixels: Tensor) -> Tensor:
        """As of `Program`: TransT multiplies by 1 / 255 where others divide, another rounding."""
        image = pixels.float().mul(1.0 / 255.0).clamp(0.0, 1.0).permute(2, 0, 1).unsqueeze(0)
        return image.sub(self.mean).div(self.deviation)

    def inputs(self, image: Tensor, patch: Tensor) -> Tensor:
        """The image in the layout that the official tracker's mask leaves it in, plane by plane."""
        return image.contiguous()

    def hold(self, template: Tensor) -> tuple[Tensor, ...]:
        """Features, positions and padding; with `once` tokens and positions after `begin`."""
        network = self.network
        features = network.features(template)
        position, padding = network.places(self.template_size, features)
        if self.once:
            begun = network.begin(network.stream(features, position, padding))
            return begun.tokens, begun.position
        assert padding is not None, "positions are kept by programs that work once"
        return features, position, padding

    def predict(self, search: Tensor, held: tuple[Tensor, ...]) -> Output:
        """Scores and boxes of all cells."""
        if self.once:
            tokens, position = held
            template = Stream(tokens, position, None)
        else:
            template = self.network.begin(self.network.stream(*held))
        return self.network.predict(search, template)

    def result(self, output: Output) -> Tensor:
        """float32 (8,): see the class; official `Tracker.track`, its window in float64."""
        logits = output.logits.float().permute(2, 1, 0).contiguous().view(2, -1).permute(1, 0)
        probability = logits.softmax(dim=1)[:, 0]
        penalised = probability * (1 - self.network.config.window_penalty) + self.window
        highest = penalised.topk(2).values
        # Selected, not indexed: an index that is a tensor of one number is read by the host.
        cell = penalised.argmax().view(1)
        parts = (
            output.boxes[0].index_select(0, cell)[0],
            probability.index_select(0, cell),
            cell,
            highest[:1],
            highest[:1] - highest[1:],
        )
        return torch.cat([part.float() for part in parts])


def make_program(network: TransT, variant: Variant, device: str) -> TransTProgram:
    """The program of a variant around a network whose weights are loaded.

    Raises:
        EngineError: PyTorch does not compute it in that precision.
    """
    network = network.eval().to(torch.device(device)).to(floating(variant))
    if works_once(variant):
        network.keep_places()
    if spares(variant):
        spare(network)
    use(network, for_large_maps(variant.part("attention"), device))
    program = TransTProgram(network, works_once(variant))
    program.looks_up_pixels = (
        spares(variant) and variant.part("engine") == "eager" and device == "cpu"
    )
    if program.looks_up_pixels:
        lay_out_widening(network.featurefusion_network)
    return program
