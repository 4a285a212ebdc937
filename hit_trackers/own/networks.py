"""The networks that somebody's tracker holds, and the methods by which it may call them."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from typing import Any

#: How deep below a network a tracker may call a part of it by itself (`net.head.boxes(x)`).
DEPTH = 2


def modules_of(tracker: Any) -> dict[str, Any]:
    """The networks that a tracker holds when it is made, by name; none without PyTorch.

    See `hit_trackers.optimise.networks_of`.
    """
    if "torch" not in sys.modules:  # then it cannot hold any
        return {}
    from hit_trackers.optimise import networks_of

    return {name or "network": module for name, module in networks_of(tracker).items()}


def weights_digest(modules: dict[str, Any]) -> str:
    """SHA-256 over the tensors of modules; empty where there are none."""
    from hit_trackers.checkpoint import digest

    sha = hashlib.sha256()
    for name, module in sorted(modules.items()):
        sha.update(f"{name} {digest(module.state_dict())}".encode())
    return sha.hexdigest() if modules else ""


def callable_parts(name: str, module: Any) -> Iterator[tuple[str, Any, str]]:
    """What a tracker may call of a network: (name of the part, the part, a public method).

    The network itself and its parts down to `DEPTH`; see `hit_trackers.optimise.public_methods`.
    """
    from hit_trackers.optimise import public_methods

    for path, part in module.named_modules():
        depth = path.count(".") + 1 if path else 0
        if depth <= DEPTH:
            for method in sorted(public_methods(part)):
                yield (f"{name}.{path}" if path else name), part, method
