"""How much of what was planned stands behind a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolkit_adapters.records import Plan, Results

#: Number of frames by (dataset, sequence).
Frames = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Coverage:
    """The part of a tracker's plan that was run, or compared with its baseline.

    Attributes:
        frames: number of planned frames that are there.
        planned: number of frames that were planned; None where no plan says so.
        missing: `dataset/sequence` of what was planned and is not there, or not whole.
        unplanned: the same of what is there and was not planned.
    """

    frames: int
    planned: int | None
    missing: tuple[str, ...] = ()
    unplanned: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all that was planned is there, and nothing else."""
        return self.planned is not None and not (self.missing or self.unplanned)

    def __str__(self) -> str:
        if self.complete:
            return f"on {self.frames} frames"
        if self.planned is None:
            return f"on {self.frames} frames of an unknown number, incomplete"
        return f"on {self.frames} of {self.planned} frames, incomplete"

    @property
    def gaps(self) -> str:
        """What is missing, in a few words; empty where nothing is."""
        found = []
        for names, what in ((self.missing, "not there"), (self.unplanned, "not planned")):
            if names:
                more = f" and {len(names) - 3} more" if len(names) > 3 else ""
                found.append(f"{', '.join(names[:3])}{more} {what}")
        return "; ".join(found)


def cover(plan: Plan | None, tracker: str, frames: Frames) -> Coverage:
    """Hold the frames of a tracker that are there against the plan."""
    if plan is None:
        return Coverage(sum(frames.values()), None)
    planned = plan.of(tracker)
    known = {where: frames.get(where, 0) if n is None else n for where, n in planned.items()}
    return Coverage(
        frames=sum(min(frames.get(where, 0), count) for where, count in known.items()),
        planned=sum(known.values()),
        missing=_named(where for where, count in known.items() if frames.get(where) != count),
        unplanned=_named(where for where in frames if where not in planned),
    )


def _named(places: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple("/".join(place) for place in places)


def coverages(results: Results) -> dict[str, Coverage]:
    """The coverage of every tracker that has records or was planned, controls included.

    Raises:
        RecordError: a record is damaged, or `plan.json` is no plan.
    """
    plan = results.plan
    return {
        tracker: cover(plan, tracker, _frames(results, tracker))
        for tracker in sorted({*results.trackers, *(plan.trackers if plan else ())})
    }


def _frames(results: Results, tracker: str) -> dict[tuple[str, str], int]:
    return {
        (dataset, name): len(results.record(tracker, dataset, name))
        for dataset in results.datasets
        if results.has_run(tracker, dataset)
        for name in results.sequences(tracker, dataset)
    }
