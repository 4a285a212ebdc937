"""Where a variant leaves its baseline, as moments that can be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.records import Record, Results
from toolkit_adapters.tracking.follow import Step
from toolkit_adapters.tracking.history import History, State
from toolkit_adapters.tracking.replay import replay, resized

#: Frames shown before and after a moment.
BEFORE, AFTER = 15, 45
#: Pictures a second of sequences that state none, to look at.
RATE = Fraction(30)


@dataclass(frozen=True)
class Moment:
    """A sequence on which a variant and its baseline are apart.

    Attributes:
        first: the first frame whose boxes differ.
        worst: the frame at which they are furthest.
        largest: the distance there: the largest difference of a coordinate, in pixels.
    """

    tracker: str
    baseline: str
    dataset: str
    sequence: str
    first: int
    worst: int
    largest: float

    def frames(self, where: str, total: int) -> range:
        """The frames to show: "divergent", "worst" or "all" of a sequence of so many."""
        if where == "all":
            return range(total)
        centre = self.first if where == "divergent" else self.worst
        return range(max(0, centre - BEFORE), min(total, centre + AFTER))


def find_moments(results: Results, controls: bool = False) -> list[Moment]:
    """All sequences of all variants that leave their baseline, the furthest first.

    Args:
        results: the results.
        controls: whether trackers that ran as controls count as well.
    """
    found = []
    for tracker in results.trackers:
        if results.is_control(tracker) and not controls:
            continue
        for dataset in results.datasets:
            if not results.has_run(tracker, dataset):
                continue
            baseline = results.run(tracker, dataset).baseline
            if baseline == tracker or not results.has_run(baseline, dataset):
                continue
            common = set(results.sequences(baseline, dataset))
            for sequence in results.sequences(tracker, dataset):
                if sequence not in common:
                    continue
                pair = (results.record(n, dataset, sequence) for n in (baseline, tracker))
                apart = _apart(*pair)
                if (apart > 0).any():
                    first, worst = int((apart > 0).argmax()), int(apart.argmax())
                    found.append(
                        Moment(
                            tracker, baseline, dataset, sequence, first, worst, float(apart[worst])
                        )
                    )
    return sorted(found, key=lambda moment: -moment.largest)


def _apart(one: Record, other: Record) -> NDArray[np.float64]:
    count = min(len(one), len(other))
    apart = np.abs(one.boxes[:count] - other.boxes[:count]).max(axis=1)
    return np.where(np.isfinite(apart), apart, 0.0)


def states(
    results: Results,
    dataset: str,
    sequence: Sequence,
    baselines: Mapping[str, str],
    frames: range,
    *,
    width: int | None = None,
) -> Iterator[State]:
    """The states of some frames, with all that came before them taken into account.

    Args:
        results: where the records are.
        dataset: the name of the dataset.
        sequence: its frames and truth.
        baselines: the trackers to show, and the baseline of each.
        frames: those that are given.
        width: make pictures at most so wide.
    """
    records = {name: results.record(name, dataset, sequence.name) for name in baselines}
    history = History(baselines)
    small: dict[int, Step] = {}
    # The picture of the first difference is shown for all of the time after it.
    decoded = set(frames)
    for name, baseline in baselines.items():
        apart = _apart(records[baseline], records[name]) if baseline in records else np.zeros(1)
        if (apart > 0).any():
            decoded |= {int((apart > 0).argmax())}
            earlier = apart[: frames.start]
            if len(earlier) and earlier.max() > 0:
                decoded |= {int(earlier.argmax())}
    for step in replay(records, sequence.frames, RATE, sequence.truth.boxes, decoded=decoded):
        if step.index >= frames.stop:
            return
        state = history.add(step)
        if step.index in frames:
            yield _narrow(state, width, small) if width else state


def _narrow(state: State, width: int, small: dict[int, Step]) -> State:
    """A state whose pictures are at most so wide; distances stay those of the records."""

    def narrow(step: Step | None) -> Step | None:
        if step is None:
            return None
        # One object for one step: a strip draws its views again where they change.
        return small.setdefault(step.index, resized(step, width))

    partings = tuple(
        replace(parting, parted=narrow(parting.parted), worst=narrow(parting.worst))
        for parting in state.partings
    )
    return replace(state, step=resized(state.step, width), partings=partings)
