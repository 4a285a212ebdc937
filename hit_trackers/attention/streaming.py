"""The paper's Equations 2 to 4 in plain PyTorch: the readable reference, not the fast one.

Keys and values arrive in tiles. For every query three things are kept: the largest score so far
(m), the sum of exponentials (l) and the weighted sum of values (o). A tile with a larger score
rescales what was summed before it.
"""

from __future__ import annotations

import torch
from torch import Tensor

TILE = 64


def attend(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float, tile: int = TILE
) -> Tensor:
    """Equal to `eager.attend` within rounding; holds (B, H, Nq, tile) scores at most."""
    # The lowest number, not minus infinity, of which a tile of padding would leave no number.
    m = q.new_full((*q.shape[:-1], 1), torch.finfo(q.dtype).min)
    l = q.new_zeros((*q.shape[:-1], 1))  # noqa: E741 (the paper's symbol)
    o = q.new_zeros((*q.shape[:-1], v.shape[-1]))
    for start in range(0, k.shape[-2], tile):
        columns = slice(start, start + tile)
        # Equation 2: scores of this tile, and the running maximum.
        s = (q @ k[..., columns, :].transpose(-2, -1)) * scale
        s = s if bias is None else s + bias[..., columns]
        m_new = m.maximum(s.amax(dim=-1, keepdim=True))
        # Equation 3: the running sum, rescaled to the new maximum.
        p = (s - m_new).exp()
        rescale = (m - m_new).exp()
        l = rescale * l + p.sum(dim=-1, keepdim=True)  # noqa: E741
        # Equation 4: the running output.
        o = rescale * o + p @ v[..., columns, :]
        m = m_new
    return o / l
