"""STARK's names, and what the harness asks of a family. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hit_trackers import checkpoint
from hit_trackers.errors import UnknownTrackerError
from hit_trackers.families import Sketch
from hit_trackers.official import NO_BIAS, OfficialFamily
from hit_trackers.stark.config import CONFIGS, GOT10K, SETTINGS, settings_of
from hit_trackers.variants import TOKENS, Grammar, Variant, unknown

if TYPE_CHECKING:
    from torch import nn

    from hit_trackers.engines import Engine
    from hit_trackers.engines.program import Program
    from hit_trackers.protocol import Tracker


class StarkFamily(OfficialFamily):
    """STARK-S50, -ST50, -ST101 and -Lightning.

    Of ST a setting is an official one: `stark_st50_trackingnet` changes its template as often as
    the published figures of TrackingNet were made with. `got10k` has weights of its own.
    """

    name = "stark"
    grammar = Grammar(
        "stark", tuple(CONFIGS), SETTINGS, tuple(name for name in TOKENS if name not in NO_BIAS)
    )
    first: Mapping[str, str] = {"size": "s50"}
    meanings: Mapping[str, str] = {
        "s50": "STARK-S50: ResNet-50, one template",
        "st50": "STARK-ST50: ResNet-50, a second template that changes every 200 frames",
        "st101": "STARK-ST101: the same with ResNet-101",
        "lightning": "STARK-Lightning: RepVGG-A0, one encoder layer, no decoder",
        GOT10K: "official weights that saw GOT-10k only",
        "trackingnet": "of ST: the second template may change every 25 frames",
        "vot20": "of ST: every 10 frames",
        "vot20lt": "of ST: every 200 frames, of ST101 every 100",
    }
    origin = "the official Stark repository"
    unfit: Mapping[str, str] = {
        "fused": "the Triton kernel reads another bias for every pair of tokens, and this family's "
        "attention has masks of padding"
    }

    def parse(self, name: str) -> Variant:
        """As `OfficialFamily.parse`; a size has the settings that its official code has."""
        variant = super().parse(name)
        size, setting = variant.part("size"), variant.part("setting")
        if setting and setting not in settings_of(size):
            raise UnknownTrackerError(unknown(name, setting, settings_of(size)))
        return variant

    def configurations(self) -> Sequence[dict[str, str]]:
        """As `OfficialFamily.configurations`."""
        return [
            {"size": size, **({"setting": setting} if setting else {})}
            for size in CONFIGS
            for setting in ("", *settings_of(size))
        ]

    def variants(self) -> Sequence[Variant]:
        """Every size with every token; of each setting the baseline only."""
        found = super().variants()
        return [v for v in found if not v.part("setting") or v.name == v.baseline]

    def files(self, parts: Mapping[str, str]) -> Sequence[str]:
        """As `OfficialFamily.files`; for GOT-10k the weights that saw no other data."""
        config = CONFIGS[parts["size"]]
        only = "_got10k_only" if parts.get("setting") == GOT10K else ""
        official = f"{config.script}/{config.yaml}{only}/{config.file}"
        name = self.grammar.variant({"size": parts["size"]}).name + only
        return [
            official,
            *(f"{folder}/{official}" for folder in ("train", "checkpoints/train")),
            *(f"{name}{suffix}" for suffix in checkpoint.SUFFIXES),
        ]

    def build(self, parts: Mapping[str, str]) -> nn.Module:
        """As `OfficialFamily.build`."""
        from hit_trackers.stark.network import build

        return build(parts["size"])

    def fill(self, network: Any) -> None:
        """As `OfficialFamily.fill`."""
        from hit_trackers.stark.network.seeded import fill

        fill(network, network.config.salt)

    def program(self, network: Any, variant: Variant, device: str) -> Program:
        """As `OfficialFamily.program`."""
        from hit_trackers.stark.program import make_program

        return make_program(network, variant, device)

    def tracker(self, engine: Engine, variant: Variant, device: str) -> Tracker:
        """As `OfficialFamily.tracker`."""
        from hit_trackers.stark.tracker import make_tracker

        return make_tracker(engine, variant, device)

    def sketch(self, variant: Variant) -> Sketch:
        """As `Family.sketch`."""
        from hit_trackers.stark.sketch import sketch

        return sketch(variant)


FAMILY = StarkFamily()
