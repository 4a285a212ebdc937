"""A frame of TransT on tensors without contents: what a GPU would execute, counted without one."""

from __future__ import annotations

import torch

from hit_trackers.attention import ON_CUDA, use
from hit_trackers.families import Sketch
from hit_trackers.layers.sparing import spare
from hit_trackers.transt.network.transt import build
from hit_trackers.transt.program import TransTProgram, spares, works_once
from hit_trackers.variants import Variant


def sketch(variant: Variant) -> Sketch:
    """The calls of a float32 frame, operator by operator, as the tracker makes them on CUDA."""
    with torch.device("meta"), torch.no_grad():
        network = build(variant.baseline).eval()
        if works_once(variant):
            network.keep_places()
        if spares(variant):
            spare(network)
        use(network, ON_CUDA[variant.part("attention")])
        program = TransTProgram(network, works_once(variant))
        search, template = (
            torch.empty(1, 3, side, side) for side in (program.search_size, program.template_size)
        )
        held = program.hold(template)
    weights = sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))
    return Sketch(lambda: program.predict(search, held), weights)
