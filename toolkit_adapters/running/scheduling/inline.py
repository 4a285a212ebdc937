"""One worker: this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count

from toolkit_adapters.running.jobs import Job
from toolkit_adapters.running.passes import Interrupted, Outcome
from toolkit_adapters.running.scheduling.base import (
    Progress,
    Scheduler,
    Setup,
    Watch,
    run_job,
    set_up,
)


class InlineScheduler(Scheduler):
    """Runs one job after the other, in the order given; nothing else runs beside it."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._worker, self.description = set_up(setup)

    def run(self, jobs: Iterable[Job], watch: Watch) -> Iterator[tuple[Job, Outcome]]:
        """As `Scheduler.run`."""
        for job in jobs:
            frames = count(1)
            try:
                outcome = run_job(
                    self._worker,
                    job,
                    on_frame=partial(_tell, watch.on_frames, job, frames),
                    should_stop=watch.should_stop,
                )
            except Interrupted:
                return
            yield job, outcome


def _tell(on_frames: Progress, job: Job, frames: Iterator[int]) -> None:
    on_frames(job, next(frames))
