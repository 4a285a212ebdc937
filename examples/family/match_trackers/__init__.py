"""Template matching, as a family of trackers in a distribution of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hit_trackers import Claim, Family, Variant
from hit_trackers.errors import EngineError, UnknownTrackerError
from hit_trackers.variants import unknown

if TYPE_CHECKING:
    from match_trackers.tracker import MatchTracker

# Name, family, baseline, claim, and what the name means.
BASELINE = Variant("match", "match", "match", Claim.BASELINE)
EXACT = Variant("match_exact", "match", "match", Claim.BITWISE, {"sum": "product"})
LOSSY = Variant("match_fp16", "match", "match", Claim.LOSSY, {"precision": "fp16"})
VARIANTS = {variant.name: variant for variant in (BASELINE, EXACT, LOSSY)}


class MatchFamily(Family):
    """A baseline, a bitwise variant, and a lossy one as a control."""

    name = "match"

    def parse(self, name: str) -> Variant:
        """As `Family.parse`."""
        if name.lower() not in VARIANTS:
            raise UnknownTrackerError(unknown(name, name, VARIANTS))
        return VARIANTS[name.lower()]

    def load(self, variant: Variant, checkpoint: str | Path | None, device: str) -> MatchTracker:
        """As `Family.load`; this tracker has no weights."""
        if device != "cpu":
            raise EngineError(f"{variant.name} runs on a CPU only; use --device cpu")
        from match_trackers.tracker import MatchTracker

        return MatchTracker(dataclasses.replace(variant, identity={"weights_sha256": "none"}))

    def variants(self) -> Sequence[Variant]:
        """As `Family.variants`."""
        return list(VARIANTS.values())

    def lossy_controls(self, baseline: str) -> Sequence[str]:
        """As `Family.lossy_controls`."""
        return [LOSSY.name]


FAMILY = MatchFamily()
