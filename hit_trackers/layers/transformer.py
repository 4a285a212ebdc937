"""What layers of DETR's descendants do beside attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.attention.tiles import tiles
from hit_trackers.layers.sparing import Sparing


class Sublayers(Sparing):
    """Residual sums and feed-forward networks of a layer; tokens are (N, 1, C).

    Sparing it overwrites branches and activations, and on a CPU feeds a block of tokens at a time.
    """

    BLOCK = 512  # tokens; with fewer a BLAS is slower, with more they hold more (128 to 1024 timed)

    def add(self, tokens: Tensor, branch: Tensor) -> Tensor:
        """Their sum, which is the same in either order."""
        return branch.add_(tokens) if self.sparing else tokens + branch

    def feed(self, tokens: Tensor, first: nn.Linear, second: nn.Linear) -> Tensor:
        """Two linears, ReLU between: (N, 1, C) -> (N, 1, C)."""
        if not self.sparing:
            fed: Tensor = second(first(tokens).relu())
            return fed
        # Elsewhere each block is another launch, and another kernel may be picked.
        block = self.BLOCK if tokens.device.type == "cpu" else len(tokens)
        parts = tiles(len(tokens), block)
        if len(parts) == 1:
            fed = second(first(tokens).relu_())
            return fed
        fed = torch.empty_like(tokens)
        for rows in parts:
            fed[rows] = second(first(tokens[rows]).relu_())
        return fed


class Perceptron(nn.Module):
    """Three linears, ReLU between them: (..., C) -> (..., out)."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, size) for size in (width, width, out))

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., C) -> (..., out)."""
        first, second, last = self.layers
        out: Tensor = last(F.relu(second(F.relu(first(tokens)))))
        return out
