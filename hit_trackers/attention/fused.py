"""Attention in one launch that rounds where the separate launches do. For CUDA, with Triton.

The memory-efficient kernel rescales sums as it goes and divides last, and so changes every box.
This one goes over the keys three times instead of once and rounds each step as PyTorch's separate
CUDA kernels are known to: scores and outputs as chains of fused multiply-adds over the keys in
order, the softmax's sum lane by lane, CUDA's own `exp`, a true division. What it cannot know is
which matrix kernel the vendor's library picks for the baseline; where that adds in another order
the last bits differ, so the claim is a tolerance. `verify` says what it is on a given GPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hit_trackers.errors import EngineError, MissingDependencyError

BLOCK = 16  # queries of a program: Base's first stage is 120 programs, about one per processor


def require(device: torch.device, precision: str, what: str = "fused attention") -> None:
    """Raise unless `what`, a kernel in Triton, can run there.

    Raises:
        EngineError: no CUDA device, or another precision than float32.
        MissingDependencyError: Triton is not installed.
    """
    if device.type != "cuda":
        raise EngineError(
            f"{what} is a CUDA kernel, and this is a CPU: use --device cuda, or `exact`, "
            "which is bitwise on any device"
        )
    if precision != "fp32":
        raise EngineError(f"{what} reproduces float32, and this is {precision}")
    _kernel()


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float) -> Tensor:
    """As every operator, for one image in float32; widths are powers of two from 16 on."""
    batch, heads, queries, width = q.shape
    assert batch == 1, "a tracker sees one image at a time"
    assert bias is not None, "the kernel reads a bias"
    values = v.shape[-1]
    # The kernel steps through rows and heads; what lies within a row must be contiguous.
    q, k, v, bias = (p if p.stride(-1) == 1 else p.contiguous() for p in (q, k, v, bias))
    # Laid out as the projection after the attention reads it: no copy comes between.
    out = q.new_empty(1, queries, heads, values).transpose(1, 2)
    strides = [part.stride()[-3:-1] for part in (q, k, v, bias, out)]
    with torch.cuda.device_of(q):  # Triton launches on the current device
        _kernel()[-(-queries // BLOCK), heads](
            *(q, k, v, bias, out, scale, queries, k.shape[-2]),
            *(stride for pair in strides for stride in pair),
            WIDTH=width,
            VALUES=values,
            BLOCK=BLOCK,
            num_warps=4,
            enable_fp_fusion=False,  # a product and a sum made one would be rounded once
        )
    return out


def _kernel() -> Any:
    try:
        from hit_trackers.attention.triton_kernel import attention
    except ImportError as error:
        raise MissingDependencyError(
            f"fused attention needs Triton ({error}); it comes with PyTorch for CUDA on Linux, or "
            "install it: pip install triton"
        ) from error
    return attention
