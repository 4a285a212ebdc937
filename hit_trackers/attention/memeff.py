"""PyTorch's fused memory-efficient attention: the paper's replacement.

On CUDA the memory-efficient kernel is called by name, so that no other backend can answer for it.
It takes values of another width than keys, and a bias whose rows start at multiples of 8 elements.
On a CPU the fused kernel is the flash one, which wants equal widths: queries and keys are padded
with zeros, which add nothing to a score (splitting the values instead was 1.2 times slower).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

BIAS_ALIGNMENT = 8


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float) -> Tensor:
    """Equal to `eager.attend` within rounding; the scores are never stored as a whole."""
    if q.is_cuda:
        return attend_cuda(q, k, v, bias, scale)
    padding = v.shape[-1] - q.shape[-1]
    if padding:
        q, k = F.pad(q, (0, padding)), F.pad(k, (0, padding))
    mask = bias[None] if bias is not None and bias.dim() == 3 else bias
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)


def attend_cuda(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float) -> Tensor:
    """`attend` on CUDA: one kernel, which reads the bias where it lies."""
    if bias is not None:  # the kernel wants it as large as the scores, though not in memory
        bias = bias.expand(*q.shape[:-1], bias.shape[-1])
    out = torch.ops.aten._scaled_dot_product_efficient_attention(
        q, k, v, bias, compute_log_sumexp=False, scale=scale
    )
    attended: Tensor = out[0]
    return attended


def lay_out_bias(bias: Tensor) -> Tensor:
    """The same values, each row starting at a multiple of `BIAS_ALIGNMENT` elements.

    Left to itself PyTorch makes this copy in every call of every frame.
    """
    keys = bias.shape[-1]
    padding = -keys % BIAS_ALIGNMENT
    return F.pad(bias, (0, padding))[..., :keys] if padding else bias
