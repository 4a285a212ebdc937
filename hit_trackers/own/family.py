"""An own tracker as a family of one."""

from __future__ import annotations

import dataclasses
import inspect
import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers.declarations import Declaration
from hit_trackers.errors import EngineError, FamilyError
from hit_trackers.families import Family
from hit_trackers.own.networks import modules_of, weights_digest
from hit_trackers.own.room import Room
from hit_trackers.variants import OWN_TOKENS, TOKENS, Claim, Grammar, Variant, weakest

if TYPE_CHECKING:
    from hit_trackers.own.tracker import OwnTracker


#: What can be added to its name.
_TOKENS = (
    *("exact", "memeff", "streaming", "compile", "graph", "onnx", "openvino"),
    *("bf16", "fp16", "channels_last"),
)
_ANYWHERE = ("exact", "memeff", "streaming", "compile", "channels_last", "bf16", "fp16")
_BENCHED = {
    "cpu": ("onnx", "openvino"),
    "cuda": ("graph", "exact_graph", "memeff_graph", "graph_fp16"),
}


class OwnFamily(Family):
    """The tracker of one declaration, and its variants where it holds PyTorch networks."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.name = declaration.name
        self._grammar = Grammar(declaration.name, tokens=_TOKENS)

    def parse(self, name: str) -> Variant:
        """Its name, to which parts can be added: `mine_exact`, `mine_bf16_channels_last`."""
        own = self.declaration
        variant = self._grammar.variant(self._grammar.read(name))
        if variant.name == own.name:  # no part added: nothing is known of what it executes
            variant = Variant(own.name, own.name, own.name, Claim.BASELINE)
        if not own.baseline:
            return variant
        claim = weakest([variant.claim, Claim(own.claim) if own.claim else Claim.TOLERANCE])
        return dataclasses.replace(variant, baseline=own.baseline, claim=claim)

    def tokens(self) -> Mapping[str, str]:
        """As `Family.tokens`; each fits a tracker that holds PyTorch networks."""
        known = {**TOKENS, **OWN_TOKENS}
        return {name: known[name].meaning for name in self._grammar.tokens}

    def bench_variants(self, device: str) -> Sequence[str]:
        """As `Family.bench_variants`: everything that may fit."""
        return [f"{self.name}_{parts}" for parts in (*_ANYWHERE, *_BENCHED[device])]

    def load(self, variant: Variant, checkpoint: str | Path | None, device: str) -> OwnTracker:
        """Make the tracker; `checkpoint` and `device` are given to it where it takes them."""
        from hit_trackers.own.tracker import OwnTracker

        room = Room(self.declaration)
        room.device = device
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
        networks = modules_of(made)
        identity = {
            "weights_sha256": weights_digest(networks) or "none",
            "arguments": json.dumps(arguments, sort_keys=True, default=repr),
        }
        variant = dataclasses.replace(variant, identity=identity)
        if networks:
            from hit_trackers.own.execution import watched

            return watched(made, room, variant, networks, device)
        if variant.parts:
            raise EngineError(
                f"{variant.name}: {self.name} holds no torch.nn.Module when it is made, so that "
                "nothing in it can be executed otherwise"
            )
        return OwnTracker(made, room, variant)

    def sources(self) -> Sequence[Path]:
        """As `Family.sources`: the file that it is made by, and what was imported beside it."""
        room = Room(self.declaration)
        named = [self.declaration.file] if self.declaration.file is not None else []
        if self.declaration.trax:
            # Of an executable those words of its command that are files.
            words = shlex.split(self.declaration.trax)
            paths = [room.root / words[0], *(room.root / word for word in words[1:])]
            named = [path.resolve() for path in paths if path.is_file()]
            named += [Path(found) for found in (shutil.which(words[0]),) if found and not named]
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
