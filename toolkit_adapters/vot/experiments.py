"""The toolkit's experiments, working with vot-toolkit 0.9.0; a stack names them by dotted path.

As released, only the plain unsupervised experiment works: `realtime` raises NotImplementedError,
`supervised` "does not support multiple objects", `multistart` "ObjectQuery.state must be a Region".
These subclasses speak to a runtime as 0.9.0 expects; what is measured, stored and analysed stays
the toolkit's, so that scores are those of 0.7.4 and a plain `vot evaluate` works on the workspace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vot.dataset import Sequence
from vot.dataset.proxy import FrameMapSequence
from vot.experiment.multirun import SupervisedExperiment, UnsupervisedExperiment
from vot.experiment.multistart import MultiStartExperiment, find_anchors
from vot.region import Special, calculate_overlap
from vot.tracker import ObjectQuery, ObjectStatus, Tracker, Trajectory

from toolkit_adapters.vot.runtime import RealtimeRuntime

Progress = Callable[[float], None] | None


class _Realtime:
    """Mixed into an experiment, before it: `realtime:` in a stack works."""

    realtime: Any

    def _get_runtime(self, tracker: Tracker, sequence: Sequence, multiobject: bool = False) -> Any:
        runtime = tracker.runtime()
        if self.realtime is None:
            return runtime
        frames_per_second = float(sequence.metadata("fps", self.realtime.fps))
        return RealtimeRuntime(runtime, int(self.realtime.grace), 1 / frames_per_second)


class Unsupervised(_Realtime, UnsupervisedExperiment):  # type: ignore[misc, unused-ignore]
    """From the first frame to the last."""


class Supervised(_Realtime, SupervisedExperiment):  # type: ignore[misc, unused-ignore]
    """Started again after every failure.

    A frame without a known box of the target (absent, or not annotated) is no failure, and no
    start: the toolkit would count the one and crash on the other.
    """

    def execute(
        self, tracker: Tracker, sequence: Sequence, force: bool = False, callback: Progress = None
    ) -> None:
        """Run the missing repetitions (all with `force`) on a sequence and store them."""
        results = self.results(tracker, sequence)
        with self._get_runtime(tracker, sequence) as runtime:
            for repetition in range(1, self.repetitions + 1):
                name = f"{sequence.name}_{repetition:03d}"
                if Trajectory.exists(results, name) and not force:
                    continue
                if self._can_stop(tracker, sequence):
                    return
                self._supervise(runtime, sequence).write(results, name)
                if callback:
                    callback(repetition / self.repetitions)

    def _supervise(self, runtime: Any, sequence: Sequence) -> Trajectory:
        trajectory = Trajectory(len(sequence))
        start = self._next_start(sequence, 0)
        while start < len(sequence):
            query = [ObjectStatus(sequence.groundtruth(start), {})]
            _, seconds = runtime.initialize(sequence.frame(start), query)
            trajectory.set(start, Special(Trajectory.INITIALIZATION), {"time": seconds})
            failure = self._follow(runtime, sequence, start + 1, trajectory)
            if failure is None:
                break
            start = self._next_start(sequence, failure + self.skip_initialize)
        return trajectory

    def _follow(
        self, runtime: Any, sequence: Sequence, first: int, trajectory: Trajectory
    ) -> int | None:
        """Update from `first` on; returns the frame of the failure, None if there is none."""
        for frame in range(first, len(sequence)):
            (status,), seconds = runtime.update(sequence.frame(frame), [])
            properties = {**status.properties, "time": seconds}
            truth = sequence.groundtruth(frame)
            overlap = calculate_overlap(status.region, truth, sequence.size)
            if overlap <= self.failure_overlap and not truth.is_empty():
                trajectory.set(frame, Special(Trajectory.FAILURE), properties)
                return frame
            trajectory.set(frame, status.region, properties)
        return None

    def _next_start(self, sequence: Sequence, frame: int) -> int:
        while frame < len(sequence) and (
            sequence.groundtruth(frame).is_empty()
            or any(tag in self.skip_tags for tag in sequence.tags(frame))
        ):
            frame += 1
        return frame


class MultiStart(_Realtime, MultiStartExperiment):  # type: ignore[misc, unused-ignore]
    """Started at every anchor, forwards or backwards."""

    def execute(
        self, tracker: Tracker, sequence: Sequence, force: bool = False, callback: Progress = None
    ) -> None:
        """Run from the anchors that have no result yet (all with `force`) and store each run.

        Raises:
            RuntimeError: the sequence has no anchor.
        """
        results = self.results(tracker, sequence)
        forward, backward = find_anchors(sequence, self.anchor)
        runs = {anchor: range(anchor, len(sequence)) for anchor in forward}
        runs |= {anchor: range(anchor, -1, -1) for anchor in backward}
        if not runs:
            raise RuntimeError(f"{sequence.name} has no anchors; its {self.anchor}.value has none")
        with self._get_runtime(tracker, sequence) as runtime:
            for done, (anchor, frames) in enumerate(runs.items(), start=1):
                name = f"{sequence.name}_{anchor:08d}"
                if force or not Trajectory.exists(results, name):
                    proxy = FrameMapSequence(sequence, list(frames))
                    _run_once(runtime, proxy).write(results, name)
                if callback:
                    callback(done / len(runs))


def _run_once(runtime: Any, sequence: Sequence) -> Trajectory:
    run = runtime.run(sequence, [ObjectQuery(sequence.groundtruth(0), {}, 0)])
    trajectory = Trajectory(len(sequence))
    for frame, (status, seconds) in enumerate(zip(run.objects[0], run.times, strict=True)):
        region = status.region if frame else Special(Trajectory.INITIALIZATION)
        trajectory.set(frame, region, {**status.properties, "time": seconds})
    return trajectory
