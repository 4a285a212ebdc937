"""TrackingNet as its server scores a submission.

Source: TrackingNet-devkit, metrics.py, by its author's word the server's code.
"""

from __future__ import annotations

import numpy as np

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import geometry, scores
from toolkit_adapters.scoring.scores import Score

# Exactly the grid of the server: 0.7 >= IOU_THRESHOLDS[14] is False in floating point.
IOU_THRESHOLDS = np.linspace(0, 1, 21)
ERROR_THRESHOLDS = np.linspace(0, 50, 21)
NORM_ERROR_THRESHOLDS = np.linspace(0, 0.5, 21)


def score(boxes: geometry.Floats | None, truth: Truth) -> Score:
    """Success, Precision and NormPrec (areas under their curves) and Coverage of one sequence.

    Predictions and truth are rounded to integers, half to even. The first prediction becomes the
    truth. Missing rows fail everywhere, rows beyond the truth's are ignored. "Precision" is an area
    over 0..50 px, not the share at 20 px.

    Args:
        boxes: (M, 4) predictions, x, y, w, h in pixels; None for a missing file, which counts as
            boxes of zeros (and still succeeds at IoU >= 0).
        truth: boxes (N, 4).
    """
    target = np.round(truth.boxes)
    frames = len(target)
    notes = []
    rows = np.full((frames, 4), np.nan)
    if boxes is None:
        notes.append("no result: scored as boxes of zeros")
        rows[:] = 0
    else:
        boxes = geometry.as_boxes(boxes, "predictions")
        if len(boxes) < frames:
            notes.append(f"{frames - len(boxes)} of {frames} rows missing: they fail")
        if len(boxes) > frames:
            notes.append(f"{len(boxes) - frames} rows beyond the last frame ignored")
        rows[: len(boxes)] = np.round(boxes[:frames])
    rows[0] = target[0]

    offset = geometry.centre_offset(rows, target)
    squares = offset**2
    # The server multiplies and divides in this order; squares of quotients would break ties
    # otherwise.
    with np.errstate(divide="ignore", invalid="ignore"):
        norm_squares = offset / target[:, 2:] * offset / target[:, 2:]
    success = scores.at_least(geometry.iou(rows, target), IOU_THRESHOLDS)
    precision = scores.at_most(np.sqrt(squares.sum(axis=1)), ERROR_THRESHOLDS)
    norm_precision = scores.at_most(np.sqrt(norm_squares.sum(axis=1)), NORM_ERROR_THRESHOLDS)
    return Score(
        frames=frames,
        values={
            "Success": _area(success),
            "Precision": _area(precision),
            "NormPrec": _area(norm_precision),
            "Coverage": float((rows.sum(axis=1) > 0).mean()),
        },
        curves={"success": success, "precision": precision, "norm_precision": norm_precision},
        # Coverage is the share of all frames, pooled.
        weights={"Coverage": float(frames)},
        notes=tuple(notes),
    )


def _area(curve: geometry.Floats) -> float:
    """Area under a curve of 21 points over [0, 1], by the trapezium rule."""
    return float((curve[1:] + curve[:-1]).sum() / 2 / (len(curve) - 1))
