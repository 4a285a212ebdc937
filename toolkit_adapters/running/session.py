"""One run from lock to summary: load, plan, run, store."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import filelock
from tqdm import tqdm

from hit_trackers.errors import HitTrackersError, RecordError
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.selection import Selection, select
from toolkit_adapters.records import Results
from toolkit_adapters.records.files import remove_abandoned, write_atomically
from toolkit_adapters.records.inspection import FAILURES_FILE, LOCK_FILE, require_ours
from toolkit_adapters.records.plan import extend_plan
from toolkit_adapters.records.provenance import Options, describe_run
from toolkit_adapters.running import jobs
from toolkit_adapters.running.scheduling import (
    Description,
    Scheduler,
    Setup,
    Watch,
    default_threads,
    open_scheduler,
)
from toolkit_adapters.running.scheduling.progress import ProgressBar
from toolkit_adapters.running.signals import StopRequest, stop_on_signals
from toolkit_adapters.running.timing import say_crowded


@dataclass(frozen=True)
class Request:
    """What to run, on what, and where its records go.

    Attributes:
        trackers: names; give a baseline and its variants together, so that they are paired.
        optional: those of the trackers that are left out, with the reason, where they cannot be
            loaded; the others go on without them.
        datasets: names, such as "demo" or "lasot", or datasets that were opened already.
        results: folder of the records.
        options: how sequences are run.
        roots: where datasets are, by name; otherwise as configured.
        truth: folder of TrackingNet's full annotations.
        checkpoints: weight files, by a tracker's, a baseline's, a size's or a family's name; the
            empty name is for all.
        sequences: only these; all for none.
        controls: sequences of each dataset on which the baseline runs twice and in a lossy
            precision; None for all, 0 for none.
        on: "local" (this machine) or "ray" (a cluster).
        workers: sequences at a time; None for one here, for all that fit on a cluster.
        address: of a Ray cluster.
        cpus_per_worker: CPUs of a worker on a cluster.
        memory: whether peak memory is measured at the end.
        fresh: whether records of another identity are deleted and made anew; else they are refused.
        trust_files: whether done records are resumed without a look at their images.
        wait: whether to wait while another run uses the results folder.
        command: how to run the same again; kept in the provenance.
    """

    trackers: tuple[str, ...]
    datasets: tuple[str | Dataset, ...]
    results: Path
    options: Options = field(default_factory=Options)
    roots: Mapping[str, Path] = field(default_factory=dict)
    truth: Path | None = None
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    sequences: tuple[str, ...] = ()
    controls: int | None = 2
    on: str = "local"
    workers: int | None = None
    address: str | None = None
    cpus_per_worker: int = 1
    memory: bool = True
    fresh: bool = False
    trust_files: bool = False
    wait: bool = False
    command: str = ""
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Summary:
    """How a run ended.

    Attributes:
        results: what it left.
        failures: sequences without a record, and why; all others are unharmed.
        unfinished: sequences that were not run because somebody asked to stop.
        signal: number of the signal that asked, else 0.
        left_out: optional trackers that could not be loaded, and why.
        seconds: that it took to load each of the others, compilation included.
    """

    results: Results
    failures: tuple[jobs.Failure, ...] = ()
    unfinished: int = 0
    signal: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every sequence that was asked for has its records."""
        return not (self.failures or self.unfinished or self.signal or self.left_out)


def run_session(request: Request) -> Summary:
    """Load, plan, run, store; resumes what is there already.

    Raises:
        HitTrackersError: a tracker or dataset that cannot be had, or results of another run.
    """
    options = request.options
    if not options.threads:
        threads = default_threads(request.on, request.workers, request.cpus_per_worker)
        options = replace(options, threads=threads)
    datasets = [
        dataset for given in dict.fromkeys(request.datasets) for dataset in _opened(given, request)
    ]
    selections = select(datasets, request.sequences, options.max_frames)
    setup = Setup(
        options, request.trackers, request.checkpoints, request.controls != 0, request.optional
    )
    if request.on == "local":
        say_crowded("hit-trackers run")
    with locked(request.results, wait=request.wait):
        results = Results(request.results)
        with open_scheduler(
            setup,
            request.on,
            workers=request.workers,
            address=request.address,
            cpus_per_worker=request.cpus_per_worker,
        ) as scheduler:
            loaded = scheduler.description
            plans = _prepare(request, options, selections, results, loaded)
            with stop_on_signals() as stop:
                failures, unfinished = _run(results, scheduler, plans, stop)
                if not unfinished and request.memory:
                    failures += _measure_memory(results, scheduler, stop)
        _write_failures(results, failures)
    return Summary(
        results, tuple(failures), unfinished, stop.signal, loaded.left_out, loaded.seconds
    )


def _opened(given: str | Dataset, request: Request) -> list[Dataset]:
    if isinstance(given, Dataset):
        return [given]
    return open_datasets(given, request.roots.get(given), request.truth)


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[None]:
    """Hold a results folder for one run.

    Raises:
        RecordError: another run holds it (and `wait` is false), it cannot be written, or it is
            somebody else's.
    """
    try:
        require_ours(folder)
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK_FILE)
        if wait and _held(lock):
            _say(f"waiting for another run in {folder}")
        lock.acquire(timeout=-1 if wait else 0)
    except filelock.Timeout:
        raise RecordError(
            f"{folder}: another run is using it; wait for it (--wait) or choose another --results"
        ) from None
    except OSError as error:
        raise RecordError(
            f"{folder}: cannot be written ({error.strerror or error}); choose another --results"
        ) from error
    try:
        # Nobody else writes here now: what is half-written belongs to a killed run.
        remove_abandoned(folder)
        yield
    finally:
        lock.release()


def _held(lock: filelock.BaseFileLock) -> bool:
    try:
        with lock.acquire(timeout=0):
            return False
    except filelock.Timeout:
        return True


def _prepare(
    request: Request,
    options: Options,
    selections: list[Selection],
    results: Results,
    description: Description,
) -> list[jobs.Work]:
    requested, controls = description.requested, description.controls
    for name in sorted({variant.baseline for variant in requested.values()} - requested.keys()):
        _say(
            f"{name} is not among the trackers: its variants run without the pairs that ratios and "
            f"equivalence need; add --tracker {name}"
        )
    for problem in description.problems:
        _say(problem)
    plans = []
    for selection in selections:
        dataset = selection.dataset
        fingerprint = dataset.fingerprint()
        described = [
            {
                name: describe_run(
                    variant,
                    dataset,
                    fingerprint,
                    options,
                    description.machine,
                    command=request.command,
                    control=group is controls,
                )
                for name, variant in group.items()
            }
            for group in (requested, controls)
        ]
        runs = [run for group in described for run in group.values()]
        if request.fresh and (deleted := jobs.discard_others(results, runs)):
            _say(f"--fresh: {deleted} records of other runs deleted")
        jobs.open_runs(results, runs)
        plans.append(
            jobs.plan(
                results,
                selection,
                *described,
                control_sequences=request.controls,
                trust_files=request.trust_files,
                fresh=request.fresh,
            )
        )
    extend_plan(results.folder, {plan.dataset: plan.planned for plan in plans})
    if any(plan.jobs for plan in plans):
        _warn_of_lost_pairs(results, {*requested, *controls})
    return plans


def _warn_of_lost_pairs(results: Results, taking_part: set[str]) -> None:
    for name in results.trackers:
        dataset = next(d for d in results.datasets if results.has_run(name, d))
        baseline = results.run(name, dataset).baseline
        if name not in taking_part and baseline in taking_part and not results.is_control(name):
            _say(
                f"{baseline} is measured again without {name}, which was paired with it: their "
                f"ratio of times will be missing; stop and add --tracker {name} to keep it"
            )


def _run(
    results: Results, scheduler: Scheduler, plans: list[jobs.Work], stop: StopRequest
) -> tuple[list[jobs.Failure], int]:
    """Run all jobs; returns the failures and the number of jobs not run."""
    todo = [job for plan in plans for job in plan.jobs]
    failures = [failure for plan in plans for failure in plan.failures]
    done = sum(plan.done for plan in plans)
    for message in [message for plan in plans for message in plan.remade]:
        _say(f"made anew: {message}")
    if done:
        _say(f"{done} sequences are done already, {len(todo)} to go")
    unfinished = len(todo)
    if scheduler.shared and todo:
        _say("workers share a device: their times are flagged and kept out of latency tables")
    with ProgressBar(todo) as bar:
        outcomes = scheduler.run(todo, Watch(bar.frames, stop, bar.say))
        for job, outcome in outcomes:
            found = jobs.store(results, job, outcome)
            for failure in found:
                bar.say(f"failed: {failure}")
            failures += found
            bar.end(job)
            unfinished -= 1
    return failures, unfinished


def _measure_memory(
    results: Results, scheduler: Scheduler, stop: StopRequest
) -> list[jobs.Failure]:
    from toolkit_adapters.running import memory

    names = scheduler.description.requested
    missing = [name for name in names if results.memory(name) is None]
    failures = []
    for name in tqdm(missing, desc="peak memory", unit="tracker", disable=not missing):
        if stop():
            break
        try:
            memory.store(results, scheduler.measure(name))
        except HitTrackersError as error:
            if stop():  # the signal went to the measuring process too
                break
            failures.append(jobs.Failure("memory", name, "", str(error)))
    return failures


def _write_failures(results: Results, failures: list[jobs.Failure]) -> None:
    path = results.folder / FAILURES_FILE
    if failures:
        text = json.dumps([vars(failure) for failure in failures], indent=2) + "\n"
        write_atomically(path, text.encode())
    else:
        path.unlink(missing_ok=True)


def _say(message: str) -> None:
    print(f"hit-trackers run: {message}", file=sys.stderr)
