"""Runtimes: the toolkit's side of a tracker's process, with what vot-toolkit 0.9.0 lacks.

The real-time runtime as released raises NotImplementedError from `run`, and hands None for "no new
objects" to a TraX runtime, which wants an empty list. What it simulates is not changed: a camera
that does not wait, so that a slow tracker's last answer stands for the frames it missed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from vot.tracker import OnlineTrackerRuntime, RealtimeTrackerRuntime


class RealtimeRuntime(RealtimeTrackerRuntime, OnlineTrackerRuntime):  # type: ignore[misc, unused-ignore]
    """`RealtimeTrackerRuntime` with the `run` of `OnlineTrackerRuntime`.

    Args:
        runtime: of the tracker.
        grace: how often the tracker may be late before frames are skipped.
        interval: seconds between two frames of the camera.
    """

    def __init__(self, runtime: OnlineTrackerRuntime, grace: int, interval: float) -> None:
        super().__init__(_Wrapped(runtime), grace, interval)


@contextlib.contextmanager
def one_process(tracker: Any) -> Iterator[_Kept]:
    """Run many sequences in one process of the tracker instead of one process each.

    TraX allows it, and a process that imports PyTorch takes seconds to start.

    Yields:
        the runtime; `close` it after a failure, and the next sequence starts a new process.
    """
    kept = _Kept(tracker.runtime())
    tracker.runtime = lambda log=False: kept
    try:
        yield kept
    finally:
        del tracker.runtime
        kept.close()


class _Wrapped(OnlineTrackerRuntime):  # type: ignore[misc, unused-ignore]
    """A runtime that may be told None for "no new objects"."""

    def __init__(self, runtime: OnlineTrackerRuntime) -> None:
        super().__init__(runtime.tracker)
        self._wrapped = runtime

    @property
    def multiobject(self) -> bool:
        return bool(self._wrapped.multiobject)

    def stop(self) -> None:
        self._wrapped.stop()

    def restart(self) -> None:
        self._wrapped.restart()

    def initialize(self, frame: Any, new: Any = None) -> Any:
        return self._wrapped.initialize(frame, new)

    def update(self, frame: Any, new: Any = None) -> Any:
        return self._wrapped.update(frame, [] if new is None else new)


class _Kept(_Wrapped):
    """A runtime whose process outlives the experiment that stops it."""

    def stop(self) -> None:
        pass

    def close(self) -> None:
        """End the process."""
        self._wrapped.stop()
