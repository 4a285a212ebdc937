"""One `run` command from lock to summary: load, plan, run, store, report what failed."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
from tqdm import tqdm

from hit_trackers.errors import HitTrackersError, RecordError
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.catalogue import split_roots
from toolkit_adapters.datasets.selection import Selection, select
from toolkit_adapters.records import Results
from toolkit_adapters.records.files import TEMPORARY, write_atomically
from toolkit_adapters.records.inspection import FAILURES_FILE, LOCK_FILE
from toolkit_adapters.records.provenance import Options, describe_run
from toolkit_adapters.running import jobs
from toolkit_adapters.running.scheduling import (
    Description,
    Engine,
    Setup,
    Watch,
    default_threads,
    open_engine,
)
from toolkit_adapters.running.scheduling.progress import ProgressBar
from toolkit_adapters.running.signals import StopRequest, stop_on_signals
from toolkit_adapters.running.timing import crowding, load_average
from toolkit_adapters.running.worker import split_checkpoints
from toolkit_adapters.verdict.certificates import is_control


def run_session(args: argparse.Namespace) -> int:
    """Carry out `run`; returns the exit status."""
    options = Options(
        device=args.device,
        threads=args.threads or default_threads(args.engine, args.workers, args.cpus_per_worker),
        deterministic=args.deterministic,
        max_frames=args.max_frames,
        open_loop=args.open_loop,
        ahead=args.ahead,
    )
    roots = split_roots(args.root, args.dataset)
    datasets = [
        dataset
        for name in dict.fromkeys(args.dataset)
        for dataset in open_datasets(name, roots.get(name), args.truth)
    ]
    selections = select(datasets, args.sequence, args.max_frames)
    setup = Setup(
        options, tuple(args.tracker), split_checkpoints(args.checkpoint), args.controls != 0
    )
    if args.engine == "local" and (warning := crowding(load_average())):
        _say(f"{warning}; --threads 1 suffers least")
    with locked(args.results, wait=args.wait):
        results = Results(args.results)
        with open_engine(
            setup,
            args.engine,
            workers=args.workers,
            address=args.address,
            cpus_per_worker=args.cpus_per_worker,
        ) as engine:
            plans = _prepare(args, options, selections, results, engine.description)
            with stop_on_signals() as stop:
                failures, unfinished = _run(results, engine, plans, stop)
                if not unfinished and not args.no_memory:
                    failures += _measure_memory(results, engine, stop)
        _write_failures(results, failures)
    return _conclude(results, failures, unfinished, stop)


@contextlib.contextmanager
def locked(folder: Path, *, wait: bool) -> Iterator[None]:
    """Hold a results folder for one run.

    Raises:
        RecordError: another run holds it (and `wait` is false), or it cannot be written.
    """
    try:
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
        for abandoned in folder.rglob(f".*{TEMPORARY}"):
            abandoned.unlink(missing_ok=True)
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
    args: argparse.Namespace,
    options: Options,
    selections: list[Selection],
    results: Results,
    description: Description,
) -> list[jobs.Plan]:
    requested, controls = description.requested, description.controls
    for name in sorted({e.baseline for e in requested.values()} - requested.keys()):
        _say(
            f"{name} is not among the trackers: its variants run without the pairs that ratios and "
            f"equivalence need; add --tracker {name}"
        )
    for problem in description.problems:
        _say(problem)
    command = shlex.join(["hit-trackers", *sys.argv[1:]])
    plans = []
    for selection in selections:
        dataset = selection.dataset
        fingerprint = dataset.fingerprint()
        described = [
            {
                name: describe_run(
                    name,
                    loaded,
                    dataset,
                    fingerprint,
                    options,
                    description.machine,
                    command=command,
                    control=group is controls,
                )
                for name, loaded in group.items()
            }
            for group in (requested, controls)
        ]
        jobs.open_runs(results, [run for group in described for run in group.values()])
        plans.append(jobs.plan(results, selection, *described, control_sequences=args.controls))
    if any(plan.jobs for plan in plans):
        _warn_of_lost_pairs(results, {*requested, *controls})
    return plans


def _warn_of_lost_pairs(results: Results, taking_part: set[str]) -> None:
    for name in results.trackers:
        dataset = next(d for d in results.datasets if results.has_run(name, d))
        baseline = results.run(name, dataset).baseline
        if name not in taking_part and baseline in taking_part and not is_control(results, name):
            _say(
                f"{baseline} is measured again without {name}, which was paired with it: their "
                f"ratio of times will be missing; stop and add --tracker {name} to keep it"
            )


def _run(
    results: Results, engine: Engine, plans: list[jobs.Plan], stop: StopRequest
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
    if engine.shared and todo:
        _say("workers share a device: their times are flagged and kept out of latency tables")
    with ProgressBar(todo) as bar:
        outcomes = engine.run(todo, Watch(bar.frames, stop, bar.say))
        for job, outcome in outcomes:
            found = jobs.store(results, job, outcome)
            for failure in found:
                bar.say(f"failed: {failure}")
            failures += found
            bar.end(job)
            unfinished -= 1
    return failures, unfinished


def _measure_memory(results: Results, engine: Engine, stop: StopRequest) -> list[jobs.Failure]:
    from toolkit_adapters.running import memory

    names = engine.description.requested
    missing = [name for name in names if results.memory(name) is None]
    failures = []
    for name in tqdm(missing, desc="peak memory", unit="tracker", disable=not missing):
        if stop():
            break
        try:
            memory.store(results, engine.measure(name))
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


def _conclude(
    results: Results, failures: list[jobs.Failure], unfinished: int, stop: StopRequest
) -> int:
    if failures:
        _say(f"{len(failures)} failed, all others are unharmed:")
        for failure in failures:
            print(f"  {failure}", file=sys.stderr)
    if stop():
        _say(f"stopped; {unfinished} sequences to go: run the same command again to resume")
        return 128 + stop.signal
    print(f"records: {results.folder}; next: python -m toolkit_adapters verify {results.folder}")
    return 1 if failures else 0


def _say(message: str) -> None:
    print(f"hit-trackers run: {message}", file=sys.stderr)
