"""HiT's names, and what the harness asks of a family. Imports nothing heavy."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers.families import Sketch, Weights
from hit_trackers.hit import weights
from hit_trackers.hit.network.config import CONFIGS
from hit_trackers.official import OfficialFamily
from hit_trackers.variants import FAMILY_TOKENS, TOKENS, Grammar, Variant

if TYPE_CHECKING:
    from torch import nn

    from hit_trackers.engines import Engine
    from hit_trackers.hit.network.hit import HiT
    from hit_trackers.hit.program import HitProgram
    from hit_trackers.hit.tracker import HitTracker


class HitFamily(OfficialFamily):
    """HiT-Base, -Small and -Tiny from official checkpoints, and the embedded HiT-Nano.

    A name without a size is HiT-Nano, whose weights are always here.
    """

    name = "hit"
    grammar = Grammar("hit", tuple(CONFIGS), tokens=(*TOKENS, *FAMILY_TOKENS))
    first: Mapping[str, str] = {"size": "nano"}
    benched: Mapping[str, str] = {"size": "base"}
    origin = "the official HiT repository"
    unfit: Mapping[str, str] = {}
    constants = weights.CONSTANTS

    def files(self, parts: Mapping[str, str]) -> Sequence[str]:
        """As `OfficialFamily.files`."""
        return weights.candidates(parts["size"])

    def find(self, variant: Variant, checkpoint: str | Path | None) -> Path | None:
        """As `OfficialFamily.find`; HiT-Nano's come with the package."""
        return weights.find(variant.part("size"), checkpoint)

    def build(self, parts: Mapping[str, str]) -> HiT:
        """As `OfficialFamily.build`."""
        from hit_trackers.hit.network.hit import build

        return build(parts["size"])

    def fill(self, network: nn.Module) -> None:
        """As `OfficialFamily.fill`."""
        from hit_trackers.hit.network.seeded import fill

        fill(network)

    def program(self, network: Any, variant: Variant, device: str) -> HitProgram:
        """As `OfficialFamily.program`."""
        from hit_trackers.hit.program import make_program

        return make_program(network, variant, device)

    def tracker(self, engine: Engine, variant: Variant, device: str) -> HitTracker:
        """As `OfficialFamily.tracker`."""
        from hit_trackers.hit.tracker import HitTracker

        return HitTracker(engine, variant, device)

    def resolve(self, name: str, checkpoint: str | Path | None = None) -> Variant:
        """A name without a size is Base with an official checkpoint, else Nano, with a message."""
        parts = self.grammar.read(name)
        if "size" in parts:
            return self.grammar.variant(parts)
        if checkpoint is not None or weights.search("base") is not None:
            return self.grammar.variant({"size": "base", **parts})
        resolved = self.grammar.variant({"size": "nano", **parts})
        print(
            f"hit-trackers: no official checkpoint is configured, so {name!r} is "
            f"{resolved.name!r}: the small network that comes with the package, not HiT-Base",
            file=sys.stderr,
        )
        return resolved

    def weights(self) -> Sequence[Weights]:
        """As `Family.weights`."""
        return [
            Weights(
                f"hit_{size}",
                weights.expected(size),
                weights.search(size),
                embedded=size == "nano" and weights.EMBEDDED.is_file(),
            )
            for size in CONFIGS
        ]

    def sketch(self, variant: Variant) -> Sketch:
        """As `Family.sketch`."""
        from hit_trackers.hit.sketch import sketch

        return sketch(variant)


FAMILY = HitFamily()
