"""An executable that speaks the TraX protocol, in any language, as a tracker.

`trax = "command"` in a `trackers.toml` makes one. The toolkit's own client talks to it, in one
process a sequence. It reads each frame from a file, so the frame is written into a temporary folder
first; an update's time holds that, and the way through the pipe.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import FamilyError, MissingDependencyError


class TraxTracker:
    """Starts the executable anew for every target.

    Args:
        command: as in a shell; a first word that is a file below `root` is that file.
        root: folder of the tracker.
        seconds: that it may take for an answer.

    Raises:
        MissingDependencyError: the vot-toolkit is not installed.
        FamilyError: there is no such executable.
    """

    def __init__(self, command: str, root: str, seconds: float = 60.0) -> None:
        try:
            import trax  # noqa: F401
            from vot.tracker.trax import TrackerProcess
        except (ImportError, OSError) as error:  # OSError: libtrax.so cannot be loaded
            raise MissingDependencyError.of(ImportError(str(error), name="vot"), "vot") from error
        self.file, words = executable(command, Path(root))
        self._command = shlex.join([str(self.file), *words])
        self._seconds = seconds
        self._kind = TrackerProcess
        self._said: list[str] = []  # since the last answer
        self._process: Any = None
        self._folder = tempfile.TemporaryDirectory(prefix="hit-trackers-trax-")
        self._running: list[Any] = []
        # The client watches its process from a thread that would keep Python from ending.
        threading.Thread(target=_end_with_main, args=(self._running,), daemon=True).start()
        weakref.finalize(self, _end, self._running)

    def init(self, image: NDArray[np.uint8], box: NDArray[np.float64]) -> None:
        """Start the executable on a target: RGB (H, W, 3), and x, y, w, h."""
        from vot.region import Rectangle
        from vot.tracker import ObjectStatus

        self.close()
        target = [ObjectStatus(Rectangle(*(float(side) for side in box)), {})]
        # In two steps, as the first word of the executable may never come.
        self._process = self._kind.__new__(self._kind)
        with self._watched():
            self._process.__init__(self._command, {"TRAX": "1"}, log=self._said.append)
            self._running.append(self._process)
            self._process.initialize(self._frame(image), target)

    def update(self, image: NDArray[np.uint8]) -> tuple[list[float], float]:
        """The executable's answer: x, y, w, h, and its confidence where it states one."""
        if self._process is None:
            raise FamilyError("the executable is not running; init comes before update")
        frame = self._frame(image)
        with self._watched():
            objects, _ = self._process.update(frame, [])
        if not objects:
            return [float("nan")] * 4, float("nan")
        region = objects[0].region
        if not hasattr(region, "width"):  # a polygon or a mask
            from vot.region import RegionType

            region = region.convert(RegionType.RECTANGLE)
        confidence = dict(objects[0].properties).get("confidence", "nan")
        return [region.x, region.y, region.width, region.height], float(confidence)

    def close(self) -> None:
        """End the executable."""
        _end(self._running)
        self._process = None

    def _frame(self, image: NDArray[np.uint8]) -> _Frame:
        import cv2

        path = Path(self._folder.name, "frame.bmp")  # no time for compression
        cv2.imwrite(str(path), image[..., ::-1])
        return _Frame(str(path))

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Kill the executable where it takes too long, and put what it does wrong into words.

        The toolkit's own watch begins a tenth of a second after the process, and then only once it
        has said hello.
        """
        late = threading.Event()

        def end(process: Any = self._process) -> None:
            late.set()
            if (running := getattr(process, "_process", None)) is not None:
                running.kill()

        timer = threading.Timer(self._seconds, end)
        timer.start()
        try:
            yield
        except Exception as error:
            said = [line for line in "".join(self._said).splitlines() if "@@TRAX" not in line]
            what = f"{type(error).__name__}: {error}"
            what = f"no answer in {self._seconds:g} s" if late.is_set() else what
            last = f"; it said: {said[-1][:200]}" if said else ""
            raise FamilyError(f"{self._command}: {what}{last}") from error
        finally:
            timer.cancel()
            self._said.clear()


class _Frame:
    """What the toolkit's client asks of a frame."""

    def __init__(self, path: str) -> None:
        self._path = path

    def filename(self, channel: str = "color") -> str | None:
        return self._path if channel == "color" else None


def executable(command: str, root: Path) -> tuple[Path, list[str]]:
    """The file that a command starts, and the other words of it.

    Raises:
        FamilyError: there is none.
    """
    words = shlex.split(command)
    found = None
    if words and (root / words[0]).is_file():
        found = str((root / words[0]).resolve())
    elif words:
        found = shutil.which(words[0])
    if found is None:
        raise FamilyError(
            f"trax = {command!r}: neither a file below {root} nor a program on the search path"
        )
    # Arguments that are files of the tracker's: it runs in a folder of its own.
    rest = [str((root / w).resolve()) if (root / w).is_file() else w for w in words[1:]]
    return Path(found), rest


def _end(processes: list[Any]) -> None:
    while processes:
        processes.pop().terminate()


def _end_with_main(processes: list[Any]) -> None:
    threading.main_thread().join()
    _end(processes)
