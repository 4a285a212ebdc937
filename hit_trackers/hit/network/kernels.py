"""HiT's kernels around the attention; importing this imports Triton. See `triton_layers`."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _hardswish(x):  # type: ignore[no-untyped-def]
    """x min(max(x + 3, 0), 6) (1 / 6), a rounding for each step, as PyTorch's CUDA kernel."""
    return x * tl.minimum(tl.maximum(x + 3.0, 0.0), 6.0) * 0.1666666716337204


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
    """A block of a linear: chains over the inputs in order, the bias, Hardswish, the residual."""
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    column = tl.program_id(1) * BLOCK_COLUMNS + tl.arange(0, BLOCK_COLUMNS)
    inputs = tl.arange(0, STEP)
    # What lies past the last row or column computes that one once more, and is not stored.
    x_at += tl.minimum(row, rows - 1)[:, None] * inner
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
