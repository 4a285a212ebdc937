"""What a video file says of itself, and which files are refused, in words."""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from hit_trackers.errors import DatasetError, MissingDependencyError

#: Suffixes of the files that are taken for videos in a folder.
SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts"),
    *(".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".y4m", ".ogv"),
)
#: Assumed where a file states no rate.
USUAL_RATE = Fraction(30)
#: Larger pictures than these are a damaged header: 16K has 132 million pixels.
MOST_PIXELS = 200_000_000

_HDR = {16: "HDR (PQ)", 18: "HDR (HLG)"}


def pyav() -> Any:
    """The package `av`.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        return importlib.import_module("av")
    except ImportError as error:
        raise MissingDependencyError.of(error, "video") from error


@dataclass(frozen=True)
class Facts:
    """A video as its container describes it.

    Attributes:
        path: the file.
        width, height: of the upright picture, in pixels.
        rate: pictures a second; the mean where the rate varies.
        frames: number of pictures as stated; None where nothing is stated.
        seconds: duration as stated; None where nothing is stated.
        rotation: degrees, counterclockwise, by which stored pictures are turned to be upright.
        aspect: width over height of one upright pixel.
        notes: what is done to pictures that are not progressive 8-bit colour.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    frames: int | None
    seconds: float | None
    rotation: int = 0
    aspect: Fraction = Fraction(1)
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container of a file and its video stream, closed at the end.

    Raises:
        DatasetError: missing, unreadable, no video, or without a picture track.
        MissingDependencyError: PyAV is not installed.
    """
    av = pyav()
    try:
        container = av.open(str(path))
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        size = path.stat().st_size if path.is_file() else 0
        why = "it is empty" if not size else f"FFmpeg says: {said(error)}"
        raise DatasetError(
            f"{path}: cannot be read as a video ({why}); expected a whole file such as MP4, "
            "MOV, MKV, WebM or AVI. A file whose recording or download was cut off looks like "
            "this: get it again"
        ) from error
    try:
        streams = container.streams.video
        if not streams:
            kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
            raise DatasetError(f"{path}: no pictures in it, only {kinds}; expected a video")
        yield container, streams[0]
    finally:
        container.close()


def describe(path: Path) -> Facts:
    """What a file says of itself, and its first picture, which is decoded for it.

    Raises:
        DatasetError: as `opened`; or no picture at all, pictures of an absurd size, or turned by
            other than right angles.
        MissingDependencyError: PyAV is not installed.
    """
    av = pyav()
    with opened(path) as (container, stream):
        try:
            first = next(container.decode(stream), None)
        except (av.error.FFmpegError, OSError, ValueError, MemoryError) as error:
            raise DatasetError(
                f"{path}: its first picture cannot be decoded (FFmpeg says: {said(error)}); "
                "convert it, as by ffmpeg -i IN -c:v libx264 OUT.mp4, or get it again"
            ) from error
        if first is None:
            raise DatasetError(f"{path}: a video without a single picture; get it again")
        return facts_of(path, stream, first)


def facts_of(path: Path, stream: Any, first: Any) -> Facts:
    """The facts of an open stream, given its first decoded picture."""
    if first.width * first.height > MOST_PIXELS:
        raise DatasetError(
            f"{path}: pictures of {first.width} x {first.height}, more than anybody films; "
            "the header is damaged: get it again"
        )
    if first.rotation % 90:
        raise DatasetError(
            f"{path}: pictures turned by {first.rotation} degrees; only right angles are read. "
            "Turn them first, as by ffmpeg -i IN OUT.mp4"
        )
    sideways = bool(first.rotation % 180)
    width, height = (first.height, first.width) if sideways else (first.width, first.height)
    aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    # A container without a rate may state that of its clock.
    rate = Fraction(rate) if rate and Fraction(1, 100) <= rate <= 1000 else USUAL_RATE
    return Facts(
        path,
        width,
        height,
        rate,
        stream.frames or None,
        _stated_seconds(stream),
        int(first.rotation) % 360,
        1 / aspect if sideways else aspect,
        tuple(_notes(stream, first, aspect)),
    )


def _stated_seconds(stream: Any) -> float | None:
    """How long the pictures last, as stated; the sound may last longer."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    # Matroska has it as text, 00:01:02.500000000, for each stream.
    text = stream.metadata.get("DURATION", "")
    if match := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text):
        return 3600 * int(match[1]) + 60 * int(match[2]) + float(match[3])
    alone = len(stream.container.streams) == 1
    return stream.container.duration / 1e6 if alone and stream.container.duration else None


def is_interlaced(stream: Any, first: Any) -> bool:
    """Whether pictures hold two moments, in odd and even rows."""
    # Enum AVFieldOrder: 0 unknown, 1 progressive, from 2 on interlaced. PyAV before 17 has none.
    return bool(first.interlaced_frame) or int(getattr(stream.codec_context, "field_order", 0)) > 1


def _notes(stream: Any, first: Any, aspect: Fraction) -> Iterator[str]:
    depth = max((part.bits for part in first.format.components), default=8)
    if depth > 8:
        yield f"{depth}-bit, read as 8-bit"
    if len(first.format.components) == 1 and not first.format.has_palette:
        yield "grey, read as three equal channels"
    if is_interlaced(stream, first):
        yield "interlaced, deinterlaced by bwdif to one picture a frame"
    curve = int(getattr(first, "color_trc", 0))
    if curve in _HDR:
        yield f"{_HDR[curve]}, read without tone mapping"
    if aspect != 1:
        yield f"pixels {aspect} as wide as high, tracked as stored"


def said(error: Exception) -> str:
    """FFmpeg's words, without the number and the file's name, which we give ourselves."""
    return str(getattr(error, "strerror", "") or error) or type(error).__name__
