"""Operators dispatched a frame: what stands in for kernel launches where there is no GPU.

Every ATen call that reaches a backend is counted, but for those that only make a view of a tensor.
Copies count, and so do the few allocations that PyTorch makes inside a batch norm. By this rule
the official network is 288 operators (Base and Small) or 246 (Tiny).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Views that PyTorch does not declare as such: its result shares memory, its schema does not say so.
_UNDECLARED_VIEWS = {"aten._unsafe_view.default", "aten.detach.default"}


class _Counting(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = str(func)
        if not func.is_view and name not in _UNDECLARED_VIEWS:
            self.calls[name] += 1
        return func(*args, **(kwargs or {}))


def count_operators(work: Callable[[], object]) -> Counter[str]:
    """Run `work` once and count what it dispatches, by operator (`aten.addmm.default`, ...)."""
    # Not in inference mode: there composite operators are dispatched whole, and seen as one.
    with torch.no_grad(), _Counting() as counting:
        work()
    calls: Counter[str] = counting.calls
    return calls
