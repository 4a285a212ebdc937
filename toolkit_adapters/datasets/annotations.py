"""Strict readers of annotation files: every error names the file and the line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_IMAGES = (".jpg", ".jpeg", ".png", ".bmp")


def read_text(path: Path) -> str:
    """The file as text, or a DatasetError that names it."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"{path}: missing; download the annotations again") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot be read as text ({error})") from error


def read_boxes(path: Path) -> NDArray[np.float64]:
    """Read one `x,y,w,h` a line; float64 (N, 4), exactly the numbers of the file.

    Sizes of zero or less are kept in all rows but the first: official truths hold a few.

    Raises:
        DatasetError: a line that is not four finite numbers, no line at all, or a first box
            without a positive size.
    """
    lines = read_text(path).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    rows = []
    for number, line in enumerate(lines, start=1):
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
            raise DatasetError(
                f"{path}:{number}: expected four finite numbers `x,y,w,h`, got {line[:80]!r}"
            )
        rows.append([float(part) for part in parts])
    if not rows:
        raise DatasetError(f"{path}: empty; expected one box `x,y,w,h` a line")
    boxes = np.array(rows, dtype=np.float64)
    if not np.isfinite(boxes).all():
        number = int(np.argmin(np.isfinite(boxes).all(axis=1))) + 1
        raise DatasetError(f"{path}:{number}: expected finite numbers, got {lines[number - 1]!r}")
    if not (boxes[0, 2:] > 0).all():
        raise DatasetError(
            f"{path}:1: the first box starts the tracker and needs a positive width and height, "
            f"got {lines[0]!r}"
        )
    return boxes


def read_labels(path: Path, largest: int) -> NDArray[np.int64]:
    """Read integers 0..largest, separated by commas or line ends; int64 (N,).

    Raises:
        DatasetError: anything else, with the line (LaSOT puts all on one) and the entry.
    """
    labels = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        for entry, part in enumerate(line.rstrip().rstrip(",").split(","), start=1):
            text = part.strip()
            if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= largest):
                raise DatasetError(
                    f"{path}:{number}: entry {entry}: expected an integer 0..{largest}, "
                    f"got {part[:40]!r}"
                )
            labels.append(int(text))
    return np.array(labels, dtype=np.int64)


def expect_count(path: Path, found: int, frames: int) -> None:
    """Raise a DatasetError unless a file of annotations has one entry a frame."""
    if found != frames:
        raise DatasetError(
            f"{path}: {found} entries for {frames} frames; one a frame is expected. "
            "Download the sequence again, or remove it from the root to leave it out"
        )


def list_frames(folder: Path, first: int) -> tuple[Path, ...]:
    """Images of a sequence, sorted as numbers, which must run from `first` without a gap.

    Raises:
        DatasetError: no folder, no image, a name that is no number, or a gap.
    """
    try:
        names = [e.name for e in os.scandir(folder) if not e.name.startswith(".")]
    except OSError as error:
        raise DatasetError(f"{folder}: the folder of frames cannot be read ({error})") from error
    numbered = []
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix.lower() not in _IMAGES:
            continue
        if not (stem.isascii() and stem.isdigit()):
            raise DatasetError(f"{folder / name}: expected a numbered frame such as 00000001.jpg")
        numbered.append((int(stem), name))
    if not numbered:
        raise DatasetError(f"{folder}: no frames; expected numbered images from {first}")
    numbered.sort()
    for expected, (number, name) in enumerate(numbered, start=first):
        if number != expected:
            raise DatasetError(
                f"{folder}: frame {expected} is missing or doubled (found {name} in its place); "
                "download the sequence again"
            )
    return tuple(folder / name for _, name in numbered)
