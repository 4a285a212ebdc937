"""Rows in tiles, computed one after the other."""

from __future__ import annotations


def tiles(rows: int, height: int, fewest: int = 1) -> list[slice]:
    """Tiles of equal size, so that none is very small, of `height` rows at most.

    Args:
        rows: how many there are.
        height: of a tile, at most, unless it would have fewer than `fewest` rows.
        fewest: rows of a tile, at least, unless there are fewer in all.
    """
    count = max(1, min(-(-rows // height), rows // fewest))
    return [slice(rows * number // count, rows * (number + 1) // count) for number in range(count)]
