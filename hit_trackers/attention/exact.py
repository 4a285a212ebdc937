"""Query-tiled attention: the official expression, a block of queries at a time.

A query's output depends on no other query, so the matrix of scores need never exist as a whole; and
as every row is computed by the same operations over the same keys, no bit changes. (Tiling *keys*,
as the paper does, changes the order of the sums, and with it the last bits.)

Two things were found to cost bits on a CPU and are avoided: blocks of fewer than four queries, for
which the BLAS takes another path, and products written straight into a slice of the result.
"""

from __future__ import annotations

from torch import Tensor

# Queries at a time: a quarter of the scores at stage one of any size. Fewer where there are more
# heads than Base has there, as in its first Shrink Attention, or that would hold the peak. Later
# stages are a block or two. The products stay large enough to run at full speed (32 to 160 queries
# were timed).
BLOCK = 80
SCORES = 6 * BLOCK * 320
_FEWEST = 4


def attend(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float, block: int | None = None
) -> Tensor:
    """Bitwise equal to `eager.attend`; holds (B, H, block, Nk) scores at most.

    Args:
        q, k, v, bias, scale: as of every operator.
        block: queries at a time; None: `BLOCK`, or as many as make `SCORES` scores.
    """
    heads, queries = q.shape[-3:-1]
    if block is None:
        block = max(_FEWEST, min(BLOCK, SCORES // (heads * k.shape[-2])))
    blocks = -(-queries // block)
    if blocks == 1:
        return _attend_rows(q, k, v, bias, scale)
    out = q.new_empty(*q.shape[:-1], v.shape[-1])
    for number in range(blocks):  # of equal size, so that none is very small
        rows = slice(queries * number // blocks, queries * (number + 1) // blocks)
        out[..., rows, :] = _attend_rows(q[..., rows, :], k, v, bias[:, rows], scale)
    return out


def _attend_rows(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float) -> Tensor:
    # In place: the same roundings as the official expression, a third of the memory.
    scores = (q @ k.transpose(-2, -1)).mul_(scale).add_(bias)
    return scores.softmax(dim=-1) @ v
