"""Pictures and answers from records: what was tracked can be looked at without a tracker."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import RecordError
from hit_trackers.geometry import is_box
from toolkit_adapters.datasets.decoding import decode
from toolkit_adapters.datasets.videos import VideoFrame
from toolkit_adapters.records import Flag, Record
from toolkit_adapters.tracking.follow import Answer, Step
from toolkit_adapters.tracking.sources import pictures_of
from toolkit_adapters.video.reader import Picture

_BLANK = np.zeros((1, 1, 3), np.uint8)


def replay(
    records: Mapping[str, Record],
    frames: Sequence[Path | VideoFrame],
    rate: Fraction,
    truth: NDArray[np.float64] | None = None,
    *,
    decoded: Container[int] | None = None,
) -> Iterator[Step]:
    """The steps of recorded trackers.

    Args:
        records: by tracker, of the same sequence.
        frames: what was tracked.
        rate: pictures a second, where the frames are images.
        truth: float64 (N, 4), where it is known.
        decoded: the frames whose pictures are wanted; the others come with a blank one, at once.

    Raises:
        RecordError: a record is longer than there are frames.
        ImageError: a frame cannot be decoded.
    """
    count = min(len(record) for record in records.values())
    if count > len(frames):
        raise RecordError(f"records of {count} frames, and there are {len(frames)}")
    for index, picture in enumerate(_pictures(frames[:count], rate, decoded)):
        if index == count:
            return
        known = truth is not None and index < len(truth) and bool(is_box(truth[index]))
        yield Step(
            index,
            picture.image,
            picture.time,
            {name: answer(record, index) for name, record in records.items()},
            truth[index] if truth is not None and known else None,
        )


def _pictures(
    frames: Sequence[Path | VideoFrame], rate: Fraction, decoded: Container[int] | None
) -> Iterator[Picture]:
    if decoded is None:
        yield from pictures_of(frames, rate)
        return
    for index, frame in enumerate(frames):
        yield Picture(decode(frame).image if index in decoded else _BLANK, index / rate)


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


def resized(step: Step, width: int) -> Step:
    """A step whose picture is at most so wide, its boxes with it."""
    scale = width / step.image.shape[1]
    if scale >= 1 or step.image is _BLANK:
        return step
    size = (width, max(1, round(step.image.shape[0] * scale)))
    image = np.asarray(cv2.resize(step.image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return dataclasses.replace(
        step,
        image=image,
        answers={
            name: dataclasses.replace(found, box=found.box * scale)
            for name, found in step.answers.items()
        },
        truth=None if step.truth is None else step.truth * scale,
    )
