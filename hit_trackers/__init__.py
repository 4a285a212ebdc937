"""HiT trackers: the official computation, and faster ways to execute it.

>>> from hit_trackers import load_tracker
>>> tracker = load_tracker("hit_nano_exact")
>>> tracker.init(first_image, box)
>>> box, score = tracker.update(next_image)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hit_trackers.zoo import TrackerSpec, list_trackers

if TYPE_CHECKING:
    from hit_trackers.hit.tracker import Prediction, Tracker, load_tracker

__version__ = "0.1.0"
__all__ = ["Prediction", "Tracker", "TrackerSpec", "list_trackers", "load_tracker"]


def __getattr__(name: str) -> Any:
    # PyTorch takes seconds to import, and listing the trackers does not need it.
    if name in {"Prediction", "Tracker", "load_tracker"}:
        from hit_trackers.hit import tracker

        return getattr(tracker, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
