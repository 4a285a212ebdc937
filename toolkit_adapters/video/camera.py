"""The newest picture of a live source: whoever is slow misses pictures and never falls behind."""

from __future__ import annotations

import os
import re
import stat
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from toolkit_adapters.video.facts import pyav, said
from toolkit_adapters.video.reader import Picture, to_rgb

#: A source that gives nothing for so long is taken for dead, in seconds.
PATIENCE = 15.0
_LOOK = 0.2
_ADDRESS = re.compile(r"(rtsps?|rtmp|https?|udp|tcp|srt)://", re.IGNORECASE)
_DEVICE = re.compile(r"/dev/video(\d+)")

Images = Iterator[NDArray[np.uint8]]


def is_live(source: str) -> bool:
    """Whether a source is a camera: a number, a device, an address, or a pipe."""
    if source.isascii() and source.isdigit():
        return True
    if _ADDRESS.match(source) or _DEVICE.fullmatch(source):
        return True
    try:
        return stat.S_ISFIFO(os.stat(source).st_mode)
    except (OSError, ValueError):
        return False


class Camera:
    """Reads a live source in a thread and keeps its newest picture alone.

    A context manager and an iterator of `Picture`, which ends where the source does. A picture's
    time is that of its arrival.

    Args:
        source: `0` for the first camera, `/dev/video0`, `rtsp://...`, or a named pipe.
        images: where images come from instead, for tests and for cameras of one's own.

    Raises:
        DatasetError: there is no such camera, when it is entered or asked for a picture.
    """

    def __init__(self, source: str, images: Callable[[], Images] | None = None) -> None:
        self.source = source
        #: Pictures that arrived, and those that a newer one replaced before they were asked for.
        self.arrived = self.dropped = 0
        #: Asked while nothing comes: whoever waits can then be told to stop.
        self.should_stop: Callable[[], bool] = lambda: False
        self._images = images if images is not None else lambda: _open(source)
        self._start: float | None = None
        self._newest: Picture | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._stop = False
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="read camera", daemon=True)

    def _work(self) -> None:
        try:
            for image in self._images():
                now = time.perf_counter()
                self._start = now if self._start is None else self._start
                arrival = Fraction(now - self._start).limit_denominator(1_000_000)
                with self._changed:
                    self.arrived += 1
                    self.dropped += self._newest is not None
                    self._newest = Picture(image, arrival)
                    self._changed.notify()
                if self._stop:
                    break
        except Exception as error:  # whatever a driver raises is told where it is waited for
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def __iter__(self) -> Iterator[Picture]:
        """Give the newest picture, waiting for one that was not given before.

        Raises:
            DatasetError: the source cannot be read, or nothing comes any more.
        """
        if not self._thread.is_alive() and not self._ended:
            self._thread.start()
        while True:
            come, picture = self._wait()
            if self.should_stop():
                return
            if picture is not None:
                yield picture
                continue
            if self._error is not None:
                error = self._error
                if isinstance(error, DatasetError):
                    raise error
                raise DatasetError(f"{self.source}: {type(error).__name__}: {error}") from error
            if not come:
                raise DatasetError(
                    f"{self.source}: no picture for {PATIENCE:.0f} s; is the camera on, and not "
                    "in use by another program?"
                )
            return

    def age(self, picture: Picture) -> float:
        """Seconds since a picture arrived."""
        return time.perf_counter() - (self._start or 0.0) - float(picture.time)

    def _wait(self) -> tuple[bool, Picture | None]:
        """Whether something came in time, and the newest picture."""
        patient_until = time.monotonic() + PATIENCE
        with self._changed:
            while self._newest is None and not self._ended:
                if self.should_stop() or time.monotonic() > patient_until:
                    return False, None
                self._changed.wait(_LOOK)
            picture, self._newest = self._newest, None
            return True, picture

    def close(self) -> None:
        """End the thread, or leave it to its last picture where that does not come."""
        self._stop = True
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def __enter__(self) -> Camera:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _open(source: str) -> Images:
    device = _DEVICE.fullmatch(source)
    if source.isdigit() or device:
        yield from _by_opencv(source, int(device[1] if device else source))
    else:
        yield from _by_ffmpeg(source)


def _by_opencv(source: str, index: int) -> Images:
    capture = cv2.VideoCapture(index)
    try:
        if not capture.isOpened():
            raise DatasetError(
                f"{source}: no such camera, or it is in use, or not permitted; on Linux "
                "`ls /dev/video*` lists them, and your user must be in the group video"
            )
        while True:
            done, image = capture.read()
            if not done:
                return
            yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        capture.release()


def _by_ffmpeg(source: str) -> Images:
    av = pyav()
    options = {"flags": "low_delay", "analyzeduration": "1000000"}  # look ahead for a second
    if _ADDRESS.match(source):
        options["fflags"] = "nobuffer"  # begin with what comes now, not with what was probed
    if source.lower().startswith("rtsp"):
        options["rtsp_transport"] = "tcp"  # whole pictures; over UDP some arrive in parts
    try:
        container: Any = av.open(source, options=options, timeout=(PATIENCE, PATIENCE))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise DatasetError(
            f"{source}: cannot be opened (FFmpeg says: {said(error)}); is the address right, and "
            "does it play elsewhere?"
        ) from error
    try:
        if not container.streams.video:
            raise DatasetError(f"{source}: no pictures in it; expected a video stream")
        for frame in container.decode(container.streams.video[0]):
            yield np.ascontiguousarray(np.rot90(to_rgb(frame), frame.rotation // 90))
    except (av.error.FFmpegError, OSError) as error:
        raise DatasetError(f"{source}: the stream broke (FFmpeg says: {said(error)})") from error
    finally:
        container.close()
