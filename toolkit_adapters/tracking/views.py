"""A part of a picture around some boxes, enlarged, with the boxes drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]

#: Red, green, blue: of the truth, of a baseline, of its variants; told apart by all common kinds of
#: colour vision (Wong, Nature Methods 8, 441).
WHITE: Colour = (255, 255, 255)
TRUTH: Colour = WHITE
COLOURS: tuple[Colour, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 190, 130),
    (225, 140, 190),
    (240, 228, 66),
    (230, 90, 20),
)
INK: Colour = (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Drawing is to a sixteenth of a pixel.
_SHIFT = 4


def colour_of(index: int) -> Colour:
    """The colour of a tracker, by its place."""
    return COLOURS[index % len(COLOURS)]


def as_jpeg(image: Image) -> bytes:
    """An RGB image as a file."""
    done, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    assert done
    return bytes(data)


Boxes: TypeAlias = Sequence[tuple[NDArray[np.float64], Colour]]


def draw_boxes(image: Image, boxes: Boxes, thin: int) -> None:
    """Rectangles, wide to narrow: where they coincide all colours show, the first outermost.

    Args:
        image: drawn on.
        boxes: with their colours; the widest, which comes first, has a dark rim.
        thin: width of the last one, in pixels.
    """
    for place, (box, colour) in enumerate(boxes):
        width = thin * (2 * (len(boxes) - 1 - place) + 1)
        if place == 0:
            _rectangle(image, box, INK, width + 2)
        _rectangle(image, box, colour, width)


def _rectangle(image: Image, box: NDArray[np.float64], colour: Colour, thickness: int) -> None:
    """An outline at sub-pixel places."""
    limit = 4.0 * max(image.shape[:2])
    corners = np.clip([box[:2], box[:2] + box[2:]], -limit, limit)
    a, b = np.round(corners * (1 << _SHIFT)).astype(int).tolist()
    cv2.rectangle(image, a, b, colour, thickness, cv2.LINE_AA, _SHIFT)


def text_size(text: str, scale: float, thickness: int = 1) -> tuple[int, int]:
    """Width and height of a text, below its base line included, in pixels."""
    (width, height), below = cv2.getTextSize(text, _FONT, scale, thickness)
    return width, height + below


def draw_text(
    image: Image, text: str, place: tuple[int, int], scale: float, colour: Colour = WHITE
) -> None:
    """A text whose base line begins at a place; `darken` the ground first."""
    # No rim of thicker letters: those of OpenCV 5 are wider, too.
    cv2.putText(image, text, place, _FONT, scale, colour, max(1, round(1.6 * scale)), cv2.LINE_AA)


def darken(area: Image) -> None:
    """Make a part of an image a ground for words."""
    area[:] = area // 3


def view(
    image: Image,
    boxes: Boxes,
    size: tuple[int, int],
    label: str,
    scale: float,
) -> Image:
    """A view around boxes, at least twice as large as they are together.

    Args:
        image: RGB.
        boxes: with their colours, as for `draw_boxes`.
        size: width and height of the view, in pixels.
        label: written at its foot.
        scale: of the label.
    """
    width, height = size
    low = np.min([box[:2] for box, _ in boxes], axis=0)
    high = np.max([box[:2] + np.maximum(box[2:], 1) for box, _ in boxes], axis=0)
    span = max((high - low)[0], (high - low)[1] * width / height) * 2
    zoom = width / float(np.clip(span, 40, max(image.shape[1], 40)))
    corner = (low + high) / 2 - np.array(size) / zoom / 2
    matrix = np.array([[zoom, 0, -corner[0] * zoom], [0, zoom, -corner[1] * zoom]])
    shown = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(60, 60, 60))
    part = np.ascontiguousarray(shown, np.uint8)
    moved = [
        (np.concatenate([(box[:2] - corner) * zoom, box[2:] * zoom]), colour)
        for box, colour in boxes
    ]
    draw_boxes(part, moved, max(1, round(2 * scale)))
    fitting = scale * min(1.0, (width - 8) / max(1, text_size(label, scale)[0]))
    foot = round(1.5 * text_size("Xg", fitting)[1])
    darken(part[height - foot :])
    draw_text(part, label, (4, height - round(0.35 * foot)), fitting)
    return part
