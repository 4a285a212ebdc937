"""MixFormer as an engine executes it, and the network made ready for that."""

from __future__ import annotations

import torch
from torch import Tensor

from hit_trackers.attention import for_large_maps, use
from hit_trackers.engines import EXPORTING
from hit_trackers.engines.eager import floating
from hit_trackers.engines.program import Program, Tensors
from hit_trackers.layers.products import FROM_64, lay_out_widening
from hit_trackers.mixformer.config import setting_of
from hit_trackers.mixformer.network.mixformer import MixFormer, Output
from hit_trackers.mixformer.network.vit import MixViT
from hit_trackers.variants import Variant


def works_in_place(variant: Variant) -> bool:
    """Whether activations may overwrite what is not read again: the same bits, less memory."""
    changed = variant.part("attention") == "exact" or variant.part("engine") != "eager"
    return changed and variant.part("engine") not in EXPORTING


def keeps_templates(variant: Variant) -> bool:
    """Whether templates are run through the network once, and their keys and values kept.

    Officially so with more than one online template. With one, MixViT's bits are the same either
    way, given the layouts, and so `exact` keeps them, too; MixCvT's are not.
    """
    if setting_of(variant.part("size"), variant.part("setting")).online > 1:
        return True
    return variant.part("size").startswith("vit") and works_in_place(variant)


class MixFormerProgram(Program):
    """The outputs: box (4,), then the score after sigmoid.

    What is held: both normalised templates, or features of the first and what each block keeps.
    """

    network: MixFormer
    templates = 2
    #: The corner maps' last layers.
    float_nodes = ("conv5_",)

    def __init__(self, network: MixFormer, keeps: bool) -> None:
        super().__init__(network)
        self.search_size = network.config.search_size
        self.template_size = network.config.template_size
        self.keeps = keeps

    def normalise(self, patch: Tensor) -> Tensors:
        """As of `Program`; of templates each by itself, for that decides their layout.

        And the layout decides which convolution kernels run, and so the bits.
        """
        if patch.dim() == 4:
            return tuple(self._image(one) for one in patch)
        return self._image(patch)

    def _image(self, patch: Tensor) -> Tensor:
        image = super().normalise(patch)
        assert isinstance(image, Tensor)
        return image

    def hold(self, template: tuple[Tensor, ...]) -> Tensors:
        """Of all templates, (1, 3, T, T) each, the first frame's first."""
        first, *others = template
        online = others[0] if len(others) == 1 else torch.cat(others)
        return self.network.keep(first, online) if self.keeps else (first, online)

    def predict(self, search: Tensor, held: tuple[Tensor, ...]) -> Output:
        """A box and its score."""
        if self.keeps:
            return self.network.search(search, held)
        output: Output = self.network(held[0], held[1], search)
        return output

    def result(self, output: Output) -> Tensor:
        """float32 (5,): box and score."""
        return torch.cat((output.boxes.view(-1, 4).mean(dim=0), output.scores.sigmoid())).float()


def make_program(network: MixFormer, variant: Variant, device: str) -> MixFormerProgram:
    """The program of a variant around a network whose weights are loaded.

    Raises:
        EngineError: PyTorch does not compute it in that precision.
    """
    network = network.eval().to(torch.device(device)).to(floating(variant))
    keeps = keeps_templates(variant)
    if works_in_place(variant):
        network.work_in_place()
    backbone = network.backbone
    if isinstance(backbone, MixViT):
        official = setting_of(variant.part("size"), variant.part("setting")).online > 1
        backbone.keeps_bits = keeps and not official
    use(network, for_large_maps(variant.part("attention"), device))
    program = MixFormerProgram(network, keeps)
    eager = variant.part("engine") == "eager"
    program.looks_up_pixels = works_in_place(variant) and eager and device == "cpu"
    if program.looks_up_pixels:
        region = network.config.feature_side**2
        # Not for calls with templates, which are rare: of MixViT all tokens, else the fewest.
        if isinstance(backbone, MixViT) and backbone.keeps_bits:
            whole = region + MixFormerProgram.templates * network.config.template_side**2
            lay_out_widening(backbone, range(region, whole), whole)
        else:
            lay_out_widening(backbone, range(region, FROM_64.stop))
    return program
