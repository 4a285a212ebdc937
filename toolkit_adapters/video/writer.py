"""H.264 into a file that is complete or not there."""

from __future__ import annotations

import abc
import contextlib
import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import RecordError
from toolkit_adapters.video.facts import pyav, said

#: Containers that hold H.264, by suffix.
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
#: Suffix of a file being written, as `records.files` has it.
_TEMPORARY = ".hit-trackers-partial"
#: Ticks a second of the written clock: a multiple of all usual rates, and finer than any.
_CLOCK = 90_000
_BT709 = 1


def require_writable(path: Path) -> None:
    """Raise unless a video may be written under this name.

    Raises:
        RecordError: another suffix than of a container for H.264, a folder, or one that is missing.
    """
    if path.suffix.lower() not in FORMATS:
        raise RecordError(
            f"{path}: expected a name in {', '.join(FORMATS)}; .mp4 plays in every browser"
        )
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise RecordError(f"{path}: cannot be written; expected a file in a folder that is there")


_Writer = TypeVar("_Writer", bound="Writer")


class Writer(abc.ABC):
    """Something that writes a file; a context manager.

    The file is finished where the block ends well, or by Ctrl-C, and given up after any other
    exception.
    """

    @abc.abstractmethod
    def close(self) -> None:
        """Finish the file."""

    @abc.abstractmethod
    def discard(self) -> None:
        """Give the file up; what had its name before stays."""

    def __enter__(self: _Writer) -> _Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.close()
        else:
            self.discard()


class VideoWriter(Writer):
    """Encodes RGB images as H.264, 8 bits, yuv420p, BT.709: what every browser plays.

    The file is written beside its name and renamed by `close`, so that nothing half-written has
    that name. What was encoded until Ctrl-C plays.

    H.264 has sizes of even numbers only: an odd one gets its last row or column once more.

    Args:
        path: where the file goes; its suffix says the container (`FORMATS`).
        rate: pictures a second, for those that are given no time.
        aspect: width over height of one pixel.
        quality: constant rate factor of x264; less is better, 51 the worst.
        preset: of x264. The quickest takes a third of the time of "veryfast", and the file is a
            third larger.
        threads: of the encoder; 0 leaves it to x264.

    Raises:
        RecordError: as `require_writable`.
        MissingDependencyError: PyAV is not installed.
    """

    def __init__(
        self,
        path: Path,
        rate: Fraction,
        *,
        aspect: Fraction = Fraction(1),
        quality: int = 21,
        preset: str = "ultrafast",
        threads: int = 0,
    ) -> None:
        require_writable(path)
        self._av = pyav()
        self.path = path
        self.frames = 0
        self._rate, self._aspect = rate, aspect
        # Without B frames the order of decoding is that of showing, whatever the times are.
        self._options = {"crf": str(quality), "preset": preset, "bf": "0"}
        self._threads = threads
        for abandoned in path.absolute().parent.glob(f".{_escaped(path.name)}.[0-9]*{_TEMPORARY}"):
            abandoned.unlink(missing_ok=True)
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}{_TEMPORARY}")
        self._container: Any = None
        self._stream: Any = None
        self._last = -1
        self._size = (0, 0)

    def write(self, image: NDArray[np.uint8], time: Fraction | None = None) -> None:
        """Encode one picture.

        Args:
            image: RGB uint8 (H, W, 3); all of one file are of one size.
            time: seconds since the first; None: at the rate of the file.

        Raises:
            RecordError: it cannot be written, as where the disk is full.
        """
        height, width = image.shape[:2]
        try:
            if self._container is None:
                self._open(width, height)
            if self._size != (width, height):
                raise RecordError(
                    f"{self.path}: picture {self.frames} is {width} x {height}, expected "
                    f"{self._size[0]} x {self._size[1]} as of those before"
                )
            if height % 2 or width % 2:
                image = np.asarray(
                    cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE),
                    np.uint8,
                )
            frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709")
            at = self.frames / self._rate if time is None else time
            # A clock that stands still would make the file unplayable.
            self._last = max(self._last + 1, round(at * _CLOCK))
            frame.pts, frame.time_base = self._last, Fraction(1, _CLOCK)
            frame.duration = round(_CLOCK / self._rate)
            self._container.mux(self._stream.encode(frame))
        except (self._av.error.FFmpegError, OSError) as error:
            raise self._unwritable(error) from error
        self.frames += 1

    def _open(self, width: int, height: int) -> None:
        kind = FORMATS[self.path.suffix.lower()]
        # The table of contents in front: a browser can then begin before it has all.
        options = {"movflags": "+faststart"} if kind != "matroska" else {}
        self._container = self._av.open(str(self._temporary), "w", format=kind, options=options)
        stream = self._container.add_stream("libx264", rate=self._rate, options=self._options)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, _CLOCK)
        stream.codec_context.thread_count = self._threads
        stream.codec_context.colorspace = _BT709
        stream.codec_context.color_primaries = _BT709
        stream.codec_context.color_trc = _BT709
        stream.codec_context.color_range = 1  # limited, as television has it
        if self._aspect != 1:
            stream.codec_context.sample_aspect_ratio = self._aspect
        self._stream, self._size = stream, (width, height)

    def close(self) -> None:
        """Finish the file and give it its name; without a picture there is none.

        Raises:
            RecordError: it cannot be written.
        """
        if self._container is None:
            return
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._container = None
            os.replace(self._temporary, self.path)
        except (self._av.error.FFmpegError, OSError) as error:
            self.discard()
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Give the file up; what had its name before stays."""
        with contextlib.suppress(self._av.error.FFmpegError, OSError):
            if self._container is not None:
                self._container.close()
        self._container = None
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)

    def _unwritable(self, error: Exception) -> RecordError:
        return RecordError(
            f"{self.path}: cannot be written ({said(error)}); make room or choose another place"
        )


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
