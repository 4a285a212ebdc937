"""OSTrack's names, and what the harness asks of a family. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hit_trackers import checkpoint
from hit_trackers.families import Sketch
from hit_trackers.official import NO_BIAS, OfficialFamily
from hit_trackers.ostrack.config import CONFIGS
from hit_trackers.variants import TOKENS, Grammar, Variant

if TYPE_CHECKING:
    from torch import nn

    from hit_trackers.engines import Engine
    from hit_trackers.ostrack.network.ostrack import OSTrack
    from hit_trackers.ostrack.program import OSTrackProgram
    from hit_trackers.ostrack.tracker import OSTrackTracker


class OSTrackFamily(OfficialFamily):
    """OSTrack-256 and -384, with candidate elimination and, as `noce`, without."""

    name = "ostrack"
    grammar = Grammar(
        "ostrack",
        ("256", "384"),
        ("noce",),
        tuple(name for name in TOKENS if name not in NO_BIAS),
    )
    first: Mapping[str, str] = {"size": "256"}
    meanings: Mapping[str, str] = {
        "256": "search region of 256 pixels, four times the box's mean side",
        "384": "search region of 384 pixels, five times the box's mean side",
        "noce": "without candidate elimination: no search token is dropped",
    }
    origin = "the official OSTrack repository"

    def files(self, parts: Mapping[str, str]) -> Sequence[str]:
        """As `OfficialFamily.files`."""
        config = CONFIGS[parts["size"], parts.get("setting", "")].name
        official = f"{config}/OSTrack_ep0300.pth.tar"
        name = self.grammar.variant(parts).baseline
        return [
            official,
            f"ostrack/{official}",
            f"train/ostrack/{official}",
            *(f"{stem}{suffix}" for stem in (config, name) for suffix in checkpoint.SUFFIXES),
        ]

    def build(self, parts: Mapping[str, str]) -> OSTrack:
        """As `OfficialFamily.build`."""
        from hit_trackers.ostrack.network.ostrack import build

        return build(parts["size"], parts.get("setting", ""))

    def fill(self, network: nn.Module) -> None:
        """As `OfficialFamily.fill`."""
        from hit_trackers.ostrack.network.seeded import fill

        fill(network)

    def program(self, network: Any, variant: Variant, device: str) -> OSTrackProgram:
        """As `OfficialFamily.program`."""
        from hit_trackers.ostrack.program import make_program

        return make_program(network, variant, device)

    def tracker(self, engine: Engine, variant: Variant, device: str) -> OSTrackTracker:
        """As `OfficialFamily.tracker`."""
        from hit_trackers.ostrack.tracker import OSTrackTracker

        return OSTrackTracker(engine, variant, device)

    def sketch(self, variant: Variant) -> Sketch:
        """As `Family.sketch`."""
        from hit_trackers.ostrack.sketch import sketch

        return sketch(variant)


FAMILY = OSTrackFamily()
