"""What a convention refuses to score."""

from __future__ import annotations

import numpy as np

from hit_trackers.errors import ResultFileError


class ShortResultError(ResultFileError):
    """A result with another number of rows than the convention accepts."""

    def __init__(self, rows: int, frames: int) -> None:
        super().__init__(f"{rows} rows for {frames} frames: the convention needs one row per frame")


class InvalidBoxError(ResultFileError):
    """A result with rows that the convention refuses; `rows` counts them from zero."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows
        lines = ", ".join(str(row + 1) for row in rows[:5]) + (", ..." if len(rows) > 5 else "")
        super().__init__(
            f"{len(rows)} rows that are no box (NaN, or a negative size), line {lines}: the "
            "toolkit of this convention stops at them"
        )
