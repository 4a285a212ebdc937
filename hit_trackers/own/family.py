"""An own tracker as a family of one."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers.declarations import Declaration
from hit_trackers.errors import FamilyError, UnknownTrackerError
from hit_trackers.families import Family
from hit_trackers.own.room import Room
from hit_trackers.variants import Claim, Variant

if TYPE_CHECKING:
    from hit_trackers.own.tracker import OwnTracker


class OwnFamily(Family):
    """The tracker of one declaration, under its own name."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.name = declaration.name

    def parse(self, name: str) -> Variant:
        """Its name and no other: no part can be added to an own tracker yet."""
        own = self.declaration
        if name.lower() != own.name:
            added = name[len(own.name) + 1 :]
            raise UnknownTrackerError(
                f"unknown tracker {name!r}: {own.name} is your own tracker, to which {added!r} "
                "cannot be added"
            )
        if not own.baseline:
            return Variant(own.name, own.name, own.name, Claim.BASELINE)
        claim = Claim(own.claim) if own.claim else Claim.TOLERANCE
        return Variant(own.name, own.name, own.baseline, claim)

    def load(self, variant: Variant, checkpoint: str | Path | None, device: str) -> OwnTracker:
        """Make the tracker; `checkpoint` and `device` are given to it where it takes them."""
        from hit_trackers.own.tracker import OwnTracker

        room = Room(self.declaration)
        maker = room.import_maker()
        offered: dict[str, Any] = {"device": device}
        if checkpoint is not None:
            offered["checkpoint"] = str(checkpoint)
        arguments = {**_taken(maker, offered), **self.declaration.arguments}
        with room.entered():
            try:
                made = maker(**arguments)
            except FamilyError:
                raise
            except Exception as error:
                raise FamilyError(
                    f"own tracker {self.name}: {self.declaration.make} raised "
                    f"{type(error).__name__}: {error}"
                ) from error
        identity = {
            "weights_sha256": weights_digest(made) or "none",
            "arguments": json.dumps(arguments, sort_keys=True, default=repr),
        }
        return OwnTracker(made, room, dataclasses.replace(variant, identity=identity))

    def sources(self) -> Sequence[Path]:
        """As `Family.sources`: the file that it is made by, and what was imported beside it."""
        room = Room(self.declaration)
        named = [self.declaration.file] if self.declaration.file is not None else []
        return [*named, *(path for path in room.sources() if path not in named)]


def _taken(maker: Any, offered: dict[str, Any]) -> dict[str, Any]:
    """Those of the arguments that it takes by name."""
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):  # of C, without a signature
        return {}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return offered
    names = {parameter.name for parameter in parameters}
    return {name: value for name, value in offered.items() if name in names}


def modules_of(tracker: Any) -> dict[str, Any]:
    """The `torch.nn.Module`s that a tracker holds as attributes, at most two levels down."""
    torch = sys.modules.get("torch")
    if torch is None:  # then it cannot hold any
        return {}
    found: dict[str, Any] = {}
    for name, value in list(vars(tracker).items()) if hasattr(tracker, "__dict__") else []:
        if isinstance(value, torch.nn.Module):
            found[name] = value
        elif hasattr(value, "__dict__"):
            found |= {
                f"{name}.{inner}": module
                for inner, module in list(vars(value).items())
                if isinstance(module, torch.nn.Module)
            }
    return found


def weights_digest(tracker: Any) -> str:
    """SHA-256 over the tensors of its modules; empty where it has none."""
    from hit_trackers.checkpoint import digest

    modules = modules_of(tracker)
    sha = hashlib.sha256()
    for name, module in sorted(modules.items()):
        sha.update(f"{name} {digest(module.state_dict())}".encode())
    return sha.hexdigest() if modules else ""
