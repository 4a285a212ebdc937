"""STARK's networks, from the facts of its official code (github.com/researchmm/Stark)."""

from __future__ import annotations

from hit_trackers.stark.config import CONFIGS
from hit_trackers.stark.network.lightning import Lightning
from hit_trackers.stark.network.stark import Stark


def build(size: str) -> Stark | Lightning:
    """An untrained network of one of `CONFIGS`, in training mode."""
    config = CONFIGS[size]
    return Stark(config) if config.blocks else Lightning(config)
