"""OSTrack's closed loop: the shared one, and the decisions of its network."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hit_trackers.attention import Site
from hit_trackers.closed_loop import ClosedLoopTracker, Regions
from hit_trackers.engines import Engine
from hit_trackers.ostrack.config import CONFIGS
from hit_trackers.ostrack.program import HEAD
from hit_trackers.protocol import Decision
from hit_trackers.variants import Variant


class OSTrackTracker(ClosedLoopTracker):
    """An OSTrack tracker, and its own probe.

    A score is the score map's value in the chosen cell. Decisions: which tokens stay after each
    elimination (`tokens_3`, ...), and which cell has the highest response (`cell`). Margins are
    relative: how much lower the runner-up is, as a share of the winner.
    """

    site = Site

    def __init__(self, engine: Engine, variant: Variant, device: str) -> None:
        self.config = CONFIGS[variant.part("size"), variant.part("setting")]
        regions = Regions(
            self.config.search_size,
            self.config.template_size,
            self.config.search_factor,
            self.config.template_factor,
        )
        super().__init__(engine, variant, device, regions)

    def decide(self, output: NDArray[np.float32]) -> Mapping[str, Decision]:
        """As of `ClosedLoopTracker`."""
        _, cell, first, second = output[4:HEAD]
        found = {"cell": Decision(int(cell), _margin(first, second))}
        start = HEAD
        for location, count in zip(self.config.locations, self.config.kept, strict=False):
            last, next_one = output[start : start + 2]
            tokens = output[start + 2 : start + 2 + count]
            found[f"tokens_{location}"] = Decision(_digest(tokens), _margin(last, next_one))
            start += 2 + count
        return found


def _margin(first: float, second: float) -> float:
    return float((first - second) / first) if first > 0 else 0.0


def _digest(tokens: NDArray[np.float32]) -> int:
    """Of a set: the same in any order."""
    return zlib.crc32(np.sort(tokens.astype(np.int16)).tobytes())
