"""A frame of OSTrack on tensors without contents: what a GPU would execute, counted without one."""

from __future__ import annotations

import torch

from hit_trackers.attention import ON_CUDA, use
from hit_trackers.families import Sketch
from hit_trackers.ostrack.network.ostrack import build
from hit_trackers.ostrack.program import caches_template, works_in_place
from hit_trackers.variants import Variant


def sketch(variant: Variant) -> Sketch:
    """The calls of a float32 frame, operator by operator, as the tracker makes them on CUDA."""
    with torch.device("meta"), torch.no_grad():
        network = build(variant.part("size"), variant.part("setting")).eval()
        if works_in_place(variant):
            network.work_in_place()
        network.backbone.holds_maps = not caches_template(variant)
        use(network, ON_CUDA[variant.part("attention")])
        config = network.config
        search, template = (
            torch.empty(1, 3, side, side) for side in (config.search_size, config.template_size)
        )
        cached = network.backbone.embed_template(template)

    def frame() -> object:
        if caches_template(variant):
            return network.predict(network.backbone.embed_search(search), cached)
        return network(search, template)

    weights = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
    return Sketch(frame, weights)
