"""The kernel of `fused`; importing this imports Triton."""

from __future__ import annotations

import triton
import triton.language as tl
from triton.language.extra import libdevice


@triton.jit
def _scores(q, keys_at, bias_at, scale, inside):  # type: ignore[no-untyped-def]
    """Scores of 32 keys: products summed in order, scaled, biased; each step rounded by itself."""
    k = tl.load(keys_at, mask=inside[None, :], other=0.0)
    s = tl.dot(q, k, input_precision="ieee") * scale
    s = s + tl.load(bias_at, mask=inside[None, :], other=0.0)
    return tl.where(inside[None, :], s, float("-inf"))


@triton.jit
def attend(  # type: ignore[no-untyped-def]
    block,
    q_at,
    k_at,
    v_at,
    bias_at,
    out_at,
    scale,
    queries,
    keys,
    q_row,
    k_row,
    v_row,
    bias_row,
    out_row,
    WIDTH: tl.constexpr,
    VALUES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """softmax(q k^T scale + bias) v for a block of queries of the head that is pointed at.

    Three passes over the keys, 32 at a time: maxima, sums, outputs. Scores are computed anew in
    each, which costs less than keeping them.
    """
    # Rows past the last query compute it once more, and are not stored.
    rows = block * BLOCK + tl.arange(0, BLOCK)
    row = tl.minimum(rows, queries - 1)
    lanes = tl.arange(0, 32)
    width = tl.arange(0, WIDTH)
    values = tl.arange(0, VALUES)
    q = tl.load(q_at + row[:, None] * q_row + width[None, :])
    k_at += width[:, None]
    v_at += values[None, :]
    bias_at += row[:, None] * bias_row

    highest = tl.full((BLOCK,), float("-inf"), tl.float32)
    for start in range(0, keys, 32):
        key = start + lanes
        s = _scores(q, k_at + key[None, :] * k_row, bias_at + key[None, :], scale, key < keys)
        highest = tl.maximum(highest, tl.max(s, axis=1))

    # PyTorch's softmax gives each lane of a warp every 32nd key, and adds the lanes by halves.
    sums = tl.zeros((BLOCK, 32), tl.float32)
    for start in range(0, keys, 32):
        key = start + lanes
        s = _scores(q, k_at + key[None, :] * k_row, bias_at + key[None, :], scale, key < keys)
        sums += libdevice.exp(s - highest[:, None])
    sums = tl.sum(tl.reshape(sums, (BLOCK, 2, 16)), axis=1)
    sums = tl.sum(tl.reshape(sums, (BLOCK, 2, 8)), axis=1)
    sums = tl.sum(tl.reshape(sums, (BLOCK, 2, 4)), axis=1)
    sums = tl.sum(tl.reshape(sums, (BLOCK, 2, 2)), axis=1)
    total = tl.sum(sums, axis=1)

    out = tl.zeros((BLOCK, VALUES), tl.float32)
    for start in range(0, keys, 32):
        key = start + lanes
        s = _scores(q, k_at + key[None, :] * k_row, bias_at + key[None, :], scale, key < keys)
        weights = tl.div_rn(libdevice.exp(s - highest[:, None]), total[:, None])
        v = tl.load(v_at + key[:, None] * v_row, mask=(key < keys)[:, None], other=0.0)
        out = tl.dot(weights, v, out, input_precision="ieee")
    tl.store(
        out_at + rows[:, None] * out_row + values[None, :],
        out,
        mask=(rows < queries)[:, None],
    )


@triton.jit
def attention(  # type: ignore[no-untyped-def]
    q_at,
    k_at,
    v_at,
    bias_at,
    out_at,
    scale,
    queries,
    keys,
    q_head,
    q_row,
    k_head,
    k_row,
    v_head,
    v_row,
    bias_head,
    bias_row,
    out_head,
    out_row,
    WIDTH: tl.constexpr,
    VALUES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """A program for each block of queries of each head."""
    head = tl.program_id(1)
    q_at += head * q_head
    k_at += head * k_head
    v_at += head * v_head
    bias_at += head * bias_head
    out_at += head * out_head
    attend(
        *(tl.program_id(0), q_at, k_at, v_at, bias_at, out_at, scale, queries, keys),
        *(q_row, k_row, v_row, bias_row, out_row, WIDTH, VALUES, BLOCK),
    )
