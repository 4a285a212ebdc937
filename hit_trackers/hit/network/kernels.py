"""HiT's kernels around the attention; importing this imports Triton. See `triton_layers`."""

from __future__ import annotations

import triton
import triton.language as tl

from hit_trackers.attention.triton_kernel import attend
from hit_trackers.attention.triton_phases import arrive, wait


@triton.jit
def _hardswish(x):  # type: ignore[no-untyped-def]
    """x min(max(x + 3, 0), 6) (1 / 6), a rounding for each step, as PyTorch's CUDA kernel."""
    return x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) * 0.1666666716337204


@triton.jit
def _project(  # type: ignore[no-untyped-def]
    row_block,
    column_block,
    x_at,
    rows_at,
    weight_at,
    bias_at,
    residual_at,
    out_at,
    rows,
    inner,
    columns,
    GATHERED: tl.constexpr,
    BEFORE: tl.constexpr,
    AFTER: tl.constexpr,
    RESIDUAL: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_COLUMNS: tl.constexpr,
    STEP: tl.constexpr,
):
    """A block of a linear: chains over the inputs in order, the bias, Hardswish, the residual.

    Of the rows of x that `rows_at` lists, where they are gathered.
    """
    row = row_block * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    column = column_block * BLOCK_COLUMNS + tl.arange(0, BLOCK_COLUMNS)
    inputs = tl.arange(0, STEP)
    # What lies past the last row or column computes that one once more, and is not stored.
    source = tl.minimum(row, rows - 1)
    if GATHERED:
        source = tl.load(rows_at + source)
    x_at += source[:, None] * inner
    weight_at += tl.minimum(column, columns - 1)[None, :] * inner
    total = tl.zeros((BLOCK_ROWS, BLOCK_COLUMNS), tl.float32)
    for start in range(0, inner, STEP):
        k = start + inputs
        # Past the last input zeros are added, which changes no bit.
        x = tl.load(x_at + k[None, :], mask=(k < inner)[None, :], other=0.0)
        if BEFORE:
            x = _hardswish(x)
        weight = tl.load(weight_at + k[:, None], mask=(k < inner)[:, None], other=0.0)
        total = tl.dot(x, weight, total, input_precision="ieee")
    total = total + tl.load(bias_at + column, mask=column < columns, other=0.0)[None, :]
    if AFTER:
        total = _hardswish(total)
    place = row[:, None] * columns + column[None, :]
    inside = (row < rows)[:, None] & (column < columns)[None, :]
    if RESIDUAL:
        total = total + tl.load(residual_at + place, mask=inside, other=0.0)
    tl.store(out_at + place, total, mask=inside)


@triton.jit
def projection(  # type: ignore[no-untyped-def]
    x_at,
    weight_at,
    bias_at,
    residual_at,
    out_at,
    rows,
    inner,
    columns,
    BEFORE: tl.constexpr,
    AFTER: tl.constexpr,
    RESIDUAL: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_COLUMNS: tl.constexpr,
    STEP: tl.constexpr,
):
    """A program for each block of a linear."""
    _project(
        *(tl.program_id(0), tl.program_id(1), x_at, x_at, weight_at, bias_at, residual_at, out_at),
        *(rows, inner, columns, False, BEFORE, AFTER, RESIDUAL),
        *(BLOCK_ROWS, BLOCK_COLUMNS, STEP),
    )


# What is counted in tokens is not looked at: 80 and 20 of them share a kernel.
@triton.jit(
    do_not_specialize=(
        *("tokens", "queries", "heads", "made_blocks", "query_blocks", "attention_blocks"),
    )
)
def attention_block(  # type: ignore[no-untyped-def]
    x_at,
    made_weight_at,
    made_bias_at,
    rows_at,
    query_weight_at,
    query_bias_at,
    bias_at,
    weight_at,
    weight_bias_at,
    made_at,
    query_at,
    attended_at,
    out_at,
    signs_at,
    scale,
    tokens,
    queries,
    inner,
    heads,
    columns,
    made_blocks,
    query_blocks,
    attention_blocks,
    WIDTH: tl.constexpr,
    VALUES: tl.constexpr,
    SHRINK: tl.constexpr,
    BLOCK_TOKENS: tl.constexpr,
    BLOCK_QUERIES: tl.constexpr,
    BLOCK_COLUMNS: tl.constexpr,
    STEP: tl.constexpr,
):
    """An attention from its tokens to its residual sum: three phases in one launch.

    Programs take numbers in the order in which they start, and work on the phases in that order: a
    program waits only for lower numbers, which have started and wait for still lower ones. So none
    waits for ever, however few of them a GPU holds at once. `signs_at` counts the numbers, the
    arrivals of the first two phases, and the programs that are through; the last of these sets all
    four to zero for the next launch.
    """
    number = tl.atomic_add(signs_at, 1)
    # Per head and token: queries, keys, values; or keys, values where fewer tokens ask.
    HEAD: tl.constexpr = VALUES + WIDTH * (1 if SHRINK else 2)
    KEY: tl.constexpr = 0 if SHRINK else WIDTH
    QUERY: tl.constexpr = WIDTH if SHRINK else HEAD
    query_height = tl.cdiv(queries, BLOCK_QUERIES)
    projected = made_blocks + query_blocks
    attended = projected + attention_blocks
    if number < made_blocks:
        height = tl.cdiv(tokens, BLOCK_TOKENS)
        _project(
            *(number % height, number // height, x_at, x_at, made_weight_at, made_bias_at),
            *(x_at, made_at, tokens, inner, heads * HEAD, False, False, False, False),
            *(BLOCK_TOKENS, BLOCK_COLUMNS, STEP),
        )
        arrive(signs_at + 1)
    elif number < projected:
        block = number - made_blocks
        _project(
            *(block % query_height, block // query_height, x_at, rows_at, query_weight_at),
            *(query_bias_at, x_at, query_at, queries, inner, heads * WIDTH),
            *(SHRINK, False, False, False, BLOCK_QUERIES, BLOCK_COLUMNS, STEP),
        )
        arrive(signs_at + 1)
    elif number < attended:
        wait(signs_at + 1, projected)
        block = number - projected
        head = block // query_height
        key_at = made_at + head * HEAD + KEY
        attend(
            *(block % query_height, query_at + head * QUERY, key_at, key_at + WIDTH),
            *(bias_at + head * queries * tokens, attended_at + head * VALUES, scale),
            *(queries, tokens, heads * QUERY, heads * HEAD, heads * HEAD, tokens),
            *(heads * VALUES, WIDTH, VALUES, BLOCK_QUERIES),
        )
        arrive(signs_at + 2)
    else:
        wait(signs_at + 2, attention_blocks)
        block = number - attended
        _project(
            *(block % query_height, block // query_height, attended_at, x_at, weight_at),
            *(weight_bias_at, x_at, out_at, queries, heads * VALUES, columns),
            *(False, True, False, not SHRINK, BLOCK_QUERIES, BLOCK_COLUMNS, STEP),
        )
    if tl.atomic_add(signs_at + 3, 1) == tl.num_programs(0) - 1:
        for sign in tl.static_range(4):
            tl.store(signs_at + sign, 0)


@triton.jit
def first_convolution(  # type: ignore[no-untyped-def]
    image_at,
    mean_at,
    deviation_at,
    weight_at,
    bias_at,
    out_at,
    side,
    CHANNELS: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Pixels normalised, 3 x 3 convolution of stride 2, bias, Hardswish: a run of one row."""
    y = tl.program_id(0)
    x = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    channel = tl.arange(0, WIDTH)
    known = channel < CHANNELS
    total = tl.zeros((BLOCK, WIDTH), tl.float32)
    for colour in tl.static_range(3):
        mean, deviation = tl.load(mean_at + colour), tl.load(deviation_at + colour)
        for dy in tl.static_range(3):
            for dx in tl.static_range(3):
                column = 2 * x + dx - 1
                row = tl.full((BLOCK,), 2 * y + dy - 1, tl.int32)
                inside = (row >= 0) & (row < side) & (column >= 0) & (column < side)
                at = image_at + (row * side + column) * 3 + colour
                pixel = tl.load(at, mask=inside, other=0).to(tl.float32)
                # Dividing a CUDA tensor by 255 multiplies by its reciprocal; a tensor divides.
                value = tl.div_rn(pixel * 0.003921568859368563 - mean, deviation)
                value = tl.where(inside, value, 0.0)  # padding is of the normalised image
                tap = weight_at + channel * 27 + colour * 9 + dy * 3 + dx
                weight = tl.load(tap, mask=known, other=0.0)
                total = tl.fma(
                    tl.broadcast_to(value[:, None], (BLOCK, WIDTH)),
                    tl.broadcast_to(weight[None, :], (BLOCK, WIDTH)),
                    total,
                )
    total = _hardswish(total + tl.load(bias_at + channel, mask=known, other=0.0)[None, :])
    half = side // 2
    place = (y * half + x)[:, None] * CHANNELS + channel[None, :]
    tl.store(out_at + place, total, mask=(x < half)[:, None] & known[None, :])
