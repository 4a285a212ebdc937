"""A video file, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import ImageError
from toolkit_adapters.video.facts import Facts, describe, is_interlaced, opened, pyav, said

#: A file that ends this much earlier than it says was cut off, in seconds.
EARLY = 0.5


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of a moving source.

    Attributes:
        image: RGB uint8 (H, W, 3), upright, C-contiguous.
        time: seconds since the first picture.
    """

    image: NDArray[np.uint8]
    time: Fraction


#: Matrices of colour that are not FFmpeg's default (BT.601), by their number in a frame.
_MATRICES = {1: "ITU709", 7: "SMPTE240M"}


def to_rgb(frame: Any) -> NDArray[np.uint8]:
    """A decoded frame as RGB uint8 (H, W, 3), by the matrix that it states."""
    # PyAV before 17 takes no matrix from a frame, and one that is given only beside another.
    matrix = _MATRICES.get(int(frame.colorspace))
    given = {"src_colorspace": matrix, "dst_colorspace": "DEFAULT"} if matrix else {}
    return np.asarray(frame.to_ndarray(format="rgb24", **given), np.uint8)


class VideoReader:
    """The pictures of a file, in the order in which they are shown.

    Colours are converted by the file's own matrix and range; pictures are turned upright; more than
    8 bits are cut to 8; interlaced ones are deinterlaced (bwdif, one picture for a frame). What was
    done is in `facts.notes`. Each iteration begins anew.

    Args:
        path: the file.
        threads: threads of the decoder.

    Raises:
        DatasetError: as `facts.describe`.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self.path = path
        self.facts: Facts = describe(path)
        self._threads = threads

    def __iter__(self) -> Iterator[Picture]:
        """Decode from the beginning.

        Raises:
            ImageError: a picture that is damaged or of another size, or an end that comes too
                early; the number of the picture is given, counted from 0.
        """
        count, time = 0, Fraction(0)
        step = 1 / self.facts.rate
        start: Fraction | None = None
        shape: tuple[int, ...] = ()
        for frame in self._decoded():
            image = self._upright(frame)
            if shape and image.shape != shape:
                raise self._changed(count, shape, image.shape)
            shape = image.shape
            stamp = None if frame.pts is None else frame.pts * Fraction(frame.time_base)
            if start is None:
                start = Fraction(0) if stamp is None else stamp
            else:
                later = stamp is not None and stamp - start > time
                time = stamp - start if later and stamp is not None else time + step
            yield Picture(image, time)
            count += 1
        self._check_end(count, time + step)

    def _decoded(self) -> Iterator[Any]:
        """Decoded frames, deinterlaced where they need it."""
        # Looked up now: a generator may end when the interpreter does.
        errors = (pyav().error.FFmpegError, OSError, ValueError)
        with opened(self.path) as (container, stream):
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            deinterlace: _Deinterlacer | None = None
            count = 0
            try:
                for frame in container.decode(stream):
                    if frame.is_corrupt and count == 0:
                        continue  # a recording that begins between two key frames
                    if frame.is_corrupt:
                        raise self._damaged(count, "the decoder had to invent a part of it")
                    if count == 0 and is_interlaced(stream, frame):
                        deinterlace = _Deinterlacer(stream)
                    count += 1
                    yield from (frame,) if deinterlace is None else deinterlace(frame)
                if deinterlace is not None:
                    yield from deinterlace(None)
            except ImageError:  # ours, and a ValueError
                raise
            except errors as error:
                raise self._damaged(count, f"FFmpeg says: {said(error)}") from error

    def _upright(self, frame: Any) -> NDArray[np.uint8]:
        return np.ascontiguousarray(np.rot90(to_rgb(frame), self.facts.rotation // 90), np.uint8)

    def _check_end(self, count: int, end: Fraction) -> None:
        facts = self.facts
        if not count:
            raise ImageError(f"{self.path}: not a single picture could be decoded; get it again")
        short = facts.seconds is not None and facts.seconds - float(end) > EARLY
        if short and (facts.frames is None or count < facts.frames):
            raise self._damaged(
                count, f"the file ends {float(end):.1f} s into {facts.seconds:.1f} s"
            )

    def _damaged(self, count: int, why: str) -> ImageError:
        stated = f" of {self.facts.frames}" if self.facts.frames else ""
        return ImageError(
            f"{self.path}: picture {count}{stated} is missing or damaged ({why}); get the file "
            f"again, or cut it there, as by ffmpeg -i IN -frames:v {count} OUT.mp4"
        )

    def _changed(self, count: int, before: tuple[int, ...], now: tuple[int, ...]) -> ImageError:
        return ImageError(
            f"{self.path}: picture {count} is {now[1]} x {now[0]} pixels and those before are "
            f"{before[1]} x {before[0]}, so that a box has another meaning from there on; give "
            "all the same size first, as by ffmpeg -i IN -vf "
            f"scale={before[1]}:{before[0]} OUT.mp4"
        )


class _Deinterlacer:
    """FFmpeg's bwdif: one whole picture for two fields, some frames late."""

    def __init__(self, stream: Any) -> None:
        av = pyav()
        self._av = av
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(template=stream)
        bwdif = self._graph.add("bwdif", "mode=send_frame:deint=all")
        sink = self._graph.add("buffersink")
        source.link_to(bwdif)
        bwdif.link_to(sink)
        self._graph.configure()

    def __call__(self, frame: Any | None) -> Iterator[Any]:
        self._graph.push(frame)
        while True:
            try:
                yield self._graph.pull()
            except (self._av.error.BlockingIOError, self._av.error.EOFError):
                return
