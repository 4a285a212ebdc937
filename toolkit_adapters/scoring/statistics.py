"""How sure a mean or a ratio is, and whether two trackers differ (scipy).

One method for all: a ratio of two sums over blocks of frames, or over sequences, with the error
that leaving out one part at a time shows, and quantiles of Student's t. `benchmarks.coverage`
measures how often such an interval holds the truth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit_adapters.scoring.geometry import Floats
from toolkit_adapters.scoring.scores import Score

#: Of fewer parts there is no interval: nobody can tell from them how far the parts scatter.
MIN_PARTS = 10
#: No more correlation of neighbours than this is believed: the error would grow without bounds.
_MAX_CORRELATION = 0.8


@dataclass(frozen=True)
class Interval:
    """A 95 % interval; both ends NaN where there are too few values for one."""

    low: float
    high: float

    def __str__(self) -> str:
        """In per cent."""
        if np.isnan(self.low):
            return "too few sequences"
        return f"{100 * self.low:.2f} to {100 * self.high:.2f}"

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Estimate:
    """A value and how sure it is.

    error: its standard error; NaN where there are too few values to know.
    freedom: degrees of freedom of that error.
    """

    value: float
    error: float
    freedom: float

    @property
    def interval(self) -> Interval:
        """95 %, by Student's t."""
        from scipy.special import stdtrit

        if math.isnan(self.error):
            return Interval(math.nan, math.nan)
        reach = float(stdtrit(self.freedom, 0.975)) * self.error
        return Interval(self.value - reach, self.value + reach)


@dataclass(frozen=True)
class Difference:
    """Second minus first, over the same sequences: its mean, its interval, and a test against zero.

    interval: NaN where fewer than ten sequences differ, whatever the number of those that do not.
    p: Wilcoxon signed-rank, two-sided; 1 where every sequence scores the same.
    """

    mean: float
    interval: Interval
    p: float
    sequences: int


def ratio_of_sums(over: Floats, under: Floats, *, in_order: bool = False) -> Estimate:
    """The ratio sum(over) / sum(under), each two arrays (B,) over the same B parts.

    The error is the jackknife's: it is not fooled by one part that is larger than the others.

    Args:
        over: sums above the line.
        under: sums below it, positive.
        in_order: the parts were measured one after the other. What neighbours have in common then
            makes the error larger and leaves fewer degrees of freedom.
    """
    total, count = under.sum(), len(over)
    value = float(over.sum() / total)
    shares = under / total
    effective = 1 / float(shares @ shares)  # parts, if all had the same share
    if count < MIN_PARTS or effective < 2:
        return Estimate(value, math.nan, math.nan)
    residuals = over - value * under
    left_out = residuals / (1 - shares)
    error = math.sqrt((count - 1) / count * float(left_out @ left_out)) / float(total)
    if in_order and residuals.any():
        found = float(residuals[1:] @ residuals[:-1]) / float(residuals @ residuals)
        # Of few parts it comes out too low, by (1 + 3 correlation) / count (Marriott and Pope).
        correlation = (found + 1 / count) / (1 - 3 / count)
        correlation = min(max(correlation, 0.0), _MAX_CORRELATION)
        inflation = (1 + correlation) / (1 - correlation)
        error *= math.sqrt(inflation)
        effective /= inflation
    return Estimate(value, error, max(effective - 1, 1.0))


def quotient(over: Estimate, under: Estimate) -> Estimate:
    """One estimate over another that was made apart from it."""
    value = over.value / under.value
    parts = [(e.error / e.value) ** 2 for e in (over, under)]
    total = sum(parts)
    if math.isnan(total):
        return Estimate(value, math.nan, math.nan)
    # Welch and Satterthwaite: the degrees of freedom of a sum of two errors.
    spread = sum(part**2 / e.freedom for part, e in zip(parts, (over, under), strict=True))
    freedom = total**2 / spread if spread else min(over.freedom, under.freedom)
    return Estimate(value, abs(value) * math.sqrt(total), freedom)


def mean_interval(values: Floats, weights: Floats | None = None) -> Interval:
    """Interval of a weighted mean: `values` (S,) of S sequences, at least ten with a weight."""
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = weights > 0
    values, weights = np.asarray(values, dtype=np.float64)[kept], weights[kept]
    if not len(values):
        return Interval(math.nan, math.nan)
    return ratio_of_sums(values * weights, weights).interval


def score_intervals(scores: Sequence[Score]) -> dict[str, Interval]:
    """The interval of each value's mean over sequences."""
    return {
        name: mean_interval(
            np.array([score.values[name] for score in scores]),
            np.array([score.weight(name) for score in scores]),
        )
        for name in scores[0].values
    }


def paired_difference(first: Sequence[Score], second: Sequence[Score], name: str) -> Difference:
    """How the value `name` differs between two trackers on the same sequences, in the same order.

    Raises:
        ValueError: for unlike numbers of sequences, or none.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"cannot pair {len(first)} sequences with {len(second)}")
    weights = np.array(
        [min(a.weight(name), b.weight(name)) for a, b in zip(first, second, strict=True)]
    )
    values = np.array([b.values[name] - a.values[name] for a, b in zip(first, second, strict=True)])
    kept = weights > 0
    values, weights = values[kept], weights[kept]
    if not len(values):
        return Difference(0.0, Interval(math.nan, math.nan), 1.0, 0)
    p = 1.0
    if values.any():
        from scipy.stats import wilcoxon

        p = float(wilcoxon(values, zero_method="zsplit").pvalue)
    # Of few sequences that differ one cannot tell how far others would: no interval holds then.
    enough = np.count_nonzero(values) >= MIN_PARTS
    return Difference(
        mean=float(values @ weights / weights.sum()),
        interval=mean_interval(values, weights) if enough else Interval(math.nan, math.nan),
        p=p,
        sequences=len(values),
    )
