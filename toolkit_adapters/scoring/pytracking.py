"""OTB, UAV123, NFS and TNL2K as pytracking's analysis scores them: the numbers of most papers.

Source: pytracking/analysis/extract_results.py, and its copies in STARK, OSTrack and others
(lib/test/analysis/extract_results.py); LaSOT has branches of its own there, see `lasot_pytracking`.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import lasot_official, lasot_pytracking
from toolkit_adapters.scoring.geometry import Bools, Floats
from toolkit_adapters.scoring.scores import Score

IOU_THRESHOLDS = lasot_official.IOU_THRESHOLDS
ERROR_THRESHOLDS = lasot_official.ERROR_THRESHOLDS
NORM_ERROR_THRESHOLDS = lasot_official.NORM_ERROR_THRESHOLDS


def score(boxes: Floats, truth: Truth, only: Bools | None = None) -> Score:
    """AUC, P_Norm (0.20), P (20 px), OP50 and OP75 of one sequence.

    As `lasot_pytracking.score`, but nothing is known of absent targets, and frames beyond the last
    row of a result that is too short are scored as boxes of no size at the origin. Frames whose
    truth is no box fail overlap and P, and succeed in P_Norm: its error is marked with -1.

    Args:
        boxes: (M, 4) predictions, x, y, w, h in pixels; rows beyond the truth's are cut off.
        truth: boxes (N, 4).
        only: (N,), the frames that count; all of them for None.

    Raises:
        InvalidBoxError: a prediction with NaN or a negative size, at which the toolkit stops.
    """
    return _score(boxes, truth, np.inf, only)


def score_uav(boxes: Floats, truth: Truth, only: Bools | None = None) -> Score:
    """As `score`; but frames whose truth is no box (UAV123 has NaN there) succeed in P as well."""
    return _score(boxes, truth, -1.0, only)


def _score(boxes: Floats, truth: Truth, unknown_error: float, only: Bools | None) -> Score:
    known = dataclasses.replace(truth, absent=None)
    return lasot_pytracking.score(boxes, known, pad=True, unknown_error=unknown_error, only=only)
