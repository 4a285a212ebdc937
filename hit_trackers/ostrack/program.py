"""OSTrack as an engine executes it, and the network made ready for that."""

from __future__ import annotations

import torch
from torch import Tensor

from hit_trackers.attention import for_large_maps, use
from hit_trackers.engines import EXPORTING
from hit_trackers.engines.eager import floating
from hit_trackers.engines.program import Program
from hit_trackers.layers.products import lay_out_widening
from hit_trackers.ostrack.network.ostrack import OSTrack, Output
from hit_trackers.variants import Variant

#: Outputs of `result` before those of the eliminations: box, score, cell, two highest responses.
HEAD = 8


def caches_template(variant: Variant) -> bool:
    """Whether the template's patches are embedded once per sequence: the same bits.

    The baseline embeds them in every frame as the official tracker does, and `memeff` changes
    attention and nothing else.
    """
    return variant.part("attention") == "exact" or variant.part("engine") != "eager"


def works_in_place(variant: Variant) -> bool:
    """Whether activations may overwrite what is not read again: the same bits, less memory."""
    return caches_template(variant) and variant.part("engine") not in EXPORTING


class OSTrackProgram(Program):
    """The outputs: box (4,), score, cell, two highest responses; then of each elimination.

    Of an elimination: attention of the last token that stays and of the first that goes, then the
    grid positions of those that stay, in descending order.
    """

    network: OSTrack
    window: Tensor
    #: A last bit can choose another cell, or swap the order of two tokens.
    compared = slice(0, 5)
    #: The maps' last layers.
    float_nodes = ("conv5_",)

    def __init__(self, network: OSTrack, caches: bool) -> None:
        super().__init__(network)
        config = network.config
        self.search_size, self.template_size = config.search_size, config.template_size
        self.caches_template = caches
        side = config.search_side
        cells = torch.arange(1, side + 1).float()
        hann = 0.5 * (1 - torch.cos((2 * torch.pi / (side + 1)) * cells))
        window = hann.reshape(1, 1, -1, 1) * hann.reshape(1, 1, 1, -1)
        self.register_buffer("window", window.to(self.mean.device), persistent=False)

    def hold(self, template: Tensor) -> Tensor:
        """Tokens (1, (T / 16)^2, C) where they are cached, else the image."""
        return self.network.backbone.embed_template(template) if self.caches_template else template

    def predict(self, search: Tensor, held: Tensor) -> Output:
        """Maps over the search region."""
        if self.caches_template:
            return self.network.predict(self.network.backbone.embed_search(search), held)
        output: Output = self.network(search, held)
        return output

    def result(self, output: Output) -> Tensor:
        """float32 (K,): see the class; official `cal_bbox` on the windowed score map."""
        side = self.network.config.search_side
        response = (self.window * output.scores).flatten(1)
        cell = torch.max(response, dim=1, keepdim=True).indices
        row, column = torch.div(cell, side, rounding_mode="floor"), cell % side
        index = cell.unsqueeze(1).expand(-1, 2, 1)
        size = output.sizes.flatten(2).gather(2, index).squeeze(-1)
        offset = output.offsets.flatten(2).gather(2, index).squeeze(-1)
        score = output.scores.flatten(1).gather(1, cell)
        parts = [
            (column.float() + offset[:, :1]) / side,
            (row.float() + offset[:, 1:]) / side,
            *(size, score, cell, response.topk(2, dim=1).values),
        ]
        for kept in output.kept:
            parts += [kept.boundary, kept.tokens]
        return torch.cat([part.float() for part in parts], dim=1)[0]


def make_program(network: OSTrack, variant: Variant, device: str) -> OSTrackProgram:
    """The program of a variant around a network whose weights are loaded.

    Raises:
        EngineError: PyTorch does not compute it in that precision.
    """
    network = network.eval().to(torch.device(device)).to(floating(variant))
    if works_in_place(variant):
        network.work_in_place()
    official = variant.part("attention") == "eager" and variant.part("engine") == "eager"
    if official:
        network.as_official()
    use(network, for_large_maps(variant.part("attention"), device))
    program = OSTrackProgram(network, caches_template(variant))
    eager = variant.part("engine") == "eager"
    program.looks_up_pixels = works_in_place(variant) and eager and device == "cpu"
    if program.looks_up_pixels:
        config = network.config
        region = (config.search_side**2, *config.kept)[-1]
        lay_out_widening(network.backbone.blocks[-1], whole=config.template_side**2 + region)
        lay_out_widening(network.backbone)
    return program
