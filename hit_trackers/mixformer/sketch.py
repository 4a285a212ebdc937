"""A frame of MixFormer on tensors without contents: what a GPU would execute."""

from __future__ import annotations

import torch

from hit_trackers.attention import ON_CUDA, use
from hit_trackers.families import Sketch
from hit_trackers.mixformer.network.mixformer import build
from hit_trackers.mixformer.program import keeps_templates, works_in_place
from hit_trackers.variants import Variant


def sketch(variant: Variant) -> Sketch:
    """The calls of a float32 frame, operator by operator, as the tracker makes them on CUDA."""
    with torch.device("meta"), torch.no_grad():
        # Without gradients: a counter of arithmetic stumbles over the expanded score token.
        network = build(variant.part("size")).eval().requires_grad_(False)
        if works_in_place(variant):
            network.work_in_place()
        use(network, ON_CUDA[variant.part("attention")])
        config = network.config
        search, template = (
            torch.empty(1, 3, side, side) for side in (config.search_size, config.template_size)
        )
        kept = network.keep(template, template)

    def frame() -> object:
        if keeps_templates(variant):
            return network.search(search, kept)
        return network(template, template, search)

    weights = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
    return Sketch(frame, weights)
