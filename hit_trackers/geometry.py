"""Boxes `x, y, w, h` in image pixels, float64, and the square regions cut around them.

What pytracking's descendants share: HiT, OSTrack, STARK and MixFormer cut and clip alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hit_trackers.errors import BoxError

Box = list[float]

# The official tracker keeps every box at least this large and this far inside the image.
MARGIN = 10


def is_box(boxes: ArrayLike) -> NDArray[np.bool_]:
    """Whether each of some boxes is one: four finite numbers, width and height above zero.

    Args:
        boxes: (..., 4) `x, y, w, h`.

    Returns:
        bool (...), so a single value for one box of shape (4,).
    """
    values = np.asarray(boxes, dtype=np.float64)
    sized = (values[..., 2:] > 0).all(axis=-1)
    return np.asarray(np.isfinite(values).all(axis=-1) & sized)


def clip_box(box: Sequence[float], height: int, width: int, margin: int = MARGIN) -> Box:
    """Keep a box on the image, and at least `margin` pixels wide and high.

    Official `lib/utils/box_ops.py`, `clip_box`.
    """
    x1, y1, w, h = box
    x2, y2 = x1 + w, y1 + h
    x1 = min(max(0, x1), width - margin)
    x2 = min(max(margin, x2), width)
    y1 = min(max(0, y1), height - margin)
    y2 = min(max(margin, y2), height)
    return [x1, y1, max(margin, x2 - x1), max(margin, y2 - y1)]


def from_search_region(
    predicted: Sequence[float], previous: Sequence[float], half_side: float
) -> Box:
    """Place a box predicted in a search region on the image.

    Args:
        predicted: centre x, centre y, width, height in image pixels, relative to the top-left
            corner of the search region.
        previous: the box (x, y, w, h) that the search region was centred on.
        half_side: half of the search region's side, in image pixels.

    Official `lib/test/tracker/HiT.py`, `map_box_back`.
    """
    centre_x = previous[0] + 0.5 * previous[2]
    centre_y = previous[1] + 0.5 * previous[3]
    cx, cy, w, h = predicted
    cx += centre_x - half_side
    cy += centre_y - half_side
    return [cx - 0.5 * w, cy - 0.5 * h, w, h]


def check_first_box(box: Sequence[float] | np.ndarray, height: int, width: int) -> Box:
    """Validate the box a tracker starts from.

    Returns:
        four Python floats; the values are not changed.

    Raises:
        BoxError: not four finite numbers, no positive size, larger than twice the image, or wholly
            outside it.
    """
    values = np.asarray(box, dtype=np.float64).ravel()
    if values.size != 4 or not np.isfinite(values).all():
        raise BoxError(f"first box {box!r}: expected four finite numbers x, y, w, h in pixels")
    x, y, w, h = (float(value) for value in values)
    if not is_box(values):
        raise BoxError(f"first box {[x, y, w, h]}: width and height must be positive")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise BoxError(
            f"first box {[x, y, w, h]} lies outside its image of {width} x {height} pixels"
        )
    # The region cut around it grows with the box, and with it the memory that is asked for.
    if w > 2 * width or h > 2 * height:
        raise BoxError(
            f"first box {[x, y, w, h]} is larger than twice its image of {width} x {height} pixels"
        )
    return [x, y, w, h]


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
    import cv2  # not above: a network alone, without an image to cut, runs without it

    x1, y1, side = _square(box, factor)
    left, top, right, bottom = _margins(image, x1, y1, side)
    inside = image[y1 + top : y1 + side - bottom, x1 + left : x1 + side - right]
    if inside.size == 0:
        raise BoxError(
            f"box {list(box)}: its region touches no pixel of {image.shape[1]} x {image.shape[0]}"
        )
    if left or right or top or bottom:
        inside = cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_CONSTANT)
    # cv2.resize is handed the view itself where nothing is padded: the same pixels, no copy.
    return cv2.resize(inside, (size, size), dst=out), size / side


def crop_with_padding(
    image: np.ndarray,
    box: Sequence[float],
    factor: float,
    size: int,
    out: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """As `crop_region`, with a fourth channel: 255 where a pixel lies outside the image.

    A pixel of the result counts as outside if it is made of one that does, to however small a part.

    Official `lib/train/data/processing_utils.py` of STARK, `sample_target`.
    """
    patch, scale = crop_region(image, box, factor, size)
    x1, y1, side = _square(box, factor)
    left, top, right, bottom = _margins(image, x1, y1, side)
    found = np.empty((size, size, 4), np.uint8) if out is None else out
    found[..., :3] = patch
    found[..., 3] = 0
    if left or top or right or bottom:
        import cv2

        outside = np.ones((side, side))
        outside[top : side - bottom, left : side - right] = 0
        found[..., 3] = np.where(cv2.resize(outside, (size, size)), 255, 0)
    return found, scale


def _square(box: Sequence[float], factor: float) -> tuple[int, int, int]:
    """x, y and side of the square around a box."""
    x, y, w, h = box
    side = math.ceil(math.sqrt(w * h) * factor)
    if side < 1:
        raise BoxError(f"box {list(box)} is too small to cut a region around it")
    return round(x + 0.5 * w - side * 0.5), round(y + 0.5 * h - side * 0.5), side


def _margins(image: np.ndarray, x1: int, y1: int, side: int) -> tuple[int, int, int, int]:
    """Rows and columns of a square that are padding: left, top, right, bottom."""
    height, width = image.shape[:2]
    right, bottom = max(x1 + side - width + 1, 0), max(y1 + side - height + 1, 0)
    return max(0, -x1), max(0, -y1), right, bottom
