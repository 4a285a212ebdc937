"""An own tracker whose networks are watched, and executed as its variant's name says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from hit_trackers.errors import EngineError
from hit_trackers.own import trial
from hit_trackers.own.engines import make_engine
from hit_trackers.own.probe import OwnProbe, planned
from hit_trackers.own.room import Room
from hit_trackers.own.tracker import OwnTracker
from hit_trackers.own.watch import Watch
from hit_trackers.variants import DEFAULTS, Variant

if TYPE_CHECKING:
    from hit_trackers.optimise import Account


def _why(account: Account) -> str:
    """Why no attention of a tracker is executed otherwise."""
    if not account.sites:
        return "no attention was found"
    plans = {plan.words for site in account.sites for plan in site.plans.values()}
    reasons = account.problems or [f"{len(account.sites)} attentions run {', '.join(plans)}"]
    return "; ".join(dict.fromkeys(reasons))


def watched(
    made: Any, room: Room, variant: Variant, networks: dict[str, nn.Module], device: str
) -> OwnTracker:
    """Put watches into the networks of a tracker, and what executes them.

    Raises:
        EngineError: a part of the variant's name does not fit the tracker, or cannot run here.
        MissingDependencyError: a library is not installed.
    """
    account = None
    if variant.part("attention") != DEFAULTS["attention"]:
        from hit_trackers.optimise import optimise

        account = optimise(made, variant.part("attention"))
    engine = make_engine(variant, networks, device)
    watch = Watch(device)
    watch.prepare = engine.prepare
    watch.install(networks)
    tracker = OwnTracker(made, room, variant, OwnProbe(watch, engine, room, account))
    if not variant.parts:
        return tracker
    trial.attempt(tracker, engine, room)
    if account is not None and not planned(account):
        raise EngineError(f"{variant.name}: nothing to execute otherwise: {_why(account)}")
    return tracker
