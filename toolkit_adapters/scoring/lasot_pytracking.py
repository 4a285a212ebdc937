"""LaSOT as STARK, OSTrack and HiT score it with their copies of pytracking: the papers' numbers.

Source: pytracking/analysis/extract_results.py and its copies lib/test/analysis/extract_results.py.
The original asks a valid truth for four positive entries, the copies for a positive size; on
LaSOT's own annotations, which count pixels from one, both mean the same frames.
"""

from __future__ import annotations

import numpy as np

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import geometry
from toolkit_adapters.scoring.errors import InvalidBoxError, ShortResultError
from toolkit_adapters.scoring.lasot_official import from_errors
from toolkit_adapters.scoring.scores import Score


def score(
    boxes: geometry.Floats,
    truth: Truth,
    repair: bool = False,
    *,
    pad: bool = False,
    unknown_error: float = np.inf,
    only: geometry.Bools | None = None,
) -> Score:
    """AUC, P (20 px), P_Norm (0.20), OP50 and OP75 of one sequence.

    A prediction of zero width or height becomes the row before it; the first becomes the truth.
    Frames without the target fail everywhere and stay in the denominator. On a visible frame whose
    truth is broken overlap and P fail and P_Norm succeeds: the toolkit marks that error with -1.

    Args:
        boxes: (M, 4) predictions, x, y, w, h in pixels; rows beyond the truth's are cut off.
        truth: boxes (N, 4) and absent (N,).
        repair: replace predictions with NaN or negative sizes, too, by the row before. The toolkit
            stops at them.
        pad: take frames beyond the last row for boxes of no size, as the toolkit does with other
            datasets than LaSOT.
        unknown_error: centre error of a frame whose truth is no box.
        only: (N,), the frames that count; all of them for None.

    Raises:
        InvalidBoxError: a prediction with NaN or a negative size, without `repair`.
        ShortResultError: M < N.
    """
    target = truth.boxes
    frames = len(target)
    notes = []
    boxes = geometry.as_boxes(boxes, "predictions")
    with np.errstate(invalid="ignore"):
        refused = np.isnan(boxes).any(axis=1) | (boxes[:, 2:] < 0).any(axis=1)
    if refused.any() and not repair:
        raise InvalidBoxError(np.flatnonzero(refused))
    if len(boxes) < frames and not (pad and len(boxes)):
        raise ShortResultError(len(boxes), frames)
    if len(boxes) > frames:
        notes.append(f"{len(boxes) - frames} rows beyond the last frame cut off")
        boxes = boxes[:frames]
    bad = geometry.bad_rows(boxes) & ~np.isnan(target[: len(boxes)]).any(axis=1)
    bad[0] = False
    if bad.any():
        notes.append(f"{int(bad.sum())} rows that are no box replaced by the row before")
        boxes = geometry.previous_row_where(boxes, bad)
    if len(boxes) < frames:
        notes.append(f"{frames - len(boxes)} rows missing, taken for boxes of no size")
        boxes = np.concatenate([boxes, np.zeros((frames - len(boxes), 4))])
    boxes[0] = target[0]

    present = np.ones(frames, bool) if truth.absent is None else ~truth.absent
    valid = present & (target[:, 2:] > 0).all(axis=1)
    overlap = np.where(valid, geometry.iou(boxes, target), -1.0)
    error = np.where(valid, geometry.centre_error(boxes, target), unknown_error)
    norm_error = np.where(valid, geometry.normalised_centre_error(boxes, target), -1.0)
    norm_error[~present] = np.inf
    if only is not None:
        overlap, error, norm_error = overlap[only], error[only], norm_error[only]
        frames = len(overlap)
    return from_errors(overlap, error, norm_error, frames, drop_zero_curves=False, notes=notes)
