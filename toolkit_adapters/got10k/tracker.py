"""Our trackers with the interface of `got10k.trackers.Tracker`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from hit_trackers.errors import HitTrackersError, MissingDependencyError, PredictionError
from hit_trackers.geometry import is_box
from hit_trackers.protocol import Tracker
from toolkit_adapters.datasets.decoding import decode

try:
    from got10k import trackers as toolkit
except ImportError as error:
    raise MissingDependencyError.of(error, "got10k") from error


class ToolkitTracker(toolkit.Tracker):  # type: ignore[misc, unused-ignore]
    """Any of our trackers, for the got10k toolkit.

    Images are decoded before the clock starts: the toolkit's own loop opens them lazily, so that
    most of the time it reports is JPEG decoding (16.8 of 17.2 ms at 1080p).

    Args:
        tracker: a name for `hit_trackers.load_tracker`, or a tracker.
        options: `checkpoint`, `device`, `deterministic` of `load_tracker`.
    """

    def __init__(self, tracker: str | Tracker = "hit", **options: Any) -> None:
        if isinstance(tracker, str):
            from hit_trackers import load_tracker

            tracker = load_tracker(tracker, **options)
        # The toolkit tells deterministic trackers by this flag only; its own check never fires.
        super().__init__(tracker.name, is_deterministic=True)
        self.tracker: Tracker = tracker

    def init(self, image: Any, box: ArrayLike) -> None:
        """Start on a PIL image, or RGB uint8 (H, W, 3), and a box x, y, w, h in pixels."""
        # A copy: what the toolkit passes is a view of its annotations.
        self.tracker.init(_as_array(image), np.array(box, dtype=np.float64))

    def update(self, image: Any) -> NDArray[np.float64]:
        """Find the target; float64 (4,) x, y, w, h in pixels.

        Raises:
            PredictionError: the tracker's answer is no box; the toolkit would store NaN.
        """
        box = np.array(self.tracker.update(_as_array(image)).box, dtype=np.float64)
        if box.shape != (4,) or not is_box(box):
            raise PredictionError(
                f"{self.name} answered {box.tolist()}; expected finite x, y, w, h of positive size"
            )
        return box

    def track(
        self, img_files: Sequence[str], box: ArrayLike, visualize: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Track a sequence.

        Returns:
            boxes (N, 4), the first being `box`, and seconds (N,) without decoding, the first being
            those of `init`.

        Raises:
            PredictionError: an image cannot be decoded, or the tracker fails; the message names
                the image and the frame.
        """
        boxes = np.zeros((len(img_files), 4))
        boxes[0] = box
        times = np.zeros(len(img_files))
        frames = tqdm(img_files, desc=self.name, unit="frame", leave=False, disable=None)
        for index, path in enumerate(frames):
            try:
                image = decode(Path(path)).image
                start = time.perf_counter()
                if index == 0:
                    self.init(image, box)
                else:
                    boxes[index] = self.update(image)
                times[index] = time.perf_counter() - start
            except Exception as error:  # whatever a tracker does, the frame must be named
                what = "" if isinstance(error, HitTrackersError) else f"{type(error).__name__}: "
                raise PredictionError(
                    f"{self.name}, frame {index + 1} of {len(img_files)} ({path}): {what}{error}"
                ) from error
            if visualize:
                _show(image, boxes[index])
        return boxes, times


def _as_array(image: Any) -> NDArray[np.uint8]:
    if isinstance(image, np.ndarray):
        return image
    return np.ascontiguousarray(image.convert("RGB"))


def _show(image: NDArray[np.uint8], box: NDArray[np.float64]) -> None:
    from got10k.utils.viz import show_frame
    from PIL import Image

    show_frame(Image.fromarray(image), box)
