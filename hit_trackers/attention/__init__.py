"""Attention operators: one expression, executed in different ways.

Each takes queries (B, H, Nq, D), keys (B, H, Nk, D), values (B, H, Nk, Dv), an additive bias
(H, Nq, Nk), (1, 1, Nk) where it says which keys are padding, or None where the network has none,
and a scale, and returns softmax(q k^T * scale + bias) v, (B, H, Nq, Dv).
"""

from __future__ import annotations

from functools import partial

import torch

from hit_trackers.attention import exact, fused, memeff, streaming
from hit_trackers.attention.operator import Attend, Operator
from hit_trackers.attention.site import EAGER, Site, use

__all__ = ["EAGER", "ON_CUDA", "OPERATORS", "Attend", "Operator", "Site", "for_large_maps", "use"]

OPERATORS = {
    operator.name: operator
    for operator in (
        EAGER,
        Operator("streaming", streaming.attend),
        Operator("memeff", memeff.attend, memeff.lay_out_bias),
        Operator("exact", exact.attend),
        Operator("fused", fused.attend),
    )
}

#: As CUDA executes them, for tensors without contents: some look where their arguments are.
ON_CUDA = {
    **OPERATORS,
    "memeff": Operator("memeff", memeff.attend_cuda, memeff.lay_out_bias),
    "exact": Operator("exact", partial(exact.attend, block=exact.BLOCK_ON_CUDA)),
    # A kernel of its own needs the device: the arithmetic is that of the official expression.
    "fused": EAGER,
}


def for_large_maps(token: str, device: str) -> Operator:
    """The operator of a token, for a network with larger maps of scores than HiT's.

    `exact` then works by heads on a CPU, one for each of the threads that there are now.
    """
    if token == "exact" and device == "cpu":
        return Operator(token, partial(exact.attend_by_heads, heads=torch.get_num_threads()))
    return OPERATORS[token]
