"""What is known of one sequence: boxes, and what the dataset says about each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Truth:
    """The annotations of one sequence of N frames.

    boxes: float64 (N, 4) `x, y, w, h` in pixels, as in the file; (1, 4) where only the first is
        public.
    absent: bool (N,), the target is not to be seen; None where the dataset does not say.
    cover: int64 (N,), visible share of the target in eighths, 0..8 (GOT-10k); None elsewhere.
    size: width and height of the frames in pixels; None where no file says so.
    """

    boxes: NDArray[np.float64]
    absent: NDArray[np.bool_] | None = None
    cover: NDArray[np.int64] | None = None
    size: tuple[int, int] | None = None

    def first(self, frames: int | None) -> Truth:
        """The truth of the first so many frames; of all, for None."""
        return Truth(
            self.boxes[:frames],
            None if self.absent is None else self.absent[:frames],
            None if self.cover is None else self.cover[:frames],
            self.size,
        )
