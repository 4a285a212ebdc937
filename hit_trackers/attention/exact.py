"""Query-tiled attention: the official expression, a block of queries at a time.

A query's output depends on no other query, so the matrix of scores need never exist as a whole; and
as every row is computed by the same operations over the same keys, no bit changes. (Tiling *keys*,
as the paper does, changes the order of the sums, and with it the last bits.)

Two things were found to change bits on a CPU and are avoided: blocks of fewer than four queries,
for which the BLAS takes another path, and products written straight into a slice of the result.
What else a library does with fewer rows is its own affair (with four threads MKL adds 2112
products otherwise for 160 queries than for 1600 on an Intel Xeon), so on a CPU tiles are tried.

Where the matrix of scores is large, tiles of few heads and many queries are faster than tiles of
all heads and few queries: a BLAS multiplies tall matrices faster, and a head's scores stay in a
cache.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from hit_trackers.attention import eager, trial
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
        block: queries at a time; None: what suits the device, all where that would change a bit.
        heads: at a time; None: all.
    """
    if block is None:
        usual = Tiling(BLOCK_ON_CUDA if q.is_cuda else BLOCK, q.shape[1])
        block, heads = _first_that_fits(q, k, v, bias, scale, usual)
    parts = tiles(q.shape[-2], block)
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
    queries, row_bytes = q.shape[-2], k.shape[-2] * q.element_size()
    if q.shape[1] * queries * row_bytes <= WHOLE_BYTES:
        return attend(q, k, v, bias, scale, block=queries)
    block = max(FEWEST, HEAD_BYTES // row_bytes)
    tilings = (Tiling(block, heads), Tiling(block, q.shape[1]), Tiling(4 * block, heads))
    return attend(q, k, v, bias, scale, *_first_that_fits(q, k, v, bias, scale, *tilings))


class Tiling(NamedTuple):
    """Queries and heads at a time."""

    block: int
    heads: int


#: By shapes and layouts, type, threads, and what was to be tried.
_FITTING: dict[tuple[Any, ...], Tiling] = {}


def _first_that_fits(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float, *tilings: Tiling
) -> Tiling:
    """The first of some tilings that changes no bit of random tensors; all at once if none does."""
    whole = Tiling(q.shape[-2], q.shape[1])
    if tilings[0].block >= whole.block and tilings[0].heads >= whole.heads:
        return whole
    if not trial.is_possible(q):
        return tilings[0]
    layouts = tuple((t.shape, t.stride()) for t in (q, k, v))
    key = (layouts, q.dtype, torch.get_num_threads(), tilings)
    if key not in _FITTING:
        a, b, c = trial.stand_ins(q, k, v)
        official = eager.attend(a, b, c, bias, scale)
        fitting = (
            one for one in tilings if torch.equal(attend(a, b, c, bias, scale, *one), official)
        )
        _FITTING[key] = next(fitting, whole)
    return _FITTING[key]


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
