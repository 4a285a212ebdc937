"""What all schedulers have in common: what they load, what they say of it, how a job ends."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from hit_trackers.errors import HitTrackersError, SchedulerError
from hit_trackers.variants import Variant
from toolkit_adapters.records.provenance import Machine, Options, describe_machine
from toolkit_adapters.records.sources import changed
from toolkit_adapters.running import memory
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.running.jobs import Job
from toolkit_adapters.running.passes import Interrupted, Outcome
from toolkit_adapters.running.timing import clock
from toolkit_adapters.running.worker import Worker, checkpoint_of

#: A sequence whose worker died this often is given up.
ATTEMPTS = 3

Progress = Callable[[Job, int], object]


@dataclass(frozen=True)
class Setup:
    """What every worker of a run loads, and how."""

    options: Options
    trackers: tuple[str, ...]
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    controls: bool = True
    optional: frozenset[str] = frozenset()  # trackers that are left out where they cannot be loaded


@dataclass(frozen=True)
class Description:
    """A worker's answer to a setup; those of one run must be equal."""

    machine: Machine
    requested: Mapping[str, Variant]
    controls: Mapping[str, Variant]
    problems: tuple[str, ...] = field(default=(), compare=False)
    left_out: Mapping[str, str] = field(default_factory=dict, compare=False)  # and why
    seconds: Mapping[str, float] = field(default_factory=dict, compare=False)  # to load each


@dataclass(frozen=True)
class Watch:
    """What a scheduler calls while it runs.

    Attributes:
        on_frames: called with the number of frames of a job that are done; fewer than before
            when a job is run again.
        should_stop: asked often.
        say: called with what a user should know, such as a lost worker.
    """

    on_frames: Progress
    should_stop: Callable[[], bool]
    say: Callable[[str], object]


class Scheduler(abc.ABC):
    """Runs jobs, some of them at a time. A context manager: leaving it ends all workers."""

    #: What all workers loaded.
    description: Description
    #: Whether some of them share a device, so that their times mean little.
    shared = False

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    @abc.abstractmethod
    def run(self, jobs: Iterable[Job], watch: Watch) -> Iterator[tuple[Job, Outcome]]:
        """Yield jobs as they end; when asked to stop, end early without the current ones.

        Raises:
            SchedulerError: no worker can be had any more.
        """

    def measure(self, name: str) -> dict[str, Any]:
        """Peak memory of a loaded tracker, as `memory.measure`."""
        return measure(self.setup, self.description.requested[name])

    def close(self) -> None:
        """End all workers."""
        return

    def __enter__(self) -> Scheduler:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def set_up(setup: Setup) -> tuple[Worker, Description]:
    """Load everything in this process.

    Raises:
        HitTrackersError: a tracker cannot be loaded that is not optional, or none at all.
    """
    worker = Worker(setup.options, setup.checkpoints)
    requested: dict[str, Entrant] = {}
    seconds: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for name in setup.trackers:
        start = clock()
        try:
            entrant = worker.load(name)
        except (HitTrackersError, RuntimeError) as error:
            last = name == setup.trackers[-1] and not requested
            if name not in setup.optional or last:
                raise
            left_out[name] = " ".join(str(error).split())
            continue
        requested[entrant.name] = entrant
        seconds[entrant.name] = clock() - start
    controls, problems = worker.load_controls() if setup.controls else ({}, [])
    loaded = (*requested.values(), *controls.values())
    machine = describe_machine(setup.options, {e.variant.family for e in loaded})
    return worker, Description(
        machine,
        _variants(requested),
        _variants(controls),
        problems=tuple(problems),
        left_out=left_out,
        seconds=seconds,
    )


def _variants(entrants: Mapping[str, Entrant]) -> dict[str, Variant]:
    return {name: entrant.variant for name, entrant in entrants.items()}


def run_job(
    worker: Worker,
    job: Job,
    *,
    shared: bool = False,
    on_frame: Callable[[], object] = lambda: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run a job; whatever goes wrong fails this job only.

    Raises:
        Interrupted: `should_stop` said so.
    """
    try:
        return worker.run(job, shared=shared, on_frame=on_frame, should_stop=should_stop)
    except Interrupted:
        raise
    except HitTrackersError as error:
        return failed(job, str(error))
    except Exception as error:
        # Not ours, such as a MemoryError of the decoder: the next sequence may do well.
        return failed(job, f"{type(error).__name__}: {error}")


def failed(job: Job, message: str) -> Outcome:
    """The outcome of a job that gave no record at all."""
    return Outcome(failures=dict.fromkeys(job.identities, message))


def died(job: Job, how: str) -> Outcome:
    """The outcome of a job whose worker died `ATTEMPTS` times."""
    return failed(job, f"its worker died {ATTEMPTS} times, the last time {how}")


def measure(setup: Setup, variant: Variant) -> dict[str, Any]:
    """Measure a tracker's memory in a process of its own, started from this one."""
    checkpoint = checkpoint_of(setup.checkpoints, variant)
    options = setup.options
    return memory.measure(variant.name, checkpoint, options.device, options.threads)


def longest_first(jobs: Iterable[Job]) -> list[Job]:
    """Order for several workers: all would wait for a long sequence that is begun last."""
    return sorted(jobs, key=lambda job: -job.frames)


def require_alike(first: Description, other: Description, where: str) -> None:
    """Raise unless records of two workers may share a run.

    Raises:
        SchedulerError: naming what differs.
    """
    if first == other:
        return
    pairs = [
        (f"{key} of the machine", value, getattr(other.machine, key))
        for key, value in vars(first.machine).items()
        if key not in ("platform", "sources")
    ]
    for family, files in first.machine.sources.items():
        theirs = other.machine.sources.get(family, {})
        found = changed(files, theirs)
        pairs += [(f"code: {name}", files.get(name), theirs.get(name)) for name in found[:3]]
    pairs += [
        (f"tracker {name}", {**first.requested, **first.controls}.get(name), mine)
        for name, mine in {**other.requested, **other.controls}.items()
    ]
    differing = [f"{what}: {a!r} and {b!r}" for what, a, b in pairs if a != b]
    raise SchedulerError(
        f"the worker {where} is unlike the first one ({'; '.join(differing) or 'other trackers'}): "
        "records of one run come from equal machines; leave it out"
    )
