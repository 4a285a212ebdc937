"""Scores of sequences and of whole datasets, whatever the convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from toolkit_adapters.scoring.geometry import Floats


@dataclass(frozen=True)
class Score:
    """Scores of one sequence, or the mean over many.

    values: score by its name ("AUC", "P", "AO", ...), fractions in [0, 1].
    curves: "success", "precision", "norm_precision" (those the convention has), shares of frames at
        the convention's thresholds.
    weights: how much this sequence's score weighs in the mean over sequences, for each value; for a
        mean, the sum.
    notes: what the convention did to rows it could not score as they were, with counts.
    """

    frames: int
    values: Mapping[str, float]
    curves: Mapping[str, Floats] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def weight(self, name: str) -> float:
        """Weight of the value `name`; 1 where the convention weighs all sequences alike."""
        return self.weights.get(name, 1.0)


#: Which value's weight a curve has in the mean over sequences.
CURVE_OF = {
    "success": ("AUC", "AO", "Success"),
    "precision": ("P", "Precision"),
    "norm_precision": ("P_Norm", "NormPrec"),
}


def combine(scores: Sequence[Score]) -> Score:
    """The mean over sequences, weighted as their convention weighs them.

    Raises:
        ValueError: for no sequence at all, which has no mean.
    """
    if not scores:
        raise ValueError("no sequence to average over")
    names = list(scores[0].values)
    weights = {name: np.array([score.weight(name) for score in scores]) for name in names}
    values = {
        name: _mean(np.array([score.values[name] for score in scores]), weights[name])
        for name in names
    }
    curves = {}
    for curve in scores[0].curves:
        owner = next(name for name in CURVE_OF[curve] if name in names)
        rows = np.stack([score.curves[curve] for score in scores])
        total = weights[owner].sum()
        curves[curve] = weights[owner] @ rows / total if total else np.zeros(rows.shape[1])
    return Score(
        frames=sum(score.frames for score in scores),
        values=values,
        curves=curves,
        weights={name: float(weights[name].sum()) for name in names},
    )


def _mean(values: Floats, weights: Floats) -> float:
    # A weight of zero leaves a sequence out, whatever its value (even NaN).
    kept = weights > 0
    if not kept.any():
        return 0.0
    return float(weights[kept] @ values[kept] / weights[kept].sum())


def above(values: Floats, thresholds: Floats, frames: int | None = None) -> Floats:
    """Share of `values` strictly above each threshold; NaN is above none. `frames`: denominator."""
    return _share(np.count_nonzero(values > thresholds[:, None], axis=1), values, frames)


def at_least(values: Floats, thresholds: Floats, frames: int | None = None) -> Floats:
    """Share of `values` at or above each threshold; NaN is above none. `frames`: denominator."""
    return _share(np.count_nonzero(values >= thresholds[:, None], axis=1), values, frames)


def at_most(values: Floats, thresholds: Floats, frames: int | None = None) -> Floats:
    """Share of `values` at or below each threshold; NaN is below none. `frames`: denominator."""
    return _share(np.count_nonzero(values <= thresholds[:, None], axis=1), values, frames)


def _share(counts: np.ndarray, values: Floats, frames: int | None) -> Floats:
    total = len(values) if frames is None else frames
    return np.asarray(counts / total if total else np.zeros(len(counts)))
