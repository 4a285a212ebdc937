"""Several processes on this machine, each with its own GPU or cores."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from hit_trackers.errors import HitTrackersError, SchedulerError
from toolkit_adapters.running.jobs import Job
from toolkit_adapters.running.passes import Interrupted, Outcome
from toolkit_adapters.running.scheduling.base import (
    ATTEMPTS,
    Scheduler,
    Setup,
    Watch,
    died,
    longest_first,
    require_alike,
    run_job,
    set_up,
)
from toolkit_adapters.running.scheduling.places import Place, places, shared_devices

#: CUDA does not survive a fork, so workers start from nothing.
PROCESSES: Any = multiprocessing.get_context("spawn")
#: Seconds between a worker's messages about its progress.
PROGRESS_SECONDS = 0.2


class LocalScheduler(Scheduler):
    """Worker processes that get jobs through pipes and send outcomes back, longest first."""

    def __init__(self, setup: Setup, workers: int) -> None:
        super().__init__(setup)
        found = places(workers, setup.options.device)
        crowded = shared_devices(found)
        self.shared = bool(crowded)
        self._crews: list[_Crew] = []
        try:
            self._crews += [_Crew(setup, place, place.device in crowded) for place in found]
            descriptions = [crew.describe() for crew in self._crews]
            self.description = descriptions[0]
            for crew, description in zip(self._crews, descriptions, strict=True):
                require_alike(self.description, description, f"on {crew.place.device}")
        except BaseException:
            self.close()
            raise

    def run(self, jobs: Iterable[Job], watch: Watch) -> Iterator[tuple[Job, Outcome]]:
        """As `Scheduler.run`."""
        queue = deque(longest_first(jobs))
        deaths: Counter[tuple[str, str]] = Counter()
        while not watch.should_stop():
            for crew in self._crews:
                if crew.job is None and queue:
                    crew.begin(queue.popleft())
            busy = {crew.connection: crew for crew in self._crews if crew.job is not None}
            if not busy:
                return
            for connection in wait(list(busy), timeout=PROGRESS_SECONDS):
                crew = busy[connection]
                job = crew.job
                assert job is not None
                try:
                    content = crew.connection.recv()
                except (EOFError, OSError):
                    how = crew.restart()
                    watch.on_frames(job, 0)
                    deaths[job.dataset.name, job.sequence] += 1
                    if deaths[job.dataset.name, job.sequence] >= ATTEMPTS:
                        yield job, died(job, how)
                    else:
                        watch.say(
                            f"a worker died ({how}); {job.dataset.name}/{job.sequence} begins anew"
                        )
                        queue.appendleft(job)
                    continue
                if isinstance(content, Outcome):
                    crew.job = None
                    yield job, content
                else:
                    watch.on_frames(job, content)

    def close(self) -> None:
        """Kill all workers: they write nothing, so nothing can be left half-written."""
        for crew in self._crews:
            crew.kill()


class _Crew:
    """The command's end of one worker process, replaced when it dies."""

    def __init__(self, setup: Setup, place: Place, shared: bool) -> None:
        self.setup = setup
        self.place = place
        self.shared = shared
        self.job: Job | None = None
        self._start()

    def _start(self) -> None:
        self.connection, theirs = PROCESSES.Pipe()
        self.process = PROCESSES.Process(
            target=serve,
            args=(theirs, self.connection, self.setup, self.place),
            name="hit-trackers worker",
            daemon=True,
        )
        self.process.start()
        theirs.close()

    def describe(self) -> Any:
        """Wait until everything is loaded.

        Raises:
            SchedulerError: the process died, or a tracker cannot be loaded.
        """
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            raise SchedulerError(
                f"a worker on {self.place.device} died while loading ({self.kill()}); "
                "try fewer --workers"
            ) from None
        if isinstance(answer, HitTrackersError):
            raise answer
        return answer

    def begin(self, job: Job) -> None:
        self.job = job
        # A worker that died idle is noticed here or by the next recv: both begin the job anew.
        with contextlib.suppress(OSError):
            self.connection.send((job, self.shared))

    def restart(self) -> str:
        """Replace a dead process; returns how it died."""
        how = self.kill()
        self.job = None
        self._start()
        self.describe()
        return how

    def kill(self) -> str:
        """Make sure that the process has ended; returns how it ended."""
        self.connection.close()
        self.process.join(timeout=1)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        code = self.process.exitcode or 0
        if code < 0:
            hint = ", perhaps for lack of memory" if code == -signal.SIGKILL else ""
            return f"by {signal.Signals(-code).name}{hint}"
        return f"with exit status {code}"


def serve(connection: Connection, theirs: Connection, setup: Setup, place: Place) -> None:
    """Body of a worker process: jobs in, frame counts and outcomes out, until the pipe closes."""
    # A forked process holds the command's end too, and would never see it close.
    theirs.close()
    # Ctrl-C goes to the whole group; the command decides what it means.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    place.take()
    with contextlib.suppress(EOFError, OSError):  # the command is gone
        try:
            worker, description = set_up(setup)
        except HitTrackersError as error:
            connection.send(type(error)(str(error)))
            return
        connection.send(description)
        while True:
            job, shared = connection.recv()
            reporter = _Reporter(connection)
            try:
                outcome = run_job(
                    worker, job, shared=shared, on_frame=reporter, should_stop=connection.poll
                )
            except Interrupted:
                return
            connection.send(outcome)


class _Reporter:
    """Counts frames and sends the count now and then: a message per frame would cost too much."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.frames = 0
        self.sent = time.monotonic()

    def __call__(self) -> None:
        self.frames += 1
        now = time.monotonic()
        if now - self.sent >= PROGRESS_SECONDS:
            self.sent = now
            self.connection.send(self.frames)
