"""A Ray cluster: one actor per GPU (or few CPUs), outcomes sent back to the command."""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hit_trackers.errors import HitTrackersError, MissingDependencyError, SchedulerError
from toolkit_adapters.running.jobs import Job
from toolkit_adapters.running.passes import Outcome
from toolkit_adapters.running.scheduling.base import (
    ATTEMPTS,
    Description,
    Progress,
    Scheduler,
    Setup,
    Watch,
    died,
    longest_first,
    measure,
    require_alike,
    run_job,
    set_up,
)

#: Seconds between two looks at what the actors do.
POLL_SECONDS = 0.5
#: Seconds that a cluster may take to give the first actor its place.
START_SECONDS = 600.0
#: Variables of this process that decide what an actor finds.
_FORWARDED = ("HIT_CHECKPOINTS", "HIT_TRACKERS_CACHE", "HIT_TRACKERS_OWN")


class RemoteWorker:
    """What runs in an actor. `frames` answers while `run` is at work, in a thread of its own."""

    def __init__(self, setup: Setup, folder: str) -> None:
        """`folder`: where the command runs; relative paths of roots and checkpoints start there."""
        self.setup = setup
        self.done = 0
        with contextlib.suppress(OSError):  # all paths may be absolute
            os.chdir(folder)

    def describe(self) -> tuple[Description | str, str]:
        """Load everything; the description, or why there is none, and where this is."""
        import ray

        node = f"node {ray.get_runtime_context().get_node_id()} ({platform.node()})"
        try:
            self.worker, self.description = set_up(self.setup)
        except HitTrackersError as error:
            return str(error), node
        return self.description, node

    def run(self, job: Job, shared: bool) -> Outcome:
        """One job, never raising."""
        self.done = 0
        return run_job(self.worker, job, shared=shared, on_frame=self._count)

    def _count(self) -> None:
        self.done += 1

    def frames(self) -> int:
        """Frames of the current job that are done."""
        return self.done

    def measure(self, name: str) -> dict[str, Any]:
        """Peak memory of a tracker in a new process beside this one."""
        return measure(self.setup, self.description.requested[name])


@dataclass(eq=False)
class _Hand:
    """The command's hold on one actor: what it was asked last, and about its progress."""

    actor: Any
    node: str = ""  # empty until it has described itself
    job: Job | None = None
    asked: Any = None
    progress: Any = None


class RayScheduler(Scheduler):
    """Gives jobs to actors, longest first; the sequences of a lost node are run again."""

    def __init__(
        self, setup: Setup, workers: int | None, address: str | None, cpus_per_worker: int
    ) -> None:
        super().__init__(setup)
        self._ray = _import_ray()
        self._started = not self._ray.is_initialized()
        if self._started:
            self._connect(address)
        gpus = _gpus(setup.options.device)
        # An actor has its GPU to itself; whether others use its node's cores it cannot know.
        self.shared = not gpus
        self._hands: list[_Hand] = []
        try:
            self._actor = self._actor_class(cpus_per_worker, gpus)
            count = workers or self._room(cpus_per_worker, gpus)
            self._hands = [self._hire() for _ in range(count)]
            self.description = self._first_description()
        except BaseException:
            self.close()
            raise

    def _connect(self, address: str | None) -> None:
        try:
            self._ray.init(
                address=address,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **({} if address else {"include_dashboard": False}),
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise SchedulerError(
                f"--address {address}: no Ray cluster answers there ({error}); "
                "`ray start --head` starts one, without --address it starts here"
            ) from error

    def _actor_class(self, cpus: int, gpus: int) -> Any:
        variables = {name: os.environ[name] for name in _FORWARDED if name in os.environ}
        remote = self._ray.remote(
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=0,
            concurrency_groups={"progress": 1},
            # Without an environment of their own, workers that Ray holds ready are taken.
            **({"runtime_env": {"env_vars": variables}} if variables else {}),
        )
        return remote(RemoteWorker)

    def _room(self, cpus: int, gpus: int) -> int:
        has = self._ray.cluster_resources()
        room = int(has.get("GPU", 0)) if gpus else int(has.get("CPU", 0)) // cpus
        if not room:
            raise SchedulerError(
                f"the cluster has no room for a worker: it has {has.get('GPU', 0):g} GPUs and "
                f"{has.get('CPU', 0):g} CPUs, a worker takes {gpus} and {cpus}"
            )
        return room

    def _hire(self) -> _Hand:
        hand = _Hand(self._actor.remote(self.setup, os.getcwd()))
        hand.asked = hand.actor.describe.remote()
        return hand

    def _first_description(self) -> Description:
        deadline = time.monotonic() + START_SECONDS
        asked = {hand.asked: hand for hand in self._hands}
        while asked and time.monotonic() < deadline:
            ready, _ = self._ray.wait(list(asked), timeout=POLL_SECONDS)
            for reference in ready:
                try:
                    answer, _ = self._ray.get(reference)
                except self._ray.exceptions.RayError:
                    asked.pop(reference)
                    continue
                if isinstance(answer, str):
                    raise SchedulerError(answer)
                description: Description = answer
                return description
        raise SchedulerError("the cluster started no worker; `ray status` says what it waits for")

    def run(self, jobs: Iterable[Job], watch: Watch) -> Iterator[tuple[Job, Outcome]]:
        """As `Scheduler.run`."""
        queue = deque(longest_first(jobs))
        deaths: Counter[int] = Counter()
        while not watch.should_stop():
            self._begin(queue)
            if not queue and not any(hand.job for hand in self._hands):
                return
            asked = {hand.asked: hand for hand in self._hands if hand.asked is not None}
            ready, _ = self._ray.wait(list(asked), num_returns=1, timeout=POLL_SECONDS)
            for reference in ready:
                hand = asked[reference]
                job, hand.asked = hand.job, None
                try:
                    answer = self._ray.get(reference)
                except self._ray.exceptions.RayError as error:
                    self._replace(hand)
                    if job is None:
                        continue
                    watch.on_frames(job, 0)
                    deaths[id(job)] += 1
                    how = f"({_first_line(error)})"
                    if deaths[id(job)] >= ATTEMPTS:
                        yield job, died(job, how)
                    else:
                        watch.say(
                            f"a worker is lost {how}; {job.dataset.name}/{job.sequence} begins anew"
                        )
                        queue.appendleft(job)
                    continue
                if job is None:
                    self._welcome(hand, answer)
                else:
                    hand.job = None
                    yield job, answer
            self._ask_progress(watch.on_frames)

    def _begin(self, queue: deque[Job]) -> None:
        for hand in self._hands:
            if queue and hand.node and hand.job is None:
                hand.job = queue.popleft()
                hand.asked = hand.actor.run.remote(hand.job, self.shared)

    def _welcome(self, hand: _Hand, answer: tuple[Description | str, str]) -> None:
        description, node = answer
        if isinstance(description, str):
            raise SchedulerError(f"the worker on {node} cannot load: {description}")
        require_alike(self.description, description, f"on {node}")
        hand.node = node

    def _replace(self, hand: _Hand) -> None:
        """Ask for another actor in place of a lost one; it waits until the cluster has room."""
        self._ray.kill(hand.actor)
        self._hands.remove(hand)
        self._hands.append(self._hire())

    def _ask_progress(self, on_frames: Progress) -> None:
        for hand in self._hands:
            if hand.job is None:
                hand.progress = None
                continue
            if hand.progress is not None:
                if not self._ray.wait([hand.progress], timeout=0)[0]:
                    continue
                try:
                    on_frames(hand.job, min(self._ray.get(hand.progress), hand.job.frames))
                except self._ray.exceptions.RayError:
                    continue  # its loss is noticed by what it was asked to run
            hand.progress = hand.actor.frames.options(concurrency_group="progress").remote()

    def measure(self, name: str) -> dict[str, Any]:
        """As `Scheduler.measure`, on a worker: this machine may have no GPU."""
        hand = next((hand for hand in self._hands if hand.node), None)
        if hand is None:
            return super().measure(name)
        try:
            peaks: dict[str, Any] = self._ray.get(hand.actor.measure.remote(name))
            return peaks
        except self._ray.exceptions.RayError as error:
            raise SchedulerError(f"measuring the memory of {name}: {_first_line(error)}") from error

    def close(self) -> None:
        """End all actors, and the cluster where it was started here."""
        for hand in self._hands:
            self._ray.kill(hand.actor)
        if self._started:
            self._ray.shutdown()


def _gpus(device: str) -> int:
    if device not in ("cpu", "cuda"):
        raise SchedulerError(
            f"--device {device} with --on ray: expected cpu or cuda; Ray gives each worker "
            "one GPU, and it sees no other"
        )
    return 1 if device == "cuda" else 0


def _import_ray() -> Any:
    # Nothing of a run is anybody else's business.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise MissingDependencyError(
            "--on ray needs Ray: pip install hit-trackers[ray], on all nodes"
        ) from None
    return ray


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
