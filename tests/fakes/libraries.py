"""Stand-ins for libraries that add otherwise than the one at hand."""

from __future__ import annotations

import torch
from torch.overrides import TorchFunctionMode


class AddsOtherwise(TorchFunctionMode):
    """A library that adds in two halves what it multiplies with fewer than `few` rows."""

    def __init__(self, few: int) -> None:
        super().__init__()
        self.few, self.calls = few, 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if (
            func not in (torch.Tensor.matmul, torch.Tensor.__matmul__)
            or args[0].shape[-2] >= self.few
        ):
            return func(*args, **(kwargs or {}))
        self.calls += 1
        left, right = args
        half = left.shape[-1] // 2
        return left[..., half:] @ right[..., half:, :] + left[..., :half] @ right[..., :half, :]
