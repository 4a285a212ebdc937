"""Tracking as a loop of one's own: `for frame in track(source, tracker, box)`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hit_trackers import families
from hit_trackers.errors import BoxError
from hit_trackers.protocol import Tracker, check_image
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.tracking.follow import Follower
from toolkit_adapters.tracking.sources import Source, open_source
from toolkit_adapters.video.facts import USUAL_RATE
from toolkit_adapters.video.reader import Picture


@dataclass(frozen=True, eq=False)
class TrackedFrame:
    """One picture and what the tracker says of it.

    Attributes:
        index: number of the picture, from 0.
        image: RGB uint8 (H, W, 3).
        time: seconds since the first picture.
        box: float64 (4,) x, y, w, h in pixels; on the first picture the one given.
        score: the tracker's confidence; NaN on the first picture, and where it has none.
        seconds: its update took; on the first picture its start.
        valid: it gave a box; else `box` is the one before.
    """

    index: int
    image: NDArray[np.uint8]
    time: float
    box: NDArray[np.float64]
    score: float
    seconds: float
    valid: bool


def track(
    source: str | Path | Iterable[NDArray[np.uint8]],
    tracker: str | Tracker,
    box: ArrayLike | None = None,
    *,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    **settings: Any,
) -> Iterator[TrackedFrame]:
    """Track one target; see `toolkit_adapters.track`."""
    if isinstance(tracker, str):
        tracker = families.load_tracker(tracker, checkpoint, device)
    if isinstance(source, (str, Path)):
        opened = open_source(str(source), **settings)
    else:
        opened = Source("images", _pictures(source), None, USUAL_RATE)
    follower = Follower([Entrant(tracker, tracker.variant)])
    first = opened.truth[0] if box is None and opened.truth is not None else box
    if first is None:
        raise BoxError(f"{opened.name}: no box to start from; give track(..., box=(x, y, w, h))")
    with opened.camera or contextlib.nullcontext():
        for index, picture in enumerate(opened.pictures):
            image = picture.image
            (answer,) = (
                follower.start(image, first) if not index else follower.step(image)
            ).values()
            yield TrackedFrame(
                index,
                image,
                float(picture.time),
                answer.box,
                answer.score,
                answer.seconds,
                answer.valid,
            )


def _pictures(images: Iterable[NDArray[np.uint8]]) -> Iterator[Picture]:
    for index, image in enumerate(images):
        check_image(image)
        yield Picture(image, Fraction(index) / USUAL_RATE)
