"""Another execution of every attention of a network, with no line of it changed.

    account = optimise(tracker, "exact")

The network's own classes stay as they are, and so does everything else that they compute. See
`docs/optimise.md` for what is recognised, what is proven, and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from hit_trackers.errors import EngineError
from hit_trackers.optimise.account import Account
from hit_trackers.optimise.networks import networks_of, public_methods
from hit_trackers.optimise.optimised import Optimised
from hit_trackers.optimise.site import OPERATORS, Case, Site

__all__ = [
    "OPERATORS",
    "Account",
    "Case",
    "Site",
    "networks_of",
    "optimise",
    "public_methods",
    "survey",
]


def optimise(target: Any, operator: str = "exact") -> Account:
    """Swap how attention is executed in a network, or in all networks that an object holds.

    Nothing is executed here: the first call of each method is made as the network wrote it, looked
    at, planned and proven; it is slow. Later ones follow the plan.

    Args:
        target: a `torch.nn.Module`, or an object with some among its attributes.
        operator: "exact" (query tiles: the same bits), "memeff" (PyTorch's fused kernel) or
            "streaming" (the paper's Equations 2 to 4).

    Returns:
        The account, which fills as the methods are called.

    Raises:
        EngineError: no such operator, or no network in the target.
    """
    if operator not in OPERATORS:
        raise EngineError(
            f"no operator {operator!r} of attention; expected one of {', '.join(OPERATORS)}"
        )
    networks = networks_of(target)
    if not networks:
        raise EngineError(
            f"{type(target).__name__} holds no torch.nn.Module, so that no attention of it can be "
            "executed otherwise"
        )
    account = Account(operator)
    for name, network in networks.items():
        Optimised(network, name, operator, account)
    return account


def survey(
    networks: Mapping[str, nn.Module], frame: Callable[[], object], visit: Callable[[Case], None]
) -> None:
    """Show every attention that is computed on a frame to `visit`, and change nothing.

    Args:
        networks: by title.
        frame: calls their methods, such as a tracker's update.
        visit: called where each attention is computed, with all that it is computed from.
    """
    account = Account("exact")
    watched = [
        Optimised(network, title, "exact", account, visit) for title, network in networks.items()
    ]
    try:
        frame()
    finally:
        for one in watched:
            one.undo()
