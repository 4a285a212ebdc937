"""What a results folder should hold (`plan.json`), written before a run starts.

Records alone cannot show what is missing: a sequence that failed leaves nothing. So whatever reads
results holds them against the plan. A later run in the same folder extends it, and takes nothing
from it.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hit_trackers.errors import RecordError
from toolkit_adapters.records.files import write_atomically

PLAN_FILE = "plan.json"
NO_PLAN = (
    f"no {PLAN_FILE}, so nobody can know what is missing, and no verdict is complete; run the same "
    "command again, which writes one and keeps the records that are done"
)

#: Sequences by tracker.
Sequences = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class DatasetPlan:
    """What is to be run of one dataset.

    Attributes:
        frames: number of frames to run of each sequence; None where it cannot be read.
        trackers: sequences of each tracker that was asked for.
        controls: sequences of each tracker that runs there as a control only.
    """

    frames: Mapping[str, int | None]
    trackers: Sequences
    controls: Sequences

    def of(self, tracker: str) -> dict[str, int | None]:
        """Number of frames of each sequence that a tracker is to run, as a control or not."""
        names = {*self.trackers.get(tracker, ()), *self.controls.get(tracker, ())}
        return {name: count for name, count in self.frames.items() if name in names}

    def joined(self, later: DatasetPlan) -> DatasetPlan:
        """Both; a control that is asked for later is no control any more."""
        trackers = _joined(self.trackers, later.trackers)
        controls = {
            tracker: tuple(name for name in names if name not in trackers.get(tracker, ()))
            for tracker, names in _joined(self.controls, later.controls).items()
        }
        controls = {tracker: names for tracker, names in controls.items() if names}
        return DatasetPlan({**self.frames, **later.frames}, trackers, controls)


@dataclass(frozen=True)
class Plan:
    """What a results folder should hold, by dataset."""

    datasets: Mapping[str, DatasetPlan]

    @property
    def trackers(self) -> tuple[str, ...]:
        """Names of all trackers, controls included, sorted."""
        plans = self.datasets.values()
        return tuple(sorted({name for plan in plans for name in (*plan.trackers, *plan.controls)}))

    def of(self, tracker: str) -> dict[tuple[str, str], int | None]:
        """Number of frames of each (dataset, sequence) that a tracker is to run."""
        return {
            (dataset, sequence): count
            for dataset, plan in self.datasets.items()
            for sequence, count in plan.of(tracker).items()
        }

    def is_control(self, tracker: str) -> bool:
        """Whether a tracker runs as a control only."""
        plans = self.datasets.values()
        return any(tracker in plan.controls for plan in plans) and not any(
            tracker in plan.trackers for plan in plans
        )

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), indent=1) + "\n"


def load_plan(folder: Path) -> Plan | None:
    """The plan of a results folder; None where there is none.

    Raises:
        RecordError: `plan.json` cannot be read, or is no plan.
    """
    path = folder / PLAN_FILE
    try:
        datasets = json.loads(path.read_text(encoding="utf-8"))["datasets"]
        return Plan({str(name): _read(values) for name, values in datasets.items()})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RecordError(
            f"{path}: no plan of a run ({error}); delete it and run the same command again"
        ) from error


def extend_plan(folder: Path, datasets: Mapping[str, DatasetPlan]) -> None:
    """Add to the plan of a results folder, which it may not have yet.

    Raises:
        RecordError: the plan on disk is none, or cannot be written.
    """
    stored = load_plan(folder)
    joined = dict(stored.datasets) if stored else {}
    for name, later in datasets.items():
        joined[name] = joined[name].joined(later) if name in joined else later
    plan = Plan(joined)
    if plan != stored:
        write_atomically(folder / PLAN_FILE, plan.to_json().encode())


def _joined(before: Sequences, later: Sequences) -> dict[str, tuple[str, ...]]:
    return {
        tracker: tuple(dict.fromkeys((*before.get(tracker, ()), *later.get(tracker, ()))))
        for tracker in (*before, *later)
    }


def _read(values: Mapping[str, Mapping[str, object]]) -> DatasetPlan:
    frames: dict[str, int | None] = {}
    for name, count in values["frames"].items():
        if not (count is None or (type(count) is int and count >= 0)):
            raise TypeError(f"{name} has {count!r} frames")
        frames[name] = count
    trackers, controls = (_names(values[key], frames) for key in ("trackers", "controls"))
    return DatasetPlan(frames, trackers, controls)


def _names(values: Mapping[str, object], frames: Container[str]) -> dict[str, tuple[str, ...]]:
    found = {}
    for tracker, names in values.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise TypeError(f"the sequences of {tracker} are no list of names")
        if unknown := [name for name in names if name not in frames]:
            raise ValueError(f"{tracker} is to run {unknown[0]}, whose frames are not stated")
        found[tracker] = tuple(names)
    return found
