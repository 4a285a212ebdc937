"""TransT's names, and what the harness asks of a family. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hit_trackers.families import Sketch
from hit_trackers.official import NO_BIAS, OfficialFamily
from hit_trackers.variants import TOKENS, Grammar, Variant

if TYPE_CHECKING:
    from torch import nn

    from hit_trackers.engines import Engine
    from hit_trackers.transt.network.transt import TransT
    from hit_trackers.transt.program import TransTProgram
    from hit_trackers.transt.tracker import TransTTracker


class TransTFamily(OfficialFamily):
    """TransT with four feature fusion layers, the published network, and with two as `n2`."""

    name = "transt"
    grammar = Grammar(
        "transt", settings=("n2",), tokens=tuple(name for name in TOKENS if name not in NO_BIAS)
    )
    first: Mapping[str, str] = {}
    meanings: Mapping[str, str] = {"n2": "TransT-N2: two feature fusion layers in place of four"}
    origin = "the official TransT repository"

    def configurations(self) -> Sequence[dict[str, str]]:
        """As `OfficialFamily.configurations`."""
        return [{}, {"setting": "n2"}]

    def files(self, parts: Mapping[str, str]) -> Sequence[str]:
        """As `OfficialFamily.files`."""
        name = self.grammar.variant(parts).baseline
        return [f"{name}{suffix}" for suffix in (".pth", ".pth.tar", ".pt", ".safetensors")]

    def build(self, parts: Mapping[str, str]) -> TransT:
        """As `OfficialFamily.build`."""
        from hit_trackers.transt.network.transt import build

        return build(self.grammar.variant(parts).baseline)

    def fill(self, network: nn.Module) -> None:
        """As `OfficialFamily.fill`."""
        from hit_trackers.transt.network.seeded import fill

        fill(network)

    def program(self, network: Any, variant: Variant, device: str) -> TransTProgram:
        """As `OfficialFamily.program`."""
        from hit_trackers.transt.program import make_program

        return make_program(network, variant, device)

    def tracker(self, engine: Engine, variant: Variant, device: str) -> TransTTracker:
        """As `OfficialFamily.tracker`."""
        from hit_trackers.transt.tracker import TransTTracker

        return TransTTracker(engine, variant, device)

    def sketch(self, variant: Variant) -> Sketch:
        """As `Family.sketch`."""
        from hit_trackers.transt.sketch import sketch

        return sketch(variant)


FAMILY = TransTFamily()
