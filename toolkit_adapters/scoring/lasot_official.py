"""LaSOT as its authors' MATLAB toolkit scores it.

Source: LaSOT_Evaluation_Toolkit, utils/calc_seq_err_robust.m, eval_tracker.m and plot_draw_save.m
(Fan et al., CVPR 2019 and IJCV 2021).
"""

from __future__ import annotations

import numpy as np

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import geometry, scores
from toolkit_adapters.scoring.errors import ShortResultError
from toolkit_adapters.scoring.scores import Score

IOU_THRESHOLDS = np.arange(21, dtype=np.float64) * 0.05
ERROR_THRESHOLDS = np.arange(51, dtype=np.float64)
NORM_ERROR_THRESHOLDS = np.arange(51, dtype=np.float64) / 100


def score(boxes: geometry.Floats, truth: Truth, only: geometry.Bools | None = None) -> Score:
    """AUC, P (20 px), P_Norm (0.20), OP50 and OP75 of one sequence.

    A prediction with NaN, or of no size, becomes the row before it; the first becomes the truth.
    Frames without the target are removed but stay in the denominator. On a frame whose truth is
    broken overlap fails and both precisions succeed: the toolkit marks the errors with -1.

    Args:
        boxes: (M, 4) predictions, x, y, w, h in pixels; rows beyond the truth's are cut off.
        truth: boxes (N, 4) and absent (N,).
        only: (N,), the frames that count; all of them for None.

    Raises:
        ShortResultError: M < N.
    """
    target = truth.boxes
    frames = len(target)
    notes = []
    boxes = geometry.as_boxes(boxes, "predictions")
    if len(boxes) < frames:
        raise ShortResultError(len(boxes), frames)
    if len(boxes) > frames:
        notes.append(f"{len(boxes) - frames} rows beyond the last frame cut off")
        boxes = boxes[:frames]
    bad = geometry.bad_rows(boxes)
    bad &= ~np.isnan(target).any(axis=1)
    bad[0] = False
    if bad.any():
        notes.append(f"{int(bad.sum())} rows that are no box replaced by the row before")
        boxes = geometry.previous_row_where(boxes, bad)
    boxes[0] = target[0]

    present = np.ones(frames, bool) if truth.absent is None else ~truth.absent
    if only is not None:
        frames, present = int(only.sum()), present & only
    boxes, target = boxes[present], target[present]
    valid = (target > 0).all(axis=1)
    overlap = np.where(valid, geometry.iou(boxes, target), -1.0)
    error = np.where(valid, geometry.centre_error(boxes, target), -1.0)
    norm_error = np.where(valid, geometry.normalised_centre_error(boxes, target), -1.0)
    return from_errors(overlap, error, norm_error, frames, drop_zero_curves=True, notes=notes)


def from_errors(
    overlap: geometry.Floats,
    error: geometry.Floats,
    norm_error: geometry.Floats,
    frames: int,
    drop_zero_curves: bool,
    notes: list[str],
) -> Score:
    """The score of one sequence, from its frames' overlaps and errors; `frames` is the denominator.

    `drop_zero_curves`: a sequence whose curve is zero everywhere weighs nothing in the mean.
    """
    success = scores.above(overlap, IOU_THRESHOLDS, frames)
    precision = scores.at_most(error, ERROR_THRESHOLDS, frames)
    norm_precision = scores.at_most(norm_error, NORM_ERROR_THRESHOLDS, frames)
    values = {
        "AUC": float(success.mean()),
        "P": float(precision[20]),
        "P_Norm": float(norm_precision[20]),
        "OP50": float(success[10]),
        "OP75": float(success[15]),
    }
    weights = {}
    if drop_zero_curves:
        curves = {"AUC": success, "P": precision, "P_Norm": norm_precision}
        curves |= {"OP50": success, "OP75": success}
        weights = {name: float(curve.any()) for name, curve in curves.items()}
    return Score(
        frames=frames,
        values=values,
        curves={"success": success, "precision": precision, "norm_precision": norm_precision},
        weights=weights,
        notes=tuple(notes),
    )
