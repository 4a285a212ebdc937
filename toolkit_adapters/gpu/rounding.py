"""Steps of the official expression in other orders: what a kernel of one's own would have to match.

Each form is plain PyTorch, slow, and rounds as it says. A product of two float32 is exact in
float64, so that rounding the float64 sum to float32 rounds a term once, as a fused multiply-add
does (but for the rare sum that is rounded twice).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LANES = 32


def fused_chain(a: Tensor, b: Tensor) -> Tensor:
    """a @ b, each sum one chain of fused multiply-adds from the first term to the last.

    Args:
        a, b: float32 (..., M, K) and (..., K, N).
    """
    total = a.new_zeros(*a.shape[:-1], b.shape[-1])
    a, b = a.double(), b.double()
    for index in range(a.shape[-1]):
        total = (total.double() + a[..., index, None] * b[..., None, index, :]).float()
    return total


def lane_sum(x: Tensor) -> Tensor:
    """Sum of the last dimension, kept: 32 lanes each add every 32nd term, then halves are added."""
    import torch

    x = torch.nn.functional.pad(x, (0, -x.shape[-1] % LANES))
    lanes = x.unflatten(-1, (-1, LANES))
    total: Tensor = lanes[..., 0, :]
    for index in range(1, lanes.shape[-2]):
        total = total + lanes[..., index, :]
    while total.shape[-1] > 1:
        half = total.shape[-1] // 2
        total = total[..., :half] + total[..., half:]
    return total


def lane_softmax(scores: Tensor) -> Tensor:
    """The softmax of rows up to 1,024 as PyTorch's CUDA kernel is known to compute it."""
    highest: Tensor = scores.amax(dim=-1, keepdim=True)
    weights = (scores - highest).exp()
    divided: Tensor = weights / lane_sum(weights)
    return divided
