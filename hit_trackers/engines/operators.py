"""Operators dispatched per frame: how many, and inside which module.

Every ATen call that reaches a backend is counted, except those that only make a view of a tensor.
The count stands in for kernel launches where there is no GPU. Copies count, and so do the few
allocations that PyTorch makes inside a batch norm. By this rule HiT's official network is 288
operators (Base and Small) or 246 (Tiny).
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

# Views that PyTorch does not declare as such: its result shares memory, its schema does not say so.
_UNDECLARED_VIEWS = {"aten._unsafe_view.default", "aten.detach.default"}


class Counting(TorchDispatchMode):
    """While it is entered, counts operators: in all, and inside `site` where that is set."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: Counter[str] = Counter()
        self.sites: dict[str, Counter[str]] = {}
        self.site: str | None = None

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = str(func)
        if not func.is_view and name not in _UNDECLARED_VIEWS:
            self.calls[name] += 1
            if self.site is not None:
                self.sites[self.site][name] += 1
        return func(*args, **(kwargs or {}))


def count_operators(work: Callable[[], object]) -> Counter[str]:
    """Run `work` once and count what it dispatches, by operator (`aten.addmm.default`, ...)."""
    return count_by_site(work, {})[0]


def count_by_site(
    work: Callable[[], object], sites: dict[str, nn.Module]
) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """As `count_operators`, and the same inside each of some modules, by the names given.

    A module that the work does not run is left out: what a frame does not need says nothing.
    """
    # Not in inference mode: there composite operators are dispatched whole, and seen as one.
    with torch.no_grad(), Counting() as counting, _watched(counting, sites):
        work()
    return counting.calls, counting.sites


@contextlib.contextmanager
def _watched(counting: Counting, sites: dict[str, nn.Module]) -> Iterator[None]:
    hooks = []
    for name, module in sites.items():

        def enter(*_: object, name: str = name) -> None:
            counting.site = name
            counting.sites.setdefault(name, Counter())

        def leave(*_: object) -> None:
            counting.site = None

        hooks += [module.register_forward_pre_hook(enter), module.register_forward_hook(leave)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
