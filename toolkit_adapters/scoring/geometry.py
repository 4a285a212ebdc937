"""Overlap and centre error of boxes: what every convention is made of.

Boxes are float64 arrays (N, 4) of x, y, w, h in pixels. Official toolkits add and subtract one
pixel here and there; the terms cancel (to 4e-16), so plain geometry serves all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_EPSILON = np.finfo(float).eps


def as_boxes(boxes: object, name: str) -> Floats:
    """`boxes` as a float64 copy of shape (N, 4).

    Raises:
        ValueError: where the shape is another; `name` says whose boxes they are.
    """
    array = np.array(boxes, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"{name}: expected boxes of shape (N, 4), got shape {array.shape}")
    return array


def iou(boxes: Floats, truth: Floats, undefined: float = np.nan) -> Floats:
    """Intersection over union, row by row.

    Returns:
        (N,) in [0, 1] for boxes of positive size; `undefined` where both areas are zero or an
        entry is NaN.
    """
    intersection, union = _areas(boxes, truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.asarray(intersection / union)
    shares[np.isnan(shares)] = undefined
    return shares


def got10k_iou(boxes: Floats, truth: Floats, size: tuple[int, int] | None = None) -> Floats:
    """The got10k toolkit's `rect_iou`: an epsilon in the union, bounded by an image if one is
    given.

    Its bound moves a corner that lies outside to the border and leaves width and height as they
    are, as long as they fit: [-10, 0, 50, 50] and [0, 0, 50, 50] overlap fully.
    """
    if size is not None:
        limit = np.array(size, dtype=np.float64)
        boxes, truth = _within(boxes, limit), _within(truth, limit)
    intersection, union = _areas(boxes, truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(intersection / (union + _EPSILON), 0.0, 1.0))


def _areas(boxes: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Areas of intersection and union, row by row: (N,) each, square pixels."""
    overlap = np.minimum(boxes[:, :2] + boxes[:, 2:], truth[:, :2] + truth[:, 2:])
    overlap -= np.maximum(boxes[:, :2], truth[:, :2])
    np.maximum(overlap, 0, out=overlap)
    intersection = overlap[:, 0] * overlap[:, 1]
    union = boxes[:, 2] * boxes[:, 3] + truth[:, 2] * truth[:, 3] - intersection
    return intersection, union


def _within(boxes: Floats, limit: Floats) -> Floats:
    corner = np.clip(boxes[:, :2], 0, limit)
    return np.concatenate([corner, np.clip(boxes[:, 2:], 0, limit - corner)], axis=1)


def centre_offset(boxes: Floats, truth: Floats) -> Floats:
    """Centre of each box minus centre of its truth: (N, 2), pixels."""
    return np.asarray(boxes[:, :2] - truth[:, :2] + (boxes[:, 2:] - truth[:, 2:]) / 2)


def centre_error(boxes: Floats, truth: Floats) -> Floats:
    """Distance between the centres: (N,), pixels."""
    offset = centre_offset(boxes, truth)
    return np.sqrt(offset[:, 0] ** 2 + offset[:, 1] ** 2)


def normalised_centre_error(boxes: Floats, truth: Floats, smallest: float = 0.0) -> Floats:
    """Distance between the centres in units of the truth's width and height: (N,).

    `smallest` bounds the divisor from below; 0 leaves it alone (infinite or NaN at zero sizes).
    """
    size = np.maximum(truth[:, 2:], smallest) if smallest else truth[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = centre_offset(boxes, truth) / size
    return np.sqrt(scaled[:, 0] ** 2 + scaled[:, 1] ** 2)


def previous_row_where(boxes: Floats, bad: Bools) -> Floats:
    """Each bad row replaced by the nearest good row before it; row 0 counts as good."""
    good = ~bad
    good[:1] = True  # of no rows none is
    source = np.maximum.accumulate(np.where(good, np.arange(len(boxes)), 0))
    return boxes[source]


def bad_rows(boxes: Floats) -> Bools:
    """Rows that are no box: an entry that is NaN, or a width or height of zero or below.

    Not `is_box`: official toolkits let infinite numbers pass, which then fail.
    """
    return np.asarray(np.isnan(boxes).any(axis=1) | (boxes[:, 2:] <= 0).any(axis=1))
