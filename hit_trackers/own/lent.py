"""What old code finds only in its room: a GPU that is none, and names that NumPy removed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

#: Names that NumPy removed in 1.24 and 2.0, and what they were.
ALIASES: dict[str, Any] = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "str": str,
    "complex": complex,
    "float_": np.float64,
    "Inf": np.inf,
    "infty": np.inf,
    "NaN": np.nan,
}


@contextlib.contextmanager
def numpy_aliases() -> Iterator[None]:
    """Give NumPy back the names that it lacks, and take them away at the end."""
    lacking = {name: value for name, value in ALIASES.items() if name not in vars(np)}
    for name, value in lacking.items():
        setattr(np, name, value)
    try:
        yield
    finally:
        for name in lacking:
            delattr(np, name)


@contextlib.contextmanager
def cuda_led_to(device: str) -> Iterator[None]:
    """Send to `device` what is sent to CUDA by `.cuda()`, `.to("cuda")` or a checkpoint.

    A tensor that is made there (`torch.zeros(2, device="cuda")`) is not caught.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    on_cpu = device == "cpu"

    def led(value: Any) -> Any:
        text = str(value) if isinstance(value, str | torch.device) else ""
        return device if text.startswith("cuda") else value

    # Each a function of its own: torch.compile tells PyTorch's functions by their identity.
    def cuda() -> Any:
        return lambda self, *_, **__: self.to(device)

    def to(original: Any) -> Any:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            changed = {key: led(value) for key, value in kwargs.items()}
            return original(self, *map(led, args), **changed)

        return call

    def load(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            kwargs["map_location"] = led(kwargs.get("map_location") or device)
            return original(*args, **kwargs)

        return call

    def nothing() -> Any:
        return lambda *_, **__: None

    changes: list[tuple[Any, str, Any]] = [
        (kind, name, made)
        for kind in (torch.Tensor, torch.nn.Module)
        for name, made in (("cuda", cuda()), ("to", to(kind.to)))
    ]
    changes.append((torch, "load", load(torch.load)))
    names = ("synchronize", "empty_cache", "set_device") if on_cpu else ()
    changes += [(torch.cuda, name, nothing()) for name in names]
    with contextlib.ExitStack() as stack:
        for owner, name, made in changes:
            stack.enter_context(_changed(owner, name, made))
        yield


@contextlib.contextmanager
def _changed(owner: Any, name: str, value: Any) -> Iterator[None]:
    # A method that a class inherits is not its own, and has to be deleted again.
    own = name in vars(owner)
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)
