"""What is left to do in a results folder: passes over sequences, resumable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from hit_trackers.errors import DatasetError, RecordError
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.decoding import digest_of, stamp_of
from toolkit_adapters.datasets.selection import Selection
from toolkit_adapters.datasets.videos import VideoFrame
from toolkit_adapters.records import (
    RUN_FILE,
    Record,
    Results,
    Run,
    load_record,
    load_run,
    save_record,
)
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.records.plan import DatasetPlan
from toolkit_adapters.records.provenance import require_same
from toolkit_adapters.running.passes import Outcome


@dataclass(frozen=True)
class Job:
    """One pass: these trackers over this sequence."""

    dataset: Dataset
    sequence: str
    frames: int
    identities: Mapping[str, str]  # tracker -> SHA-256 of its run's identity


@dataclass(frozen=True)
class Failure:
    """A sequence without a record, and why."""

    dataset: str
    sequence: str
    tracker: str  # empty where it concerns all
    message: str

    def __str__(self) -> str:
        who = f" ({self.tracker})" if self.tracker else ""
        return f"{self.dataset}/{self.sequence}{who}: {self.message}"


@dataclass
class Work:
    """Jobs to run; `done` counts the sequences that need nothing."""

    dataset: str
    planned: DatasetPlan  # everything that this run will hold, done or not
    jobs: list[Job] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    remade: list[str] = field(default_factory=list)  # damaged records that will be made anew
    done: int = 0

    @property
    def frames(self) -> int:
        """Frames left to decode."""
        return sum(job.frames for job in self.jobs)


def open_runs(results: Results, runs: Iterable[Run]) -> None:
    """Write each `run.json`, or check that the one on disk may be resumed.

    All are checked before any is written.

    Raises:
        RecordError: a run on disk has another identity.
    """
    new = []
    for run in runs:
        path = results.folder / run.tracker / run.dataset / RUN_FILE
        if path.exists():
            stored = load_run(path)
            require_same(stored, run, path)
            if run.provenance["control"] or not stored.provenance.get("control"):
                continue
        # New, or so far a control and now asked for in its own right.
        new.append((path, run))
    for path, run in new:
        write_atomically(path, run.to_json().encode())


def discard_others(results: Results, runs: Iterable[Run]) -> int:
    """Delete the records of runs of another identity than these; returns how many.

    Only what a run wrote is deleted: its records and its `run.json`.
    """
    deleted = 0
    for run in runs:
        path = results.folder / run.tracker / run.dataset / RUN_FILE
        try:
            if not path.exists() or load_run(path).identity == run.identity:
                continue
        except RecordError:
            pass  # damaged, and so of no known identity
        for name in run.sequences:
            record = results.path(run.tracker, run.dataset, name)
            deleted += record.exists()
            record.unlink(missing_ok=True)
        path.unlink()
    return deleted


def plan(
    results: Results,
    selection: Selection,
    runs: Mapping[str, Run],
    controls: Mapping[str, Run],
    *,
    control_sequences: int | None,
    trust_files: bool = False,
    fresh: bool = False,
) -> Work:
    """List the passes a dataset still needs.

    A pass has all trackers, because ratios of times need them on the same decoded frames. So a
    sequence is done when the records of all trackers are there, undamaged, and of one pass.

    Args:
        results: the results folder.
        selection: its annotations are all read here, so that faults are known at the start.
        runs: provenance of each requested tracker.
        controls: provenance of each control.
        control_sequences: number of sequences that also run the controls; None for all.
        trust_files: do not look whether the images are those that a record was made on.
        fresh: records of other images are made anew; else they are refused.

    Raises:
        RecordError: a record of another run, or of other images.
    """
    dataset, names = selection.dataset, selection.names
    controlled = tuple(names if control_sequences is None else names[:control_sequences])
    expected: dict[str, int | None] = {}
    planned = DatasetPlan(
        expected,
        dict.fromkeys(runs, tuple(names)),
        dict.fromkeys(controls if controlled else (), controlled),
    )
    made = Work(dataset.name, planned)
    checked = tqdm(names, desc=f"checking {dataset.name}", unit="sequence", leave=False, delay=1)
    for name in checked:
        group = {**runs, **(controls if name in controlled else {})}
        expected[name] = None
        try:
            frames = selection.load(name).frames
        except DatasetError as error:
            made.failures.append(Failure(dataset.name, name, "", str(error)))
            continue
        expected[name] = len(frames)
        images = None if trust_files else frames
        if _complete(results, dataset.name, name, group, made.remade, images, fresh):
            made.done += 1
        else:
            identities = {tracker: run.identity_sha256 for tracker, run in group.items()}
            made.jobs.append(Job(dataset, name, len(frames), identities))
    return made


def _complete(
    results: Results,
    dataset: str,
    sequence: str,
    group: Mapping[str, Run],
    remade: list[str],
    images: Sequence[Path | VideoFrame] | None,
    fresh: bool,
) -> bool:
    pairings = set()
    complete = True
    stamps: NDArray[np.int64] | None = None  # looked at once for all trackers
    for tracker, run in group.items():
        path = results.path(tracker, dataset, sequence)
        if not path.exists():
            complete = False
            continue
        record = _load_or_remake(results, tracker, dataset, sequence, remade)
        if record is None:
            complete = False
            continue
        if record.identity != run.identity_sha256:
            raise RecordError(
                f"{path}: a record of another run than {RUN_FILE} beside it describes; "
                "delete it and run the same command again"
            )
        other = None
        if images is not None:
            if stamps is None:
                stamps = np.array([stamp_of(path) for path in images], np.int64).reshape(-1, 2)
            other = _first_other_image(record, images, stamps)
        if other is not None and not fresh:
            raise RecordError(
                f"{path}: the image {other} is not the one that was tracked; put the old images "
                "back, or pass --fresh to track the sequence again (--trust-files skips the look)"
            )
        if other is not None:
            remade.append(f"{path}: the image {other} has changed")
            complete = False
        pairings.add(record.pairing)
    return complete and len(pairings) == 1


def _first_other_image(
    record: Record, images: Sequence[Path | VideoFrame], stamps: NDArray[np.int64]
) -> Path | VideoFrame | None:
    """The first image that is not the one a record was made on; None where all are.

    A file of the same size and time of modification is taken for the same; others are read.
    """
    if len(record.stamps) != len(images):
        return images[0] if len(record.stamps) else None
    for frame in map(int, np.flatnonzero((record.stamps != stamps).any(axis=1))):
        if digest_of(images[frame]) != int(record.files[frame]):
            return images[frame]
    return None


def _load_or_remake(
    results: Results, tracker: str, dataset: str, sequence: str, remade: list[str]
) -> Record | None:
    try:
        return load_record(results.path(tracker, dataset, sequence))
    except RecordError as error:
        remade.append(str(error))
        return None


def store(results: Results, job: Job, outcome: Outcome) -> list[Failure]:
    """Write the records of a pass; returns its failures.

    Raises:
        RecordError: the folder cannot be written.
    """
    for tracker, record in outcome.records.items():
        save_record(results.path(tracker, job.dataset.name, job.sequence), record)
    where = (job.dataset.name, job.sequence)
    messages = set(outcome.failures.values())
    if len(messages) == 1 and len(outcome.failures) == len(job.identities):
        return [Failure(*where, "", messages.pop())]
    return [Failure(*where, *failure) for failure in outcome.failures.items()]
