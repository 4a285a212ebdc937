"""Search-region geometry: the square around a box, resized to what the network reads."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from hit_trackers.errors import BoxError


def crop_region(
    image: np.ndarray,
    box: Sequence[float],
    factor: float,
    size: int,
    out: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """Cut the square of `factor` times the box's mean side around the box; black outside.

    Args:
        image: uint8 (H, W, 3).
        box: x, y, w, h in pixels.
        factor: side of the square over sqrt(w * h): 2 for a template, 4 for a search region.
        size: side of the result, in pixels.
        out: uint8 (size, size, 3) to write the patch into, such as pinned memory.

    Returns:
        patch uint8 (size, size, 3), and size / side: patch pixels per image pixel.

    Raises:
        BoxError: the square would be smaller than a pixel, or touch no pixel of the image.

    Official `lib/test/tracker/vittrack_utils.py`, `sample_target`: the padding decision leaves the
    last row or column out where the square ends exactly on it, and so does this.
    """
    x, y, w, h = box
    side = math.ceil(math.sqrt(w * h) * factor)
    if side < 1:
        raise BoxError(f"box {list(box)} is too small to cut a region around it")
    height, width = image.shape[:2]
    x1 = round(x + 0.5 * w - side * 0.5)
    y1 = round(y + 0.5 * h - side * 0.5)
    x2, y2 = x1 + side, y1 + side
    left, right = max(0, -x1), max(x2 - width + 1, 0)
    top, bottom = max(0, -y1), max(y2 - height + 1, 0)
    inside = image[y1 + top : y2 - bottom, x1 + left : x2 - right]
    if inside.size == 0:
        raise BoxError(f"box {list(box)}: its region touches no pixel of {width} x {height}")
    if left or right or top or bottom:
        inside = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_CONSTANT)
    # cv2.resize is handed the view itself where nothing is padded: the same pixels, no copy.
    return cv2.resize(inside, (size, size), dst=out), size / side
