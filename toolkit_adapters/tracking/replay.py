"""Pictures and answers from records: what was tracked can be looked at without a tracker."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import RecordError
from toolkit_adapters.datasets.videos import VideoFrame
from toolkit_adapters.records import Flag, Record
from toolkit_adapters.tracking.follow import Answer, Step
from toolkit_adapters.tracking.sources import pictures_of


def replay(
    records: Mapping[str, Record],
    frames: Sequence[Path | VideoFrame],
    rate: Fraction,
    truth: NDArray[np.float64] | None = None,
    *,
    only: Container[int] | None = None,
) -> Iterator[Step]:
    """The steps of recorded trackers.

    Args:
        records: by tracker, of the same sequence.
        frames: what was tracked.
        rate: pictures a second, where the frames are images.
        truth: float64 (N, 4), where it is known.
        only: the frames that are wanted; all for None.

    Raises:
        RecordError: a record is longer than there are frames.
        ImageError: a frame cannot be decoded.
    """
    count = min(len(record) for record in records.values())
    if count > len(frames):
        raise RecordError(f"records of {count} frames, and there are {len(frames)}")
    for index, picture in enumerate(pictures_of(frames[:count], rate)):
        if index == count:
            return
        if only is not None and index not in only:
            continue
        known = truth is not None and index < len(truth) and (truth[index, 2:] > 0).all()
        yield Step(
            index,
            picture.image,
            picture.time,
            {name: answer(record, index) for name, record in records.items()},
            truth[index] if truth is not None and known else None,
        )


def answer(record: Record, index: int) -> Answer:
    """What a record says of one frame."""
    flags = int(record.flags[index])
    return Answer(
        record.boxes[index],
        float(record.scores[index]),
        float(record.update[index]),
        not flags & Flag.INVALID,
        bool(flags & Flag.INIT),
    )
