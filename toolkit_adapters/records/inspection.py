"""What is wrong with a dataset or a folder of results: findings, each with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from hit_trackers.errors import DatasetError, RecordError
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.folder import Folder
from toolkit_adapters.records import MEMORY_FILE, RUN_FILE, Results, Run, load_record
from toolkit_adapters.records.files import TEMPORARY
from toolkit_adapters.records.plan import NO_PLAN, PLAN_FILE

LOCK_FILE = ".hit-trackers-lock"
FAILURES_FILE = "failures.json"
_OWN_FILES = {LOCK_FILE, FAILURES_FILE, PLAN_FILE, "README.md"}


@dataclass(frozen=True)
class Finding:
    """One thing that was found; a `problem` needs something done about it."""

    problem: bool
    message: str


def inspect_dataset(dataset: Dataset) -> Iterator[Finding]:
    """Read all annotations of a dataset and list its frames; nothing is decoded."""
    try:
        names = dataset.sequence_names
        missing = dataset.missing_names()
    except DatasetError as error:
        yield Finding(True, str(error))
        return
    frames = scored = 0
    for name in names:
        try:
            sequence = dataset.load(name)
        except DatasetError as error:
            yield Finding(True, f"{dataset.name}/{name}: {error}")
            continue
        frames += len(sequence)
        scored += sequence.has_truth
    yield Finding(
        False,
        f"{dataset.name}: {len(names)} sequences, {frames} frames, {scored} with full truth, "
        f"in {dataset.root}",
    )
    if missing:
        few = ", ".join(sorted(missing)[:3])
        yield Finding(False, f"{dataset.name}: {len(missing)} not on disk ({few}, ...)")


def inspect_folder(folder: Folder) -> Iterator[Finding]:
    """Say what was taken for what in any folder, and what cannot be run."""
    for line in folder.describe():
        yield Finding(False, line)
    for hint in folder.suspicions():
        yield Finding(False, hint)
    yield from inspect_dataset(folder)


def inspect_results(folder: Path) -> Iterator[Finding]:
    """Check every file of a results folder: damage, strangers, leftovers, gaps."""
    busy = _is_locked(folder)
    if busy:
        yield Finding(False, f"{folder}: a run is writing here now")
    results = Results(folder)
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(TEMPORARY) and not busy:
            yield Finding(True, f"{path}: left by a killed run; the next run removes it")
        elif path.is_file() and not _is_ours(path.relative_to(folder)):
            yield Finding(True, f"{path}: not written by a run; remove it")
    for orphan in sorted({p.parent for p in folder.glob("*/*/*.npz")}):
        if not (orphan / RUN_FILE).is_file():
            yield Finding(True, f"{orphan}: records without {RUN_FILE}; delete the folder")
    for tracker in results.trackers:
        for dataset in results.datasets:
            if results.has_run(tracker, dataset):
                yield from _inspect_run(results, tracker, dataset)
        try:
            results.memory(tracker)
        except RecordError as error:
            yield Finding(True, str(error))
    yield from _inspect_plan(results, busy)


def _inspect_plan(results: Results, busy: bool) -> Iterator[Finding]:
    """What was planned and is not there; while a run writes, that is no problem."""
    try:
        plan = results.plan
    except RecordError as error:
        yield Finding(True, str(error))
        return
    if plan is None:
        yield Finding(not busy, f"{results.folder}: {NO_PLAN}")
        return
    for tracker in plan.trackers:
        planned = plan.of(tracker)
        missing = [where for where in planned if not results.path(tracker, *where).is_file()]
        if missing:
            few = ", ".join("/".join(where) for where in missing[:3])
            more = ", ..." if len(missing) > 3 else ""
            yield Finding(
                not busy,
                f"{tracker}: {len(missing)} of {len(planned)} planned sequences have no record "
                f"({few}{more}); run the same command again",
            )


def require_ours(folder: Path) -> None:
    """Raise unless a folder may hold results: there is none, it is empty, or a run wrote it.

    Raises:
        RecordError: it holds other files and nothing of a run.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return
    strangers = [name for name in names if name != "README.md"]
    ours = LOCK_FILE in names or PLAN_FILE in names or any(folder.glob(f"*/*/{RUN_FILE}"))
    if strangers and not ours:
        few = ", ".join(strangers[:3]) + (", ..." if len(strangers) > 3 else "")
        raise RecordError(
            f"{folder.resolve()}: not a folder of results, for it holds {few} and nothing of a "
            "run; choose an empty or new folder for --results"
        )


def _inspect_run(results: Results, tracker: str, dataset: str) -> Iterator[Finding]:
    try:
        run = results.run(tracker, dataset)
    except RecordError as error:
        yield Finding(True, str(error))
        return
    where = results.folder / tracker / dataset
    found = {path.stem: path for path in sorted(where.glob("[!.]*.npz"))}
    sound = 0
    for name, path in found.items():
        if name not in run.sequences:
            yield Finding(True, f"{path}: the dataset has no sequence {name!r}; remove it")
            continue
        findings = list(_inspect_record(path, run))
        sound += not any(finding.problem for finding in findings)
        yield from findings
    yield Finding(
        False,
        f"{tracker}/{dataset}: {sound} of {len(found)} records are sound; the dataset has "
        f"{len(run.sequences)} sequences",
    )


def _inspect_record(path: Path, run: Run) -> Iterator[Finding]:
    try:
        record = load_record(path)
    except RecordError as error:
        yield Finding(True, str(error))
        return
    if record.identity != run.identity_sha256:
        yield Finding(True, f"{path}: of another run than {RUN_FILE} describes; delete it")
    if record.notes:
        yield Finding(False, f"{path}: {'; '.join(record.notes)}")


def _is_ours(path: Path) -> bool:
    if path.name.endswith(TEMPORARY):
        return True
    if len(path.parts) == 1:
        return path.name in _OWN_FILES
    if len(path.parts) == 2:
        return path.name == MEMORY_FILE
    return len(path.parts) == 3 and (path.name == RUN_FILE or path.suffix == ".npz")


def _is_locked(folder: Path) -> bool:
    path = folder / LOCK_FILE
    if not path.exists():
        return False
    try:
        with filelock.FileLock(path, timeout=0):
            return False
    except (filelock.Timeout, OSError):
        return True
