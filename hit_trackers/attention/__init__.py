"""Attention operators: one expression, executed in different ways.

Each takes queries (B, H, Nq, D), keys (B, H, Nk, D), values (B, H, Nk, Dv), an additive bias
(H, Nq, Nk), (1, 1, Nk) for one that is equal for all heads and queries, or None, and a scale. It
returns softmax(q k^T * scale + bias) v, (B, H, Nq, Dv).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from hit_trackers.attention import eager, exact, fused, memeff, streaming

Attend = Callable[[Tensor, Tensor, Tensor, "Tensor | None", float], Tensor]


@dataclass(frozen=True)
class Operator:
    """A way to execute attention.

    Attributes:
        name: token in a tracker's name.
        attend: the operator, `attend(q, k, v, bias, scale)`.
        lay_out_bias: called once on the bias (H, Nq, Nk); same values, the layout the kernel wants.
    """

    name: str
    attend: Attend
    lay_out_bias: Callable[[Tensor], Tensor] = lambda bias: bias


EAGER = Operator("eager", eager.attend)
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
