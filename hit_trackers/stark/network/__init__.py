"""STARK's networks, from the facts of its official code (github.com/researchmm/Stark)."""

from __future__ import annotations

from hit_trackers.stark.config import CONFIGS
from hit_trackers.stark.network.stark import Stark


def build(size: str) -> Stark:
    """An untrained network of one of `CONFIGS`, in training mode."""
    return Stark(CONFIGS[size])
