"""What was so far: median times of the last second, and how far a variant strays."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit_adapters.tracking.follow import Step


@dataclass(frozen=True, eq=False)
class Parting:
    """A variant beside its baseline, up to a step.

    Attributes:
        baseline, variant: their names.
        distances: float64 (N,), the largest difference of a coordinate of the boxes, in pixels, by
            step; a view that later steps do not change.
        parted: the first step at which it is not zero; None: there was none.
        worst: the step at which it is largest.
        largest: the distance there.
    """

    baseline: str
    variant: str
    distances: NDArray[np.float64]
    parted: Step | None = None
    worst: Step | None = None
    largest: float = 0.0


@dataclass(frozen=True, eq=False)
class State:
    """A step with what came before it: all that is drawn.

    Attributes:
        step: the step.
        seconds: median seconds of an update during the last second of each tracker's work.
        partings: of each variant whose baseline is there.
    """

    step: Step
    seconds: Mapping[str, float]
    partings: tuple[Parting, ...] = ()

    @property
    def furthest(self) -> Parting | None:
        """The parting with the largest distance so far; None where there is no pair."""
        return max(self.partings, key=lambda parting: parting.largest, default=None)


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The largest difference of a coordinate of two boxes, in pixels."""
    return float(np.abs(one - other).max())


class History:
    """Collects steps.

    Args:
        baselines: the baseline of each tracker, by its name; itself where it is one.
    """

    def __init__(self, baselines: Mapping[str, str]) -> None:
        self._recent: dict[str, deque[float]] = {name: deque() for name in baselines}
        self._partings = [
            Parting(baseline, name, np.zeros(0))
            for name, baseline in baselines.items()
            if name != baseline and baseline in baselines
        ]
        self._rows = np.zeros((len(self._partings), 1024))
        self._count = 0
        #: Seconds of all updates, by tracker: NaN-free, in order.
        self.updates: dict[str, array[float]] = {name: array("d") for name in baselines}

    def add(self, step: Step) -> State:
        """Take the next step in."""
        if self._count == self._rows.shape[1]:
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)], axis=1)
        for row, parting in enumerate(self._partings):
            self._partings[row] = self._judge(row, parting, step)
        self._count += 1
        for name, answer in step.answers.items():
            if not answer.started:
                self._recent[name].append(answer.seconds)
                self.updates[name].append(answer.seconds)
                _keep_last_second(self._recent[name])
        medians = {name: float(np.median(v)) for name, v in self._recent.items() if v}
        return State(step, medians, tuple(self._partings))

    def _judge(self, row: int, before: Parting, step: Step) -> Parting:
        known = step.answers
        if before.baseline in known and before.variant in known:
            apart = distance(known[before.baseline].box, known[before.variant].box)
        else:
            apart = 0.0
        self._rows[row, self._count] = apart
        distances = self._rows[row, : self._count + 1]
        parted = step if apart > 0 and before.parted is None else before.parted
        worst, largest = (step, apart) if apart > before.largest else (before.worst, before.largest)
        return Parting(before.baseline, before.variant, distances, parted, worst, largest)


def _keep_last_second(values: deque[float]) -> None:
    total = sum(values)
    while len(values) > 1 and total > 1.0:
        total -= values.popleft()
