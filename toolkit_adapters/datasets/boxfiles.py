"""Text files of boxes by anybody: found beside what they describe, read in every usual form."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from hit_trackers.geometry import is_box
from toolkit_adapters.datasets.annotations import decode_text, read_text

#: How the four numbers of a line are meant: corner and size, or two corners.
FORMATS = ("xywh", "xyxy")
_SEPARATORS = re.compile(r"[,;\s]+")
_MASK = re.compile(r"m\s*(?=-?\d)")


@dataclass(frozen=True, eq=False)
class BoxFile:
    """What a file of boxes holds.

    Attributes:
        boxes: float64 (N, 4) `x, y, w, h` in pixels; NaN where a line says that there is none.
        form: how its lines were read, in words.
    """

    boxes: NDArray[np.float64]
    form: str


def candidates(name: str, folders: Iterable[Path]) -> list[Path]:
    """Where the boxes of a sequence may be, the likeliest first."""
    names = ("groundtruth.txt", "groundtruth_rect.txt", f"{name}.txt")
    return [folder / file for folder in folders for file in names]


def read_boxes(path: Path, box_format: str = "xywh") -> BoxFile:
    """Boxes, a line each, separated by commas, semicolons, tabs or spaces.

    Lines have four numbers as `box_format` says; or those of a polygon's corners (8, mostly), of
    which the bounding rectangle is taken, as the VOT toolkit does when it converts a region to a
    rectangle; or a mask as VOT writes it (`m x,y,w,h,...`), of which the stated rectangle is taken.
    A line with a single number, or NaN, is a frame without a box; the first must be one.

    Raises:
        DatasetError: something else; file and line are named.
    """
    lines = decode_text(*read_text(path), strict=True).replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DatasetError(f"{path}: empty; expected a box a line, or one for the first frame")
    rows, forms = [], []
    for number, line in enumerate(lines, start=1):
        form, row = _read(line, f"{path}:{number}", box_format)
        rows.append(row)
        forms.append(form)
    boxes = np.array(rows, dtype=np.float64)
    if not is_box(boxes[0]):
        raise DatasetError(
            f"{path}:1: the first box starts the tracker and needs a positive width and height, "
            f"got {lines[0][:80]!r}"
        )
    return BoxFile(boxes, " and ".join(dict.fromkeys(form for form in forms if form)))


def _read(line: str, where: str, box_format: str) -> tuple[str, list[float]]:
    text = line.strip(" \t,;")
    mask = _MASK.match(text)
    tokens = _SEPARATORS.split(text[mask.end() :] if mask else text)
    values = [_number(token, where, line) for token in (tokens[:4] if mask else tokens)]
    count = len(values)
    if mask and count == 4:
        return "masks, their rectangles", values
    if count == 1:
        return "", [math.nan] * 4
    if count == 4:
        if box_format == "xywh":
            return "x, y, w, h", values
        x1, y1, x2, y2 = values
        return "two corners x1, y1, x2, y2", [x1, y1, x2 - x1, y2 - y1]
    if count >= 6 and count % 2 == 0:
        x, y = values[::2], values[1::2]
        box = [min(x), min(y), max(x) - min(x), max(y) - min(y)]
        return f"polygons of {count // 2} corners, their bounding rectangles", box
    raise DatasetError(
        f"{where}: expected 4 numbers, or 8 of a polygon, got {count}: {line[:80]!r}"
    )


def _number(token: str, where: str, line: str) -> float:
    try:
        value = float(token)
    except ValueError:
        value = math.inf
    if math.isinf(value) or "_" in token:
        raise DatasetError(f"{where}: {token[:40]!r} is no number, in {line[:80]!r}")
    return value
