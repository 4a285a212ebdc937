"""Query-tiled attention: the official expression, a block of queries at a time.

A query's output depends on no other query, so the matrix of scores need never exist as a whole; and
as every row is computed by the same operations over the same keys, no bit changes. (Tiling *keys*,
as the paper does, changes the order of the sums, and with it the last bits.)

Two things were found to change bits on a CPU and are avoided: blocks of fewer than four queries,
for which the BLAS takes another path, and products written straight into a slice of the result.

Where the matrix of scores is large, tiles of few heads and many queries are faster than tiles of
all heads and few queries: a BLAS multiplies tall matrices faster, and a head's scores stay in a
cache.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hit_trackers.attention.tiles import tiles

# Queries at a time: half of stage one. Smaller blocks save nothing there, where other layers hold
# more (64 to 320 were timed; larger ones are hardly faster).
BLOCK = 160
# On CUDA the library picks a kernel by shape, and another one may add in another order: HiT's
# stages stay whole there, and only longer ones would be cut.
BLOCK_ON_CUDA = 320
# Of `attend_by_heads`: a matrix of scores that stays whole, the scores of one head in a tile, and
# queries of a tile at least. 0.25 to 4 MiB and 64 to 1024 queries were timed, 1 and 2 threads.
WHOLE_BYTES, HEAD_BYTES, FEWEST = 3 << 19, 1 << 20, 160


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    scale: float,
    block: int | None = None,
    heads: int | None = None,
) -> Tensor:
    """Bitwise equal to `eager.attend`; holds (B, heads, block, Nk) scores at most, and once.

    Args:
        q, k, v, bias, scale: as of every operator.
        block: queries at a time; None: what suits the device.
        heads: at a time; None: all.
    """
    parts = tiles(q.shape[-2], block or (BLOCK_ON_CUDA if q.is_cuda else BLOCK))
    groups = tiles(q.shape[1], heads or q.shape[1])
    if len(parts) == len(groups) == 1:
        return _attend_rows(q, k, v, bias, scale)
    # Laid out as the projection after the attention reads it: (B, Nq, H, Dv).
    out = q.new_empty(q.shape[0], q.shape[-2], q.shape[1], v.shape[-1]).transpose(1, 2)
    for some in groups:
        keys, values = k[:, some], v[:, some]
        for rows in parts:
            added = _part_of(bias, some, rows)
            out[:, some, rows] = _attend_rows(q[:, some, rows], keys, values, added, scale)
    return out


def attend_by_heads(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float, heads: int
) -> Tensor:
    """`attend` with tiles of few heads on a CPU: for families whose maps are large.

    Args:
        q, k, v, bias, scale: as of every operator.
        heads: at a time, best one for each thread.
    """
    if q.is_cuda:
        return attend(q, k, v, bias, scale)
    row_bytes = k.shape[-2] * q.element_size()
    if q.shape[1] * q.shape[-2] * row_bytes <= WHOLE_BYTES:
        return attend(q, k, v, bias, scale, block=q.shape[-2])
    return attend(q, k, v, bias, scale, max(FEWEST, HEAD_BYTES // row_bytes), heads)


def _part_of(bias: Tensor | None, heads: slice, rows: slice) -> Tensor | None:
    """Of a bias for all heads, or all queries, the whole."""
    if bias is None:
        return None
    bias = bias if bias.shape[-2] == 1 else bias[:, rows]
    return bias if bias.shape[0] == 1 else bias[heads]


def _attend_rows(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float) -> Tensor:
    # In place: the roundings of the official expression, in a quarter of the memory it takes here.
    scores = q @ k.transpose(-2, -1)
    if scale != 1.0:
        scores.mul_(scale)
    if bias is not None:
        scores.add_(bias)
    return torch.softmax(scores, dim=-1, out=scores) @ v
