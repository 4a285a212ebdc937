"""Attention as MixCvT and the score branch write it."""

from __future__ import annotations

import torch
from torch import Tensor

from hit_trackers.attention import EAGER, Site


class EinsumSite(Site):
    """`Site` whose official expression is two `einsum`s."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
        """Queries (B, H, Nq, D), keys, values -> (B, H, Nq, Dv)."""
        if self.operator is not EAGER:
            return super().forward(q, k, v, bias)
        weights = (torch.einsum("bhlk,bhtk->bhlt", [q, k]) * self.scale).softmax(dim=-1)
        return torch.einsum("bhlt,bhtv->bhlv", [weights, v])


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """(B, N, C) -> (B, heads, N, C / heads)."""
    split: Tensor = tokens.unflatten(-1, (heads, -1)).transpose(1, 2)
    return split


def join_heads(x: Tensor) -> Tensor:
    """(B, heads, N, D) -> (B, N, heads * D)."""
    return x.transpose(1, 2).flatten(start_dim=2)


def to_tokens(maps: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, H * W, C), a view."""
    return maps.flatten(2).transpose(1, 2)


def to_maps(tokens: Tensor, side: int) -> Tensor:
    """(B, side * side, C) -> (B, C, side, side), a view."""
    maps: Tensor = tokens.unflatten(1, (side, side)).permute(0, 3, 1, 2)
    return maps
