"""Trackers: the official computation of each family, and faster ways to execute it.

Examples:
    >>> from hit_trackers import load_tracker
    >>> tracker = load_tracker("hit_nano_exact")
    >>> tracker.init(first_image, box)
    >>> box, score = tracker.update(next_image)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hit_trackers.families import Family, list_trackers, load_tracker
from hit_trackers.variants import Claim, Variant
from hit_trackers.version import VERSION

if TYPE_CHECKING:
    from hit_trackers.protocol import Prediction, Probe, Tracker

__version__ = VERSION
__all__ = [
    "Claim",
    "Family",
    "Prediction",
    "Probe",
    "Tracker",
    "Variant",
    "list_trackers",
    "load_tracker",
]


def __getattr__(name: str) -> Any:
    # The protocol speaks of arrays; listing the trackers does not need NumPy.
    if name in {"Prediction", "Probe", "Tracker"}:
        from hit_trackers import protocol

        return getattr(protocol, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
