"""How sure a score is, and whether two trackers differ: resampling over sequences (scipy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit_adapters.scoring.geometry import Floats
from toolkit_adapters.scoring.scores import Score

RESAMPLES = 2000
_SEED = 20240607


@dataclass(frozen=True)
class Interval:
    """A 95 % interval; both ends NaN where there are too few sequences for one."""

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
class Difference:
    """Second minus first, over the same sequences: its mean, its interval, and a test against zero.

    p: Wilcoxon signed-rank, two-sided; 1 where every sequence scores the same.
    """

    mean: float
    interval: Interval
    p: float
    sequences: int


def mean_interval(values: Floats, weights: Floats | None = None, seed: int = _SEED) -> Interval:
    """Percentile bootstrap of a weighted mean: `values` (S,) of S sequences, redrawn whole."""
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = weights > 0
    values, weights = np.asarray(values, dtype=np.float64)[kept], weights[kept]
    if len(values) < 2:
        return Interval(np.nan, np.nan)
    if np.ptp(values) == 0:
        return Interval(float(values[0]), float(values[0]))
    from scipy.stats import bootstrap

    def mean(values: Floats, weights: Floats, axis: int = -1) -> Floats:
        return np.asarray((values * weights).sum(axis=axis) / weights.sum(axis=axis))

    found = bootstrap(
        (values, weights),
        mean,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    return Interval(*map(float, found.confidence_interval))


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
        return Difference(0.0, Interval(np.nan, np.nan), 1.0, 0)
    p = 1.0
    if values.any():
        from scipy.stats import wilcoxon

        p = float(wilcoxon(values, zero_method="zsplit").pvalue)
    return Difference(
        mean=float(values @ weights / weights.sum()),
        interval=mean_interval(values, weights),
        p=p,
        sequences=len(values),
    )


def ratio_interval(over: Floats, under: Floats, seed: int = _SEED) -> Interval:
    """Percentile bootstrap of mean(over) / mean(under), two samples drawn independently."""
    if len(over) < 2 or len(under) < 2:
        return Interval(np.nan, np.nan)
    from scipy.stats import bootstrap

    def ratio(over: Floats, under: Floats, axis: int = -1) -> Floats:
        return np.asarray(over.mean(axis=axis) / under.mean(axis=axis))

    found = bootstrap(
        (np.asarray(over), np.asarray(under)),
        ratio,
        vectorized=True,
        n_resamples=RESAMPLES,
        method="percentile",
        random_state=np.random.default_rng(seed),
    )
    return Interval(*map(float, found.confidence_interval))
