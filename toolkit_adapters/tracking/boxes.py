"""Boxes from options, and into files that `evaluate` reads."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.geometry import is_box
from toolkit_adapters.records.files import write_atomically


def box_option(text: str) -> tuple[float, float, float, float]:
    """`x,y,w,h` of the command line."""
    try:
        values = [float(part) for part in text.replace(" ", ",").split(",") if part]
    except ValueError:
        values = []
    if len(values) != 4 or not is_box(values):
        raise argparse.ArgumentTypeError(
            f"expected x,y,w,h in pixels, such as 210,94,44,45, with a positive size; got {text!r}"
        )
    x, y, w, h = values
    return x, y, w, h


def save_boxes(path: Path, boxes: Sequence[NDArray[np.float64]], *, precise: bool) -> None:
    """Write `x,y,w,h` a line.

    Args:
        path: the file; complete, or as it was before.
        boxes: float64 (4,) each.
        precise: the shortest text that reads as the same float64; else two decimals.

    Raises:
        RecordError: it cannot be written.
    """
    form = repr if precise else "{:.2f}".format
    lines = (",".join(form(float(value)) for value in box) for box in boxes)
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())


def named(path: Path, tracker: str, several: bool) -> Path:
    """The file of one tracker: `path`, or with the tracker's name in it where there are several."""
    return path.with_name(f"{path.stem}.{tracker}{path.suffix}") if several else path
