"""A tracker that takes part in passes, and the columns of a record that it fills."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Rows
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import PredictionError
from hit_trackers.geometry import is_box
from hit_trackers.protocol import (
    Decision,
    Outputs,
    Tracker,
    decisions_of,
    outputs_of,
    probe_of,
)
from hit_trackers.variants import Variant
from toolkit_adapters.datasets.decoding import Frame
from toolkit_adapters.records import SCOPES, Flag, Record
from toolkit_adapters.running.timing import WARMUP_UPDATES, clock, resident

#: Bytes an update for good, on average, that are called a leak; and of how many updates.
LEAK = 1e6
LEAST_UPDATES = 5


@dataclass
class Entrant:
    """A loaded tracker that takes part in passes; `variant` is the tracker's, or a control's."""

    tracker: Tracker
    variant: Variant
    updates: int = 0  # done in this process, for the warm-up flag

    @property
    def name(self) -> str:
        """Of its results folder."""
        return self.variant.name


class Columns:
    """Columns of one entrant, filled frame by frame."""

    def __init__(self, entrant: Entrant, frames: int, box: NDArray[np.float64], flag: int) -> None:
        self.entrant = entrant
        self.boxes = np.zeros((frames, 4))
        self.boxes[0] = box
        self.scores = np.full(frames, np.nan)
        self.times = {scope: np.full(frames, np.nan) for scope in SCOPES}
        self.flags = np.full(frames, flag, dtype=np.uint8)
        self.open_index: list[int] = []
        self.open_outputs: list[Outputs] = []
        self.files = np.zeros(frames, np.uint64)
        self.stamps = np.zeros((frames, 2), np.int64)
        self.probe = probe_of(entrant.tracker)
        self.decisions: dict[int, Mapping[str, Decision]] = {}  # by frame
        self.open_decisions: list[Mapping[str, Decision]] = []
        self.executed = ""
        # Strangers may draw on what they are given, and the others see the same frame.
        self.is_strange = getattr(entrant.tracker, "writes_on_images", False)
        self.grown = np.zeros(frames)  # bytes by which the process grew in each of its updates

    def step(self, index: int, frame: Frame, recording: bool) -> None:
        """Initialise on frame 0, update on the others; keep the network's input if `recording`."""
        tracker = self.entrant.tracker
        if self.probe is not None:
            self.probe.recording = recording
        image = frame.image.copy() if self.is_strange else frame.image
        if index == 0:
            start = clock()
            tracker.init(image, self.boxes[0].copy())
            elapsed = clock() - start
            self.flags[0] |= Flag.INIT
        else:
            before = resident() if self.is_strange else 0
            start = clock()
            try:
                box, score = tracker.update(image)
            except PredictionError:
                box, score = np.full(4, np.nan), np.nan
            elapsed = clock() - start
            self.grown[index] = resident() - before if self.is_strange else 0
            self.keep(index, box, score)
            if self.probe is not None:
                self.times["network"][index] = self.probe.network_seconds
                self.times["device"][index] = self.probe.device_seconds
                self.decisions[index] = dict(decisions_of(self.probe))
            if self.entrant.updates < WARMUP_UPDATES:
                self.flags[index] |= Flag.WARMUP
            self.entrant.updates += 1
        self.files[index] = frame.digest
        self.stamps[index] = frame.stamp
        self.times["decode"][index] = frame.seconds
        self.times["update"][index] = elapsed
        self.times["frame"][index] = frame.seconds + elapsed

    def keep(self, index: int, box: NDArray[np.float64], score: float) -> None:
        """Store a prediction, or the previous box where it is none."""
        box = np.asarray(box, dtype=np.float64)
        if box.shape != (4,):
            raise TypeError(f"update() returned a box of shape {box.shape}, expected (4,)")
        if is_box(box):
            self.boxes[index] = box
        else:
            self.boxes[index] = self.boxes[index - 1]
            self.flags[index] |= Flag.INVALID
        self.scores[index] = score

    def run_network(self, index: int, network_input: Any) -> None:
        """Feed the baseline's input to this network; untimed."""
        assert self.probe is not None
        outputs = outputs_of(self.probe, network_input)
        if outputs is not None:
            self.open_outputs.append(outputs)
            self.open_index.append(index)
            self.open_decisions.append(dict(decisions_of(self.probe)))

    def _opened(self) -> dict[str, Any]:
        """The columns of the open loop; those of records without one where it has none."""
        found = self.open_outputs
        if self.probe is None or not found:
            return {}
        # Of tensors whose number changes from frame to frame, the rest of a row is empty.
        width = max(len(outputs.values) for outputs in found)
        columns: dict[str, Any] = {
            "open_index": np.array(self.open_index, dtype=np.int64),
            "open_outputs": _rows([outputs.values for outputs in found], width),
        }
        if self.probe.box_scale > 0:
            return {**columns, "patch_size": int(self.probe.box_scale)}
        return {
            **columns,
            "open_ranges": _rows([outputs.ranges for outputs in found], width),
            "open_digests": np.array([outputs.digest for outputs in found], np.uint64),
        }

    def observe(self) -> None:
        """See what executes the network; untimed."""
        if self.probe is not None and self.probe.network_input is not None:
            self.executed = self.probe.executed(self.probe.network_input).to_json()

    def finish(self, identity: str, pairing: str, notes: tuple[str, ...]) -> Record:
        """The columns as a record."""
        columns: dict[str, Any] = {**self.times, **self._opened(), **self._decided()}
        return Record(
            boxes=self.boxes,
            scores=self.scores,
            flags=self.flags,
            files=self.files,
            stamps=self.stamps,
            executed=self.executed,
            identity=identity,
            pairing=pairing,
            notes=(*notes, *self._leak()),
            **columns,
        )

    def _decided(self) -> dict[str, Any]:
        """The columns of decisions; none where the tracker tells of none."""
        names = tuple(dict.fromkeys(n for found in self.decisions.values() for n in found))
        if not names:
            return {}
        closed = [self.decisions.get(index, {}) for index in range(len(self.boxes))]
        return {
            "decision_names": names,
            "decisions": _column(closed, names, "taken"),
            "margins": _column(closed, names, "margin"),
            "open_decisions": _column(self.open_decisions, names, "taken"),
        }

    def _leak(self) -> tuple[str, ...]:
        """What to say of memory that its updates took and did not give back."""
        later = self.grown[1 + WARMUP_UPDATES :]
        if len(later) < LEAST_UPDATES:
            return ()
        # But the largest and the smallest: once in a while Python frees what others left.
        grown = float(np.sort(later)[1:-1].mean())
        if grown < LEAK:
            return ()
        # One digit, so that the same run says the same again.
        return (f"its updates take about {float(f'{grown / 1e6:.0e}'):g} MB each, for good",)


def _column(
    frames: Rows[Mapping[str, Decision]], names: tuple[str, ...], part: str
) -> NDArray[Any]:
    """(N, D) of one part of each decision; -1 or NaN where a frame has none."""
    dtype, nothing = (np.int64, -1) if part == "taken" else (np.float64, np.nan)
    found = np.full((len(frames), len(names)), nothing, dtype=dtype)
    for row, decisions in zip(found, frames, strict=True):
        for column, name in enumerate(names):
            if name in decisions:
                row[column] = getattr(decisions[name], part)
    return found


def _rows(values: list[NDArray[np.float32]], width: int) -> NDArray[np.float32]:
    """Rows of one width, shorter ones filled up with zeros."""
    rows = np.zeros((len(values), width), np.float32)
    for row, found in zip(rows, values, strict=True):
        row[: len(found)] = found[:width]
    return rows
