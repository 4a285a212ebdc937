"""Where a token is, by sines and cosines (DETR's `PositionEmbeddingSine`, normalised)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TEMPERATURE = 10000
_EPSILON = 1e-6


def sine_position(padding: Tensor, width: int) -> Tensor:
    """Embedding of each place of a map.

    Args:
        padding: bool (B, H, W); what is true lies outside the image and is not counted.
        width: channels, half of them for rows, half for columns.

    Returns:
        float32 (B, width, H, W); innermost in memory is the width, as official.
    """
    inside = ~padding
    rows, columns = (inside.cumsum(axis, dtype=torch.float32) for axis in (1, 2))
    rows = rows / (rows[:, -1:, :] + _EPSILON) * (2 * math.pi)
    columns = columns / (columns[:, :, -1:] + _EPSILON) * (2 * math.pi)
    half = width // 2
    exponent = torch.arange(half, dtype=torch.float32, device=padding.device)
    period = TEMPERATURE ** (2 * (exponent // 2) / half)
    return torch.cat((_waves(rows, period), _waves(columns, period)), dim=3).permute(0, 3, 1, 2)


def _waves(places: Tensor, period: Tensor) -> Tensor:
    """(B, H, W) -> sines and cosines by turns, (B, H, W, len(period))."""
    angles = places[:, :, :, None] / period
    return torch.stack((angles[..., 0::2].sin(), angles[..., 1::2].cos()), dim=4).flatten(3)
