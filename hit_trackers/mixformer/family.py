"""MixFormer's names, and what the harness asks of a family. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers import checkpoint
from hit_trackers.errors import EngineError
from hit_trackers.families import Sketch
from hit_trackers.mixformer.config import CONFIGS, SETTINGS, setting_of
from hit_trackers.official import NO_BIAS, OfficialFamily
from hit_trackers.variants import TOKENS, Grammar, Variant

if TYPE_CHECKING:
    from torch import nn

    from hit_trackers.engines import Engine
    from hit_trackers.mixformer.network.mixformer import MixFormer
    from hit_trackers.mixformer.program import MixFormerProgram
    from hit_trackers.mixformer.tracker import MixFormerTracker
    from hit_trackers.protocol import Tracker


class MixFormerFamily(OfficialFamily):
    """MixCvT (`cvt`, `cvtl`) and MixViT (`vit`, `vitl`), with score branch and online templates.

    A setting is an official one: `mixformer_cvt_lasot` searches and learns as the published
    figures of LaSOT were made.
    """

    name = "mixformer"
    grammar = Grammar(
        "mixformer",
        tuple(CONFIGS),
        tuple(SETTINGS["cvt"]),
        tuple(name for name in TOKENS if name not in NO_BIAS),
    )
    first: Mapping[str, str] = {"size": "cvt"}
    origin = "the official MixFormer repository"

    def files(self, parts: Mapping[str, str]) -> Sequence[str]:
        """As `OfficialFamily.files`; for GOT-10k the weights that saw no other data."""
        official = CONFIGS[parts["size"]].checkpoint
        got = "_got" if parts.get("setting") == "got10k" else ""
        stem = official.format(got=got)
        name = self.grammar.variant({"size": parts["size"]}).name + got
        found = [f"{stem}{suffix}" for suffix in checkpoint.SUFFIXES]
        found += [f"models/{stem}.pth.tar", *(f"{name}{suffix}" for suffix in checkpoint.SUFFIXES)]
        return found

    def load(self, variant: Variant, checkpoint: str | Path | None, device: str) -> Tracker:
        """As `Family.load`; 8 bits are for one number of templates, and so for one setting."""
        setting = setting_of(variant.part("size"), variant.part("setting"))
        if variant.part("precision") == "int8" and setting.online > 1:
            raise EngineError(
                f"{variant.name}: its templates grow in number while it tracks, and an 8-bit "
                f"network is made for one number of them; use {self.name}_{variant.part('size')}"
                f"_{variant.part('engine')}_int8, or the same name without int8"
            )
        return super().load(variant, checkpoint, device)

    def build(self, parts: Mapping[str, str]) -> MixFormer:
        """As `OfficialFamily.build`."""
        from hit_trackers.mixformer.network.mixformer import build

        return build(parts["size"])

    def fill(self, network: nn.Module) -> None:
        """As `OfficialFamily.fill`."""
        from hit_trackers.mixformer.network.seeded import fill

        fill(network)

    def program(self, network: Any, variant: Variant, device: str) -> MixFormerProgram:
        """As `OfficialFamily.program`."""
        from hit_trackers.mixformer.program import make_program

        return make_program(network, variant, device)

    def tracker(self, engine: Engine, variant: Variant, device: str) -> MixFormerTracker:
        """As `OfficialFamily.tracker`."""
        from hit_trackers.mixformer.tracker import MixFormerTracker

        return MixFormerTracker(engine, variant, device)

    def variants(self) -> Sequence[Variant]:
        """Every size with every token; of each official setting the baseline only."""
        found = super().variants()
        return [v for v in found if not v.part("setting") or v.name == v.baseline]

    def sketch(self, variant: Variant) -> Sketch:
        """As `Family.sketch`."""
        from hit_trackers.mixformer.sketch import sketch

        return sketch(variant)


FAMILY = MixFormerFamily()
