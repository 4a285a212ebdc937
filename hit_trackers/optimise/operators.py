"""Ways to execute an attention that was found in somebody's network."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from hit_trackers.attention import memeff, streaming
from hit_trackers.attention.tiles import tiles
from hit_trackers.optimise.expression import ALL, Expression, Rows

#: The network's own product of weights and values: `values(weights, v)`.
Values = Callable[[Tensor, Tensor], Tensor]

#: Fewer rows take another path of the library, with other bits.
FEWEST_ROWS = 4
#: A map of scores below this size fits a cache: to swap its operations costs more than it gains.
SMALL_BYTES = 256 << 10
#: One up to this size stays whole: cut, it would save little and cost calls.
WHOLE_BYTES = 8 << 20
#: What a tile of a larger one may take: it stays in a cache. Fewer rows cost more than that gains.
TILE_BYTES, TILE_ROWS = 2 << 20, 128


def official(expression: Expression, values: Values, v: Tensor) -> Tensor:
    """As the network wrote it."""
    return values(expression.weights(), v)


def map_bytes(expression: Expression) -> int:
    """What the scores take, once."""
    return math.prod(expression.product.shape) * expression.product.q.element_size()


def block_of(expression: Expression) -> int:
    """Queries at a time that suit the size of the map; all of them where it is small."""
    queries, whole = expression.queries, map_bytes(expression)
    if whole <= WHOLE_BYTES:
        return queries
    return min(queries, max(TILE_ROWS, TILE_BYTES * queries // whole))


def exact(
    expression: Expression,
    values: Values,
    v: Tensor,
    block: int,
    kept: dict[Rows, Tensor] | None = None,
) -> Tensor:
    """The same operations, a tile of queries at a time, scores overwritten.

    Args:
        expression, values, v: the attention.
        block: queries in a tile, at most.
        kept: for each of its rows, the weights (..., rows, Nk) are put here.
    """
    parts = tiles(expression.queries, block, FEWEST_ROWS)
    if len(parts) == 1:
        weights = expression.weights(in_place=True)
        _keep(weights, ALL, expression.queries, kept)
        return values(weights, v)
    out: Tensor | None = None
    product = expression.product
    *batch, _, keys = product.shape
    tallest = max(rows.stop - rows.start for rows in parts)
    buffer = product.q.new_empty(math.prod(batch) * tallest * keys) if product.is_flat else None
    for rows in parts:
        weights = expression.weights(rows, in_place=True, buffer=buffer)
        _keep(weights, rows, expression.queries, kept)
        attended = values(weights, v)
        del weights  # before the next tile takes as much
        if out is None:
            out = attended.new_empty((*attended.shape[:-2], expression.queries, v.shape[-1]))
        out[..., rows, :] = attended
    assert out is not None
    return out


def _keep(weights: Tensor, rows: slice, queries: int, kept: dict[Rows, Tensor] | None) -> None:
    """Copy the rows that somebody will read from the tile that holds them."""
    start, stop, _ = rows.indices(queries)
    for (begin, end), target in (kept or {}).items():
        first, last = max(start, begin), min(stop, end)
        if first >= last:
            continue
        if not target.numel():
            target.resize_((*weights.shape[:-2], end - begin, weights.shape[-1]))
        target[..., first - begin : last - begin, :] = weights[..., first - start : last - start, :]


def fused(expression: Expression, v: Tensor) -> Tensor | None:
    """PyTorch's memory-efficient kernel, the paper's; None where it cannot express this one."""
    return _canonical(expression, v, memeff.attend)


def by_keys(expression: Expression, v: Tensor) -> Tensor | None:
    """The paper's Equations 2 to 4; None where they cannot express this one."""
    return _canonical(expression, v, streaming.attend)


def rows_of_weights(expression: Expression, rows: Rows) -> Tensor:
    """Weights of some rows, computed for their reader alone, at least `FEWEST_ROWS` at a time."""
    first, last = rows
    start = max(0, min(first, expression.queries - FEWEST_ROWS))
    stop = max(last, start + FEWEST_ROWS)
    return expression.weights(slice(start, stop))[..., first - start : last - start, :]


def _canonical(
    expression: Expression,
    v: Tensor,
    attend: Callable[[Tensor, Tensor, Tensor, Tensor | None, float], Tensor],
) -> Tensor | None:
    form = expression.as_bias_and_scale()
    q, k = expression.product.q, expression.product.k
    if form is None or q.dim() not in (3, 4) or v.dim() != q.dim() or v.shape[-1] < q.shape[-1]:
        return None
    bias, scale = form
    if bias is not None:
        # Detached: PyTorch computes a bias that could get gradients without its fused kernel.
        bias = bias.detach().expand(expression.product.shape)
        bias = bias[None] if q.dim() == 3 else bias
    if q.dim() == 3:
        return attend(q[None], k[None], v[None], bias, scale)[0]
    return attend(q, k, v, bias, scale)


#: What replaces the network's own operations, by token.
BY_NAME = {"memeff": fused, "streaming": by_keys}
