"""LaSOT as the got10k toolkit's master branch scores it.

Source: got10k/experiments/lasot.py and got10k/utils/metrics.py of the GitHub master (May 2021); the
PyPI release 0.1.3 has no LaSOT experiment.
"""

from __future__ import annotations

import numpy as np

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import geometry, scores
from toolkit_adapters.scoring.errors import ShortResultError
from toolkit_adapters.scoring.scores import Score

IOU_THRESHOLDS = np.linspace(0, 1, 21)
ERROR_THRESHOLDS = np.arange(51, dtype=np.float64)
NORM_ERROR_THRESHOLDS = np.linspace(0, 0.5, 51)


def score(boxes: geometry.Floats, truth: Truth) -> Score:
    """AUC, P (20 px), P_Norm (mean of its curve over 0..0.5), OP50 and OP75 of one sequence.

    Absence is ignored: such frames are scored as any other, and so is a broken truth, unless it is
    NaN. The divisor of P_Norm is at least one pixel. The first prediction becomes the truth. Where
    the numbers of rows differ, both are cut to the shorter.

    Args:
        boxes: (M, 4) predictions, x, y, w, h in pixels.
        truth: boxes (N, 4).

    Raises:
        ShortResultError: M = 0.
    """
    notes = []
    boxes = geometry.as_boxes(boxes, "predictions")
    if not len(boxes):
        raise ShortResultError(0, len(truth.boxes))
    boxes[0] = truth.boxes[0]
    frames = min(len(boxes), len(truth.boxes))
    if len(boxes) != len(truth.boxes):
        notes.append(f"{len(boxes)} rows, {len(truth.boxes)} frames: both cut to {frames}")
    boxes, target = boxes[:frames], truth.boxes[:frames]
    known = ~np.isnan(target).any(axis=1)
    boxes, target = boxes[known], target[known]
    overlap = geometry.got10k_iou(boxes, target)
    success = scores.above(overlap, IOU_THRESHOLDS)
    precision = scores.at_most(geometry.centre_error(boxes, target), ERROR_THRESHOLDS)
    norm_error = geometry.normalised_centre_error(boxes, target, smallest=1.0)
    norm_precision = scores.at_most(norm_error, NORM_ERROR_THRESHOLDS)
    return Score(
        frames=frames,
        values={
            "AUC": float(success.mean()),
            "P": float(precision[20]),
            "P_Norm": float(norm_precision.mean()),
            "OP50": float(success[10]),
            "OP75": float(success[15]),
        },
        curves={"success": success, "precision": precision, "norm_precision": norm_precision},
        notes=tuple(notes),
    )
