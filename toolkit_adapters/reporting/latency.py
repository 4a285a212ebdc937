"""Times as distributions, and pairs of trackers as ratios of times on the same frames."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit_adapters.scoring.statistics import Estimate, Interval, ratio_of_sums

Floats = NDArray[np.float64]
#: Neighbouring frames share the machine's mood, so intervals are made of blocks of frames. Of many
#: frames the blocks are longer rather than more, for the longer they are, the less they share.
BLOCK_FRAMES = 20
MAX_BLOCKS = 40


class Speed(enum.Enum):
    """A time held against another; the value is how it is called."""

    FASTER = "faster"
    SLOWER = "slower"
    ALIKE = "no difference found"
    TOO_FEW = "too few frames"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Latency:
    """Seconds a frame, over n timed frames."""

    n: int
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float

    @property
    def fps(self) -> float:
        """Frames over their total time, `n / sum(t)`; not the mean of `1 / t`."""
        return 1 / self.mean


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: total time of the baseline over that of the variant, same frames.

    estimate: of that ratio, over blocks of neighbouring frames.
    median: of the ratio frame by frame.
    """

    n: int
    estimate: Estimate
    median: float

    @property
    def value(self) -> float:
        """Above 1 the variant is faster."""
        return self.estimate.value

    @property
    def interval(self) -> Interval:
        """95 %; NaN where there are fewer than ten blocks."""
        return self.estimate.interval

    @property
    def noise(self) -> float:
        """How far from 1 the interval reaches: for a control, what the machine alone can do."""
        interval = self.interval
        if math.isnan(interval.low):
            return abs(self.value - 1)
        return max(abs(interval.low - 1), abs(interval.high - 1))


def judge(interval: Interval, noise: float = 0.0) -> Speed:
    """What the interval of a ratio of times says: it must leave 1 ± noise."""
    if math.isnan(interval.low):
        return Speed.TOO_FEW
    if interval.low > 1 + noise:
        return Speed.FASTER
    if interval.high < 1 - noise:
        return Speed.SLOWER
    return Speed.ALIKE


def summarise(times: Iterable[Floats]) -> Latency | None:
    """Statistics of the finite entries; None where there is none: a scope not measured."""
    parts = [part[np.isfinite(part)] for part in times]
    seconds = np.concatenate(parts) if parts else np.zeros(0)
    if not len(seconds):
        return None
    p50, p90, p95, p99 = np.percentile(seconds, (50, 90, 95, 99))
    return Latency(
        len(seconds), float(seconds.mean()), *map(float, (p50, p90, p95, p99, seconds.max()))
    )


def ratio(pairs: Sequence[tuple[Floats, Floats]]) -> Ratio | None:
    """Compare (baseline, variant) times of sequences measured together; None without a frame.

    Args:
        pairs: for each sequence two arrays (N,), NaN where a frame does not count.
    """
    slow, fast = [], []
    for baseline, variant in pairs:
        both = np.isfinite(baseline) & np.isfinite(variant)
        slow.append(baseline[both])
        fast.append(variant[both])
    total = sum(len(part) for part in fast)
    if not total:
        return None
    length = max(BLOCK_FRAMES, -(-total // MAX_BLOCKS))
    over = np.array([part.sum() for part in _blocks(slow, length)])
    under = np.array([part.sum() for part in _blocks(fast, length)])
    return Ratio(
        n=total,
        estimate=ratio_of_sums(over, under, in_order=True),
        median=float(np.median(np.concatenate(slow) / np.concatenate(fast))),
    )


def _blocks(parts: Iterable[Floats], length: int) -> list[Floats]:
    """Stretches of about `length` frames, none reaching over the end of a sequence."""
    cut = []
    for part in parts:
        if len(part):
            cut += np.array_split(part, max(1, len(part) // length))
    return cut
