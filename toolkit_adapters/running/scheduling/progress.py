"""One bar for any number of workers."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import TracebackType

from tqdm import tqdm

from toolkit_adapters.running.jobs import Job


class ProgressBar:
    """Frames done of all jobs; a context manager."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        jobs = list(jobs)
        self._frames: dict[int, int] = {}
        self._bar = tqdm(
            total=sum(job.frames for job in jobs),
            unit="frame",
            dynamic_ncols=True,
            disable=not jobs,
            # A log file is no terminal: a line every now and then is enough.
            mininterval=0.1 if sys.stderr.isatty() else 10.0,
        )

    def frames(self, job: Job, frames: int) -> None:
        """`frames` of this job are done; fewer than before where it began anew."""
        self._bar.set_description(f"{job.dataset.name}/{job.sequence}", refresh=False)
        self._bar.update(frames - self._frames.get(id(job), 0))
        self._frames[id(job)] = frames

    def end(self, job: Job) -> None:
        """The job ended, in whatever way."""
        self.frames(job, job.frames)

    def say(self, message: str) -> None:
        """Print a line above the bar."""
        self._bar.write(message, file=sys.stderr)

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
