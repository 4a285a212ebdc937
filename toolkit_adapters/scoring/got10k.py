"""GOT-10k validation as the got10k toolkit scores it.

Source: got10k/experiments/got10k.py (`report`, `_evaluate`) and got10k/utils/metrics.py, 0.1.3. The
test server's scores are these over the test set, whose truth is secret.
"""

from __future__ import annotations

import numpy as np

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import geometry, scores
from toolkit_adapters.scoring.errors import InvalidBoxError, ShortResultError
from toolkit_adapters.scoring.scores import Score

IOU_THRESHOLDS = np.linspace(0, 1, 101)


def score(boxes: geometry.Floats, truth: Truth, only: geometry.Bools | None = None) -> Score:
    """AO, SR0.5 and SR0.75 of one sequence; its weight is the number of frames scored.

    The first frame and frames without a visible target (`cover` 0) are left out. Means over
    sequences weigh frames alike: the toolkit pools them.

    Args:
        boxes: (N, 4) predictions, or (R, N, 4) for R repetitions; x, y, w, h in pixels.
        truth: boxes (N, 4); cover (N,), without which every frame after the first counts; size of
            the frames, without which boxes are not bounded to the image.
        only: (N,), the frames that count; all of them for None.

    Raises:
        ShortResultError: another number of rows than frames.
        InvalidBoxError: a prediction with NaN, which would make every mean NaN.
    """
    repetitions = np.array(boxes, dtype=np.float64)
    repetitions = repetitions if repetitions.ndim == 3 else repetitions[None]
    frames = len(truth.boxes)
    counted = np.ones(frames, bool) if truth.cover is None else np.asarray(truth.cover) > 0
    counted[0] = False
    if only is not None:
        counted &= only
    overlaps = []
    for repetition in repetitions:
        checked = geometry.as_boxes(repetition, "predictions")
        if len(checked) != frames:
            raise ShortResultError(len(checked), frames)
        overlap = geometry.got10k_iou(checked, truth.boxes, truth.size)[counted]
        if np.isnan(overlap).any():
            raise InvalidBoxError(np.flatnonzero(np.isnan(checked).any(axis=1)))
        overlaps.append(overlap)
    pooled = np.concatenate(overlaps)
    weight = float(len(pooled))
    return Score(
        frames=len(pooled),
        values={
            "AO": float(pooled.mean()) if weight else 0.0,
            "SR0.5": float((pooled > 0.5).mean()) if weight else 0.0,
            "SR0.75": float((pooled > 0.75).mean()) if weight else 0.0,
        },
        curves={"success": scores.above(pooled, IOU_THRESHOLDS)},
        weights={"AO": weight, "SR0.5": weight, "SR0.75": weight},
    )
