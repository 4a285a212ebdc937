"""Arguments of attention for the tests."""

from __future__ import annotations

import torch


def problem(shape: tuple[int, ...], seed: int = 0, batch: int = 1, spread: float = 1.0):
    heads, queries, keys, width, value_width = shape
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator)

    # Laid out as the network lays them out: heads are split from the last axis, then permuted.
    q = normal(batch, queries, heads, width).permute(0, 2, 1, 3) * spread
    k = normal(batch, keys, heads, width).permute(0, 2, 1, 3) * spread
    v = normal(batch, keys, heads, value_width).permute(0, 2, 1, 3)
    return q, k, v, normal(heads, queries, keys), width**-0.5
