"""The official expression: it stores the whole matrix of scores."""

from __future__ import annotations

from torch import Tensor


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float) -> Tensor:
    """Official `Attention.forward` and `AttentionSubsample.forward`, operation for operation."""
    scores = (q @ k.transpose(-2, -1)) * scale
    scores = scores if bias is None else scores + bias
    return scores.softmax(dim=-1) @ v
