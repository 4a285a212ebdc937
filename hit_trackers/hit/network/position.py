"""Dual-image position encoding: which learned attention bias belongs to which pair of tokens.

HiT paper, section 3.4; official `lib/models/HiT/levit.py` (`ori_pos`). The search region and the
template are placed on one plane, the template at the far corner of the search region's diagonal, so
that no offset between a search and a template token equals one within an image. A bias is
shared by all the pairs with the same absolute offset.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

Point = tuple[int, int]


def token_positions(search_side: int, template_side: int) -> list[Point]:
    """(row, column) of every token: the search region's first, then the template's."""
    search = range(search_side)
    template = range(search_side, search_side + template_side)
    return [*itertools.product(search, search), *itertools.product(template, template)]


def bias_indices(queries: list[Point], keys: list[Point], stride: int = 1) -> tuple[Tensor, int]:
    """Index into the learned biases for every (query, key), and how many biases there are.

    Args:
        queries: positions of the queries, in units of `stride` keys.
        keys: positions of the keys.
        stride: 2 in shrink attention, whose queries are every second token.

    Returns:
        int64 (len(queries), len(keys)), numbered in order of first appearance as in the official
        state dicts; and the number of distinct offsets.
    """
    numbers: dict[Point, int] = {}
    indices = [
        numbers.setdefault((abs(row * stride - y), abs(column * stride - x)), len(numbers))
        for row, column in queries
        for y, x in keys
    ]
    return torch.tensor(indices).view(len(queries), len(keys)), len(numbers)
