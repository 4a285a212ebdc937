"""What another way of computing is tried on, where it may change no bit.

The order in which a library adds depends on shapes, layouts, threads, processor and version, and
not on numbers: random ones show it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def is_possible(like: Tensor) -> bool:
    """Whether something is computed here and now: not on CUDA, in an export, by a compiler.

    On CUDA a trial would be one more launch to capture, and waits for a device to be written.
    """
    return type(like) is Tensor and like.device.type == "cpu" and not torch.compiler.is_compiling()


def stand_ins(*tensors: Tensor) -> list[Tensor]:
    """Random tensors, the same ones each time, of the shapes, layouts and types of others."""
    generator = torch.Generator().manual_seed(0)
    return [
        torch.empty_strided(one.shape, one.stride(), dtype=one.dtype).normal_(generator=generator)
        for one in tensors
    ]
