"""OTB's one-pass evaluation: success over 21 thresholds of overlap, precision at 20 pixels.

Source: tracker_benchmark_v1.1 (Wu, Lim and Yang, CVPR 2013, TPAMI 2015), util/calcSeqErrRobust.m,
perfPlot.m and genPerfMat.m. The LaSOT authors' toolkit came out of it, so the arithmetic is shared.
"""

from __future__ import annotations

import dataclasses

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import lasot_official
from toolkit_adapters.scoring.geometry import Bools, Floats
from toolkit_adapters.scoring.scores import Score

IOU_THRESHOLDS = lasot_official.IOU_THRESHOLDS
ERROR_THRESHOLDS = lasot_official.ERROR_THRESHOLDS

_VALUES, _CURVES = ("AUC", "P", "OP50"), ("success", "precision")


def score(boxes: Floats, truth: Truth, only: Bools | None = None) -> Score:
    """AUC, P (20 px) and OP50 of one sequence.

    A prediction with NaN, or of no size, becomes the row before it; the first becomes the truth.
    Frames whose truth is unknown or has an entry of zero or less count as failed overlap and as
    hit precision (the toolkit marks their errors with -1), and stay in the denominator. Nothing is
    known of absent targets. A sequence whose curve is zero everywhere is left out of the mean.

    Args:
        boxes: (M, 4) predictions, x, y, w, h in pixels; rows beyond the truth's are cut off.
        truth: boxes (N, 4).
        only: (N,), the frames that count; all of them for None.

    Raises:
        ShortResultError: M < N.
    """
    found = lasot_official.score(boxes, dataclasses.replace(truth, absent=None), only)
    return dataclasses.replace(
        found,
        values={name: found.values[name] for name in _VALUES},
        curves={name: found.curves[name] for name in _CURVES},
        weights={name: found.weights[name] for name in _VALUES},
    )
