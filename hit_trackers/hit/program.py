"""HiT as an engine executes it, and the network made ready for that."""

from __future__ import annotations

import torch
from torch import Tensor

from hit_trackers.attention import OPERATORS, fused
from hit_trackers.engines import EXPORTING
from hit_trackers.engines.eager import floating
from hit_trackers.engines.program import Program, Tensors
from hit_trackers.hit.network import triton_block, triton_layers
from hit_trackers.hit.network.hit import HiT, Output
from hit_trackers.variants import Variant


def caches_template(variant: Variant) -> bool:
    """Whether the template's patch embedding is computed once per sequence.

    Each patch passes the embedding alone, so caching changes no bit. The baseline recomputes it as
    the official tracker does, and `memeff` changes attention and nothing else, as the paper.
    """
    return variant.part("attention") == "exact" or variant.part("engine") != "eager"


def works_in_place(variant: Variant) -> bool:
    """Whether activations may overwrite what is not read again: the same bits, less memory.

    For the same trackers, and for the same reason, as `caches_template`; other runtimes plan their
    memory themselves.
    """
    return caches_template(variant) and variant.part("engine") not in EXPORTING


def prepare(network: HiT, variant: Variant, device: torch.device) -> HiT:
    """Place a loaded network on its device, in the precision and with the operator of a variant.

    Raises:
        EngineError: PyTorch does not compute this network in that precision, or on that device.
    """
    dtype = floating(variant)
    if variant.part("attention") == "fused":
        fused.require(device, variant.part("precision"))
    # Norms are folded in float32; the bias follows in the precision of the weights.
    network = network.to(device).prepare()
    if variant.part("layers") == "triton":
        triton_layers.require(device, variant.part("precision"))
    if works_in_place(variant):
        network.work_in_place()
    return network.to(dtype).use(OPERATORS[variant.part("attention")])


class HitProgram(Program):
    """The outputs: box (4,), then the highest probability of each corner map."""

    network: HiT
    #: The corner maps' last layers.
    float_nodes = ("conv5_",)

    def __init__(self, network: HiT, caches: bool) -> None:
        super().__init__(network)
        self.search_size = network.config.search_size
        self.template_size = network.config.template_size
        self.caches_template = caches
        self.reads_pixels = False

    def normalise(self, patch: Tensor) -> Tensors:
        """As of `Program`; pixels as they are where the network's first kernel normalises them."""
        return patch if self.reads_pixels else super().normalise(patch)

    def hold(self, template: Tensor) -> Tensor:
        """Tokens (1, (T / 16)^2, C) where they are cached, else the image."""
        return self.network.embed(template) if self.caches_template else template

    def predict(self, search: Tensor, held: Tensor) -> Output:
        """Boxes and corner probabilities."""
        if self.caches_template:
            return self.network.predict(self.network.embed(search), held)
        output: Output = self.network(search, held)
        return output

    def result(self, output: Output) -> Tensor:
        """float32 (6,): box and both peaks."""
        # The official tracker averages over its queries, of which there is one.
        box = output.boxes.view(-1, 4).mean(dim=0)
        peaks = torch.stack((output.top_left.amax(), output.bottom_right.amax()))
        return torch.cat((box, peaks)).float()


def make_program(network: HiT, variant: Variant, device: str) -> HitProgram:
    """The program of a variant around a network whose weights are loaded."""
    where = torch.device(device)
    program = HitProgram(prepare(network, variant, where), caches_template(variant))
    if variant.part("layers") == "triton":
        triton_layers.use(program.network, program.mean, program.deviation)
        if variant.part("attention") == "fused":
            triton_block.use(program.network)
        program.reads_pixels = True
    on_cpu_in_place = works_in_place(variant) and where.type == "cpu"
    if on_cpu_in_place and variant.part("engine") == "eager":
        program.looks_up_pixels = True
        if program.dtype == torch.float32:
            program.network.backbone.body.rearrange_products()
    return program
