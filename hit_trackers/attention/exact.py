"""Query-tiled attention: the official expression, a block of queries at a time.

A query's output depends on no other query, so the matrix of scores need never exist as a whole; and
as every row is computed by the same operations over the same keys, no bit changes. (Tiling *keys*,
as the paper does, changes the order of the sums, and with it the last bits.)

Two things were found to cost bits on a CPU and are avoided: blocks of fewer than four queries, for
which the BLAS takes another path, and products written straight into a slice of the result.
"""

from __future__ import annotations

from torch import Tensor

# Queries at a time: half of stage one. Smaller blocks save nothing there, where other layers hold
# more, and larger ones are hardly faster (40 to 320 were timed).
BLOCK = 160
# Numbers that keys, values and the block's scores, before and after the softmax, may hold together:
# fewer queries at a time where keys and values are wide, as in Base's first Shrink Attention.
HELD = 921_600
_FEWEST = 4


def attend(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float, block: int | None = None
) -> Tensor:
    """Bitwise equal to `eager.attend`; holds (B, H, block, Nk) scores at most.

    Args:
        q, k, v, bias, scale: as of every operator.
        block: queries at a time; None: `BLOCK`, or as many as stay within `HELD`.
    """
    heads, queries, width = q.shape[-3:]
    keys, values = v.shape[-2:]
    if block is None:
        room = HELD - heads * keys * (width + values)
        block = max(_FEWEST, min(BLOCK, room // (2 * heads * keys)))
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
