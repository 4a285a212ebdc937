"""The TraX tracker: what the VOT toolkit starts as a process of its own, once per sequence.

Settings come from the environment, as the toolkit passes no arguments to a TraX tracker (`arg_*`
of `trackers.ini` never reaches it): HIT_TRACKER, HIT_CHECKPOINT, HIT_DEVICE.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import HitTrackersError, MissingDependencyError, PredictionError
from hit_trackers.geometry import is_box

if TYPE_CHECKING:
    from hit_trackers.protocol import Tracker

#: Begins every message of ours in the tracker's output, which the toolkit keeps in a log.
MARK = "hit-trackers vot:"


def exact_box(bounds: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """The box as the annotation has it; float64 (4,).

    TraX carries float32: 291.827 arrives as 291.8269958. The shortest decimal number that is the
    same float32 is what the file said, so that the tracker starts as it does everywhere else.
    """
    return np.array([float(str(np.float32(value))) for value in bounds])


def serve() -> int:
    """Answer the toolkit until it quits; 0, or 1 after an error, which the toolkit is told."""
    try:
        import trax
    except (ImportError, OSError) as error:  # OSError: libtrax.so cannot be loaded
        raise MissingDependencyError.of(ImportError(str(error), name="trax"), "vot") from error

    tracker: Tracker | None = None
    reason = ""
    # Before the handshake, so that loading is not timed; the toolkit waits for it.
    try:
        from hit_trackers import load_tracker

        tracker = load_tracker(
            os.environ.get("HIT_TRACKER", "hit"),
            checkpoint=os.environ.get("HIT_CHECKPOINT") or None,
            device=os.environ.get("HIT_DEVICE", "cpu"),
        )
    except HitTrackersError as error:
        reason = str(error)
    # No metadata with the key "vot": the toolkit would start the process twice per sequence.
    server = trax.Server(
        ["rectangle"], ["path"], ["color"], tracker_name=tracker.name if tracker else "hit"
    )
    if tracker is not None:
        reason = _loop(trax, server, tracker)
    if reason:
        print(f"{MARK} {reason}", file=sys.stderr, flush=True)
        server.quit(reason.replace("\n", " ")[:500])
        return 1
    return 0


def _loop(trax: Any, server: Any, tracker: Tracker) -> str:
    """Serve requests; returns the reason why it had to stop, empty when the toolkit quit."""
    from toolkit_adapters.datasets.decoding import decode

    frame = 0
    while True:
        request = server.wait()
        if request.type not in (trax.TraxStatus.INITIALIZE, trax.TraxStatus.FRAME):
            return ""
        path = Path(next(iter(request.image.values())).path())
        starting = request.type == trax.TraxStatus.INITIALIZE
        frame = 0 if starting else frame + 1
        try:
            image = decode(path).image
            if starting:
                box, score = exact_box(request.objects[0][0].bounds()), 1.0
                tracker.init(image, box)
            else:
                box, score = tracker.update(image)
                if not (is_box(box) and np.isfinite(score)):
                    raise PredictionError(f"the answer {list(box)}, score {score}, is no box")
        except Exception as error:  # whatever a tracker does, the frame must be named
            what = "" if isinstance(error, HitTrackersError) else f"{type(error).__name__}: "
            return f"{tracker.name}, {frame} frames after its start ({path}): {what}{error}"
        answer = trax.Rectangle.create(*(float(value) for value in box))
        server.status([(answer, {"confidence": f"{score:.6f}"})], {})
