"""The networks that somebody's tracker holds, and the methods that they are called by."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def networks_of(target: Any) -> dict[str, nn.Module]:
    """A module itself, under ""; or those that an object holds, at most two attributes down."""
    if isinstance(target, nn.Module):
        return {"": target}
    found: dict[str, nn.Module] = {}
    for name, value in _attributes(target).items():
        if isinstance(value, nn.Module):
            found[name] = value
            continue
        for inner, module in _attributes(value).items():
            if isinstance(module, nn.Module):
                found[f"{name}.{inner}"] = module
    # One that is held twice, or is a part of another one, is one network.
    parts = {id(part) for one in found.values() for part in one.modules() if part is not one}
    unique: dict[int, str] = {}
    for name, module in found.items():
        if id(module) not in parts:
            unique.setdefault(id(module), name)
    return {name: found[name] for name in unique.values()}


def _attributes(value: Any) -> dict[str, Any]:
    return dict(vars(value)) if hasattr(value, "__dict__") else {}


def public_methods(module: nn.Module) -> list[str]:
    """`forward`, and the public methods that a module's own classes add to PyTorch's.

    A method of every module that a class has a version of its own of, such as `train`, computes
    nothing that is looked for.
    """
    if isinstance(module, torch.jit.ScriptModule):
        return []
    names = ["forward"]
    for kind in type(module).__mro__:
        if kind.__module__.partition(".")[0] == "torch":
            continue
        names += [
            name
            for name, value in vars(kind).items()
            if callable(value) and not isinstance(value, type | nn.Module)
            if not name.startswith("_") and not hasattr(nn.Module, name)
        ]
    return [name for name in dict.fromkeys(names) if callable(getattr(module, name, None))]


def held_by(network: nn.Module) -> dict[tuple[str, str], Any]:
    """What modules hold, by module and attribute, but for what can be called."""
    return {
        (name, key): value
        for name, module in network.named_modules()
        for key, value in (*vars(module).items(), *module._buffers.items())
        if not callable(value)
    }


def are_the_same(before: dict[tuple[str, str], Any], after: dict[tuple[str, str], Any]) -> bool:
    """Whether modules hold, one by one, the very objects that they held: two of `held_by`."""
    return before.keys() == after.keys() and all(before[key] is after[key] for key in before)


def autocast_is_on() -> bool:
    """Whether functions pick types of their own here."""
    return any(torch.is_autocast_enabled(kind) for kind in ("cpu", "cuda"))
