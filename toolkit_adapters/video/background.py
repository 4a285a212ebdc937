"""Drawing and writing in a thread of its own, so that neither holds up a tracker."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from toolkit_adapters.video.writer import VideoWriter, Writer

#: Makes the image to be written.
Draw = Callable[[], NDArray[np.uint8]]


class BackgroundWriter(Writer):
    """A `VideoWriter` behind a queue, for pictures that are drawn when their turn comes.

    A file waits where the queue is full. A live source must not: then the picture is left out of
    the file, and counted.

    Args:
        writer: opened here, closed here.
        live: leave out instead of waiting.
        depth: pictures that may wait.
    """

    def __init__(self, writer: VideoWriter, *, live: bool = False, depth: int = 8) -> None:
        self.writer = writer
        #: Pictures that were left out, as the writer could not keep up.
        self.dropped = 0
        self._live = live
        self._queue: queue.Queue[tuple[Draw, Fraction | None] | None] = queue.Queue(depth)
        #: What went wrong while drawing or writing; nothing is written after it.
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="write video", daemon=True)
        self._thread.start()

    def put(self, draw: Draw, time: Fraction | None = None) -> None:
        """Let a picture be drawn and written; see `VideoWriter.write`.

        Raises:
            RecordError: an earlier one could not be written.
        """
        if self.error is not None:
            raise self.error
        try:
            self._queue.put((draw, time), block=not self._live)
        except queue.Full:
            self.dropped += 1

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            if self.error is not None:
                continue  # nobody may wait for ever on a full queue
            draw, time = task
            try:
                self.writer.write(draw(), time)
            except BaseException as error:
                self.error = error

    def close(self) -> None:
        """Write what waits, finish the file.

        Raises:
            RecordError: something could not be written; the file is removed.
        """
        self._end()
        if self.error is not None:
            self.writer.discard()
            raise self.error
        self.writer.close()

    def _end(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def discard(self) -> None:
        """As `Writer.discard`."""
        self._end()
        self.writer.discard()
