"""How own trackers are spoken to: each style is told by its methods.

ours        init(image, box), update(image) -> box, or box and score
pytracking  initialize(image, info), track(image[, info]) -> {"target_bbox": box}: STARK, OSTrack,
            MixFormer and HiT's own code
got10k      the got10k toolkit's `Tracker`: init(image, box), update(image) -> box, PIL images
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.declarations import Declaration
from hit_trackers.errors import FamilyError

Image = NDArray[np.uint8]
Box = NDArray[np.float64]
#: What a style makes of a tracker: start on an image and a box; find the target, with a score.
Start = Callable[[Image, Box], None]
Find = Callable[[Image], tuple[Any, Any]]
_SCORES = ("best_score", "conf_score", "score", "confidence")


def speak(tracker: Any, declaration: Declaration) -> tuple[Start, Find]:
    """The two calls of a tracker, whatever its style.

    Raises:
        FamilyError: it has the methods of no style.
    """
    if _has(tracker, "initialize", "track"):
        return _pytracking(tracker)
    if _has(tracker, "init", "update"):
        is_toolkit = hasattr(tracker, "is_deterministic") and _has(tracker, "track")
        return _got10k(tracker) if is_toolkit else _ours(tracker)
    methods = [n for n in dir(tracker) if not n.startswith("_") and callable(getattr(tracker, n))]
    raise FamilyError(
        f"own tracker {declaration.name}: {type(tracker).__name__} has the methods "
        f"{', '.join(methods[:12]) or 'of nothing'}; expected init and update, or initialize and "
        "track"
    )


def _has(tracker: Any, *methods: str) -> bool:
    return all(callable(getattr(tracker, method, None)) for method in methods)


def _ours(tracker: Any) -> tuple[Start, Find]:
    def find(image: Image) -> tuple[Any, Any]:
        answer = tracker.update(image)
        # A box and a score, or a box alone; both may be any sequence.
        if isinstance(answer, tuple) and len(answer) == 2:
            return answer[0], answer[1]
        return answer, np.nan

    return lambda image, box: tracker.init(image, box), find


def _pytracking(tracker: Any) -> tuple[Start, Find]:
    wants_info = len(inspect.signature(tracker.track).parameters) > 1

    def find(image: Image) -> tuple[Any, Any]:
        answer = tracker.track(image, {}) if wants_info else tracker.track(image)
        score = next((answer[name] for name in _SCORES if name in answer), np.nan)
        return answer["target_bbox"], score

    return lambda image, box: tracker.initialize(image, {"init_bbox": box.tolist()}), find


def _got10k(tracker: Any) -> tuple[Start, Find]:
    from PIL import Image as Pictures

    def start(image: Image, box: Box) -> None:
        tracker.init(Pictures.fromarray(image), box)

    return start, lambda image: (tracker.update(Pictures.fromarray(image)), np.nan)


def as_box(answer: Any, convention: str) -> Box:
    """An answer as float64 (4,) x, y, w, h; it may still be no box (NaN, no size).

    Raises:
        FamilyError: it is not four numbers.
    """
    try:
        box = np.array(answer, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        box = np.empty(0)
    if box.shape != (4,):
        raise FamilyError(f"its answer {answer!r:.80} is not four numbers")
    if convention == "xyxy":
        box[2:] -= box[:2]
    return box


def require_convention(name: str, first: Box, answer: Any, declared: str) -> None:
    """Hold the first answer against the first box: a frame later the target is not far away.

    Raises:
        FamilyError: read by the other convention it is on the target, by the declared one not.
    """
    other = next(one for one in ("xywh", "xyxy") if one != declared)
    overlaps = [_overlap(first, as_box(answer, one)) for one in (declared, other)]
    if overlaps[0] < 0.3 and overlaps[1] > 0.5:
        raise FamilyError(
            f"{name} answers {np.round(np.asarray(answer, np.float64).ravel(), 1).tolist()} to a "
            f"target that was at {first.tolist()} (x, y, w, h) a frame before: that is "
            f'{other}, not {declared}; declare `box = "{other}"` in a trackers.toml'
        )


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union; 0 for what is no box."""
    if not (np.isfinite(b).all() and (b[2:] > 0).all()):
        return 0.0
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / float(np.prod(a[2:]) + np.prod(b[2:]) - shared)


def as_score(score: Any) -> float:
    """A score as a number; NaN where there is none."""
    try:
        return float(np.asarray(score, dtype=np.float64).ravel()[0])
    except (TypeError, ValueError, IndexError):
        return float("nan")
