"""The square that TransT cuts around a target, padded with the image's mean colour."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import BoxError

Image = NDArray[np.uint8]
Reals = NDArray[np.floating[Any]]


def side_around(size: Reals, context: int) -> int:
    """Side of the square, in pixels, for a target's width and height.

    Args:
        size: width and height; float32 where both come from the network, as in the official
            tracker, whose arithmetic then is float32.
        context: times their mean that is added to both: 1 for a template, 3 for a search region.
    """
    width, height = (of + context * ((size[0] + size[1]) * 0.5) for of in size)
    return math.ceil(math.sqrt(width * height))


def subwindow(
    image: Image,
    centre: Reals,
    side: int,
    size: int,
    colour: Reals,
    out: Image | None = None,
) -> Image:
    """Cut a square out of an image and resize it.

    Args:
        image: RGB uint8 (H, W, 3).
        centre: x, y of the square, in pixels.
        side: of the square, in pixels.
        size: side of the result, in pixels.
        colour: (3,) for what lies outside the image; its fractions are cut off.
        out: uint8 (size, size, 3) to write the result into, such as pinned memory.

    Returns:
        uint8 (size, size, 3).

    Raises:
        BoxError: the square touches no pixel of the image.

    Official `pysot_toolkit/trackers/tracker.py`, `get_subwindow`, which pads the whole image.
    """
    height, width = image.shape[:2]
    half = (side + 1) / 2
    left, top = (int(np.floor(position - half + 0.5)) for position in centre)
    right, bottom = left + side, top + side
    x1, x2 = max(left, 0), min(right, width)
    y1, y2 = max(top, 0), min(bottom, height)
    if x1 >= x2 or y1 >= y2:
        raise BoxError(
            f"the square of {side} pixels around {centre.tolist()} touches no pixel of "
            f"{width} x {height}"
        )
    patch = image[y1:y2, x1:x2]
    if patch.shape[:2] != (side, side):
        padded = np.empty((side, side, 3), np.uint8)
        padded[:] = colour.astype(np.uint8)
        padded[y1 - top : y2 - top, x1 - left : x2 - left] = patch
        patch = padded
    if out is None:
        out = np.empty((size, size, 3), np.uint8)
    if side == size:
        np.copyto(out, patch)
        return out
    return np.asarray(cv2.resize(patch, (size, size), dst=out))
