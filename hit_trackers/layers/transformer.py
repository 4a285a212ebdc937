"""What layers of DETR's descendants do beside attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.attention import trial
from hit_trackers.attention.tiles import tiles
from hit_trackers.layers.sparing import Sparing


class Sublayers(Sparing):
    """Residual sums and feed-forward networks of a layer; tokens are (N, 1, C).

    Sparing it overwrites branches and activations, and on a CPU feeds a block of tokens at a time,
    if that gives the bits of all at once: it is tried for each number of tokens and of threads.
    """

    BLOCK = 512  # tokens; with fewer a BLAS is slower, with more they hold more (128 to 1024 timed)

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[tuple[int, int], list[slice]] = {}

    def add(self, tokens: Tensor, branch: Tensor) -> Tensor:
        """Their sum, which is the same in either order."""
        return branch.add_(tokens) if self.sparing else tokens + branch

    def feed(self, tokens: Tensor, first: nn.Linear, second: nn.Linear) -> Tensor:
        """Two linears, ReLU between: (N, 1, C) -> (N, 1, C)."""
        if not self.sparing:
            fed: Tensor = second(first(tokens).relu())
            return fed
        # Elsewhere each block is another launch, and another kernel may be picked.
        if tokens.device.type != "cpu" or len(tokens) <= self.BLOCK:
            fed = second(first(tokens).relu_())
            return fed
        key = (len(tokens), torch.get_num_threads())
        if key not in self._blocks:
            self._blocks[key] = self._blocks_of(tokens, first, second)
        return _fed(tokens, first, second, self._blocks[key])

    def _blocks_of(self, tokens: Tensor, first: nn.Linear, second: nn.Linear) -> list[slice]:
        (some,) = trial.stand_ins(tokens)
        official = F.linear(some, first.weight, first.bias).relu()
        official = F.linear(official, second.weight, second.bias)
        blocks = tiles(len(tokens), self.BLOCK)
        is_same = torch.equal(_fed(some, first, second, blocks), official)
        return blocks if is_same else [slice(0, len(tokens))]


def _fed(tokens: Tensor, first: nn.Linear, second: nn.Linear, blocks: list[slice]) -> Tensor:
    fed = torch.empty_like(tokens)
    for rows in blocks:
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
