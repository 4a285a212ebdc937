"""Passes in several processes, each with its own trackers; records come back to be written here.

A process that is killed costs only the passes it was in: they are run again in a new pool.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any

from toolkit_adapters.jobs import Job
from toolkit_adapters.provenance import Options
from toolkit_adapters.runner import Interrupted, Outcome
from toolkit_adapters.worker import Worker

#: Forking would copy a CUDA context and OpenCV's threads, neither of which survives it.
START_METHOD = "spawn"
#: A pass that has lost its process so often is given up: it is probably what kills it.
ATTEMPTS = 3
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Team:
    """What every process of a pool is started with."""

    options: Options
    checkpoints: Mapping[str, str]
    size: int
    devices: int  # GPUs to spread over; 0 on a CPU

    @property
    def shared(self) -> bool:
        """Whether some of them time their trackers on one device."""
        return self.size > max(1, self.devices)


def make_team(options: Options, checkpoints: Mapping[str, str], size: int) -> Team:
    """A team of `size` processes, spread over all GPUs where the device is plain `cuda`."""
    devices = 0
    if options.device == "cuda":
        import torch

        devices = torch.cuda.device_count()
    elif options.device != "cpu":
        devices = 1
    return Team(options, checkpoints, size, devices)


class _Process:
    """State of one process of the pool."""

    worker: Worker
    shared: bool
    frames: Any
    stop: Any


def _follow(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _start(team: Team, number: Any, frames: Any, stop: Any) -> None:
    # A driver that is killed must not leave its processes behind.
    parent = multiprocessing.parent_process()
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    # Ctrl-C reaches the whole group; the driver decides what to do about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with number.get_lock():
        index = number.value
        number.value += 1
    options = team.options
    if team.devices > 1:
        options = replace(options, device=f"cuda:{index % team.devices}")
    _Process.worker = Worker(options, team.checkpoints)
    _Process.shared = team.shared
    _Process.frames = frames
    _Process.stop = stop


def _run(job: Job) -> Outcome:
    process = _Process
    for name in job.identities:
        if name not in process.worker.entrants:
            process.worker.load(name)

    def count() -> None:
        with process.frames.get_lock():
            process.frames.value += 1

    return process.worker.run(
        job, shared=process.shared, on_frame=count, should_stop=process.stop.is_set
    )


def in_processes(
    team: Team,
    todo: Sequence[Job],
    *,
    on_frame: Callable[[int], object],
    should_stop: Callable[[], bool],
) -> Iterator[tuple[Job, Outcome]]:
    """Run jobs, the longest first, and yield each as it is done, in any order.

    Ends early, without the passes in hand, once `should_stop` says so.
    """
    remaining = sorted(todo, key=lambda job: -job.frames)
    lost: Counter[tuple[str, str]] = Counter()
    while remaining and not should_stop():
        for job, outcome in _one_pool(team, remaining, on_frame, should_stop):
            if outcome is None:
                lost[job.dataset.name, job.sequence] += 1
                if lost[job.dataset.name, job.sequence] < ATTEMPTS:
                    continue
                message = f"its process was killed {ATTEMPTS} times; is there enough memory?"
                outcome = Outcome(failures=dict.fromkeys(job.identities, message))
            remaining.remove(job)
            yield job, outcome


def _one_pool(
    team: Team,
    todo: Sequence[Job],
    on_frame: Callable[[int], object],
    should_stop: Callable[[], bool],
) -> Iterator[tuple[Job, Outcome | None]]:
    """Yield until all is done or a process dies; None for the passes that were in hand then."""
    context = multiprocessing.get_context(START_METHOD)
    frames, stop = context.Value("q", 0), context.Event()
    pool = ProcessPoolExecutor(
        team.size, context, _start, (team, context.Value("i", 0), frames, stop)
    )
    waiting = list(reversed(todo))
    running: dict[Future[Outcome], Job] = {}
    seen = 0
    try:
        while (waiting or running) and not should_stop():
            # No more than there are processes: what is not begun is not lost with one.
            while waiting and len(running) < team.size:
                job = waiting.pop()
                running[pool.submit(_run, job)] = job
            done, _ = wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            on_frame(frames.value - seen)
            seen = frames.value
            for future in done:
                job = running.pop(future)
                yield job, future.result()
    except BrokenProcessPool:
        yield job, None
        for job in running.values():
            yield job, None
    except Interrupted:
        return
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
