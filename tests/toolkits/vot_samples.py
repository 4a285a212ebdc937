"""An in-process runtime of the VOT toolkit around a known tracker, and workspaces that use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from toolkit_samples import DriftingTracker
from vot.region import Rectangle
from vot.tracker import ObjectStatus, OnlineTrackerRuntime, TrackerException
from vot.tracker import register_runtime_protocol as register

from toolkit_adapters.vot import stacks, workspace

#: What the next runtimes are made of; tests set it.
SETTINGS: dict[str, Any] = {}


class InProcessRuntime(OnlineTrackerRuntime):
    """Claims `seconds` a frame, whatever it took; moves away at update `lost_at` of a run."""

    def __init__(self, tracker: Any, command: str, **_: Any) -> None:
        super().__init__(tracker)
        self.seconds = SETTINGS.get("seconds", 0.001)
        self.lost_at = SETTINGS.get("lost_at")
        self.fail_in = SETTINGS.get("fail_in")
        self.model = DriftingTracker(tracker.identifier)
        SETTINGS["starts"] = SETTINGS.get("starts", 0) + 1

    def stop(self) -> None:
        pass

    def restart(self) -> None:
        pass

    def initialize(self, frame: Any, new: Any = None) -> Any:
        if len(new) != 1:  # as TraxTrackerRuntime checks it
            raise TrackerException("not one object", tracker=self.tracker)
        self.path = frame.filename()
        region = new[0].region
        box = np.array([region.x, region.y, region.width, region.height])
        self.model.init(frame.image(), box)
        return [ObjectStatus(region, {})], self.seconds

    def update(self, frame: Any, new: Any = None) -> Any:
        if new is None or len(new) != 0:
            raise TrackerException("not one object", tracker=self.tracker)
        if self.fail_in is not None and self.fail_in in frame.filename():
            log = f"@@TRAX:frame\nhit-trackers vot: NaN in {frame.filename()}\n"
            raise TrackerException("Broken pipe", tracker=self.tracker, tracker_log=log)
        prediction = self.model.update(frame.image())
        x, y, w, h = prediction.box
        if self.lost_at is not None and self.model.updates >= self.lost_at:
            x += 90
        status = ObjectStatus(Rectangle(x, y, w, h), {"confidence": str(prediction.score)})
        return [status], self.seconds


register("inprocess", InProcessRuntime)


def make_workspace(
    folder: Path,
    sequences: list[Any],
    experiments: list[str] | None = None,
    trackers: tuple[str, ...] = ("drifting",),
) -> Path:
    """A workspace of our making whose trackers run in this process."""
    stack = stacks.make_stack(None, experiments, own_data=True)
    settings = {name: {"tracker": name, "device": "cpu"} for name in trackers}
    workspace.create(folder, settings, stack, sequences)
    text = (folder / "trackers.ini").read_text()
    (folder / "trackers.ini").write_text(text.replace("traxpython", "inprocess"))
    return folder
