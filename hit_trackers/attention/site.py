"""The place in a network where attention is computed, by any operator."""

from __future__ import annotations

from torch import Tensor, nn

from hit_trackers.attention.eager import attend as eager
from hit_trackers.attention.operator import Operator

EAGER = Operator("eager", eager)


class Site(nn.Module):
    """softmax(q k^T * scale) v, by one of `OPERATORS`; without parameters, so in no state dict."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.operator = EAGER

    def forward(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
        """Queries (B, H, Nq, D), keys, values -> (B, H, Nq, Dv)."""
        return self.operator.attend(q, k, v, bias, self.scale)


def use(network: nn.Module, operator: Operator) -> None:
    """Execute every attention of a network by an operator."""
    for module in network.modules():
        if isinstance(module, Site):
            module.operator = operator
