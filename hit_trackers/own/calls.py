"""Calls of a network, kept so that they can be made again: on it, or on a variant of it."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Mode:
    """What PyTorch was set to when a call was made, as far as it decides numbers."""

    autocast: bool
    dtype: torch.dtype

    @classmethod
    def now(cls, device: str) -> Mode:
        """The settings of this thread, for a type of device."""
        return cls(torch.is_autocast_enabled(device), torch.get_autocast_dtype(device))

    @contextlib.contextmanager
    def entered(self, device: str) -> Iterator[None]:
        """Compute as then, without gradients.

        Not in inference mode, even if it was: there composite operators cannot be counted, and what
        they compute is the same.
        """
        with torch.no_grad(), torch.autocast(device, self.dtype, enabled=self.autocast):
            yield


@dataclass(frozen=True)
class Call:
    """One call from outside a network: which method, and copies of what it was given."""

    entry: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    mode: Mode


@dataclass
class Calls:
    """All calls of one frame, in order: a probe's `network_input`."""

    calls: list[Call] = field(default_factory=list)


def copied(value: Any) -> Any:
    """A deep copy that no later work on the original reaches; tensors without their gradients."""
    return mapped(value, _copy_of)


def _copy_of(leaf: Any) -> Any:
    if isinstance(leaf, torch.Tensor):
        return leaf.detach().clone()
    try:
        return copy.deepcopy(leaf)
    except Exception:  # somebody's class: a handle of a file, a generator
        return leaf


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same structure of tuples, lists, dictionaries and plain objects, each leaf changed.

    A leaf is whatever is none of these. Objects that only hold tensors, such as STARK's
    `NestedTensor`, are copied and their attributes changed.
    """
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(item, change) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(mapped(item, change) for item in value)
    if isinstance(value, dict):
        return {key: mapped(item, change) for key, item in value.items()}
    if is_holder(value):
        made = copy.copy(value)
        vars(made).update({name: mapped(item, change) for name, item in vars(value).items()})
        return made
    return change(value)


def is_holder(value: Any) -> bool:
    """Whether an object is one of somebody's that holds tensors as attributes, and no network."""
    if isinstance(value, torch.Tensor | torch.nn.Module | np.ndarray | type):
        return False
    held = getattr(value, "__dict__", None) or {}
    return any(isinstance(item, torch.Tensor) for item in held.values())


def leaves(value: Any) -> list[Any]:
    """All leaves of a structure, in order."""
    found: list[Any] = []
    mapped(value, found.append)
    return found


@contextlib.contextmanager
def unchanged(modules: dict[str, torch.nn.Module]) -> Iterator[None]:
    """Put back what calls leave in attributes of networks, such as a template that is kept.

    Methods stay: an attention that was planned in a call is planned.
    """
    parts = {id(part): part for module in modules.values() for part in module.modules()}
    before = [(part, _data(part), dict(part._buffers)) for part in parts.values()]
    try:
        yield
    finally:
        for part, attributes, buffers in before:
            for name in _data(part).keys() - attributes.keys():
                del vars(part)[name]
            vars(part).update(attributes)
            part._buffers.clear()
            part._buffers.update(buffers)


def _data(part: torch.nn.Module) -> dict[str, Any]:
    return {name: value for name, value in vars(part).items() if not callable(value)}
