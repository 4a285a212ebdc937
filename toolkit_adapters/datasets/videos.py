"""Frames of a sequence that lie in a video file and not in files of their own."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hit_trackers.errors import DatasetError, ImageError
from toolkit_adapters.video.facts import describe, opened, pyav, said
from toolkit_adapters.video.reader import Picture, VideoReader


@dataclass(frozen=True)
class VideoFrame:
    """One picture of a video, counted from 0: stands where other sequences have an image file."""

    path: Path
    index: int

    def __str__(self) -> str:
        return f"{self.path}, picture {self.index}"


def list_pictures(path: Path) -> tuple[VideoFrame, ...]:
    """All pictures of a video, which is read through once but not decoded.

    Raises:
        DatasetError: as `video.facts.describe`, or the file ends in the middle of something.
        MissingDependencyError: PyAV is not installed.
    """
    status = path.stat() if path.is_file() else None
    modified = (status.st_size, status.st_mtime_ns) if status else None
    return tuple(VideoFrame(path, index) for index in range(_count(path, modified)))


@functools.lru_cache(maxsize=256)
def _count(path: Path, modified: object) -> int:
    """Number of pictures; a dataset is asked several times, so `modified` is part of the key."""
    describe(path)
    av = pyav()
    with opened(path) as (container, stream):
        try:
            packets = container.demux(stream)
            return sum(bool(packet.size) and not packet.is_discard for packet in packets)
        except (av.error.FFmpegError, OSError) as error:
            raise DatasetError(
                f"{path}: it ends in the middle of something (FFmpeg says: {said(error)}); get "
                "the file again"
            ) from error


class _Open(threading.local):
    """The video that a thread reads now: frames are nearly always asked for in order."""

    path: Path | None = None
    next = 0
    pictures: Iterator[Picture] = iter(())
    notes: tuple[str, ...] = ()


_open = _Open()


def read_picture(frame: VideoFrame) -> tuple[Picture, str | None]:
    """Decode one picture; in order of the index this costs one decoding each.

    Returns:
        the picture, and what was done to it that is not plain decoding; None for nothing.

    Raises:
        DatasetError, ImageError: as `video.reader.VideoReader`.
    """
    if _open.path != frame.path or _open.next > frame.index or frame.index == 0:
        _open.path = None
        reader = VideoReader(frame.path)
        _open.pictures, _open.next = iter(reader), 0
        _open.path, _open.notes = frame.path, reader.facts.notes
    while True:
        try:
            picture = next(_open.pictures, None)
        except BaseException:
            _open.path = None
            raise
        if picture is None:
            _open.path = None
            raise ImageError(
                f"{frame.path}: it ends after {_open.next} pictures, and picture {frame.index} "
                "was announced; get the file again"
            )
        _open.next += 1
        if _open.next > frame.index:
            return picture, "; ".join(_open.notes) or None
