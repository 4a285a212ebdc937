"""A frame of STARK on tensors without contents: what a GPU would execute, counted without one."""

from __future__ import annotations

import torch

from hit_trackers.attention import ON_CUDA, use
from hit_trackers.families import Sketch
from hit_trackers.layers.sparing import spare
from hit_trackers.stark.network import build
from hit_trackers.stark.program import StarkProgram, spares
from hit_trackers.variants import Variant


def sketch(variant: Variant) -> Sketch:
    """The calls of a float32 frame, operator by operator, as the tracker makes them on CUDA."""
    with torch.device("meta"), torch.no_grad():
        network = build(variant.part("size")).eval()
        if spares(variant):
            spare(network)
        use(network, ON_CUDA[variant.part("attention")])
        program = StarkProgram(network)
        search, template = (
            (torch.empty(1, 3, side, side), torch.empty(1, side, side, dtype=torch.bool))
            for side in (program.search_size, program.template_size)
        )
        held = program.hold(template * network.config.templates)
    weights = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
    return Sketch(lambda: program.predict(search, held), weights)
