"""Run, report and pack through the toolkit's Python API, which, unlike its commands, fails loudly.

`vot evaluate`, `vot pack` and `vot test` exit 0 after a crash, with incomplete results, and for an
unknown tracker. Here every result is looked for at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tabulate import tabulate
from tqdm import tqdm

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.vot import workspace
from toolkit_adapters.vot.origin import require_same_origin
from toolkit_adapters.vot.server import MARK


def evaluate(
    folder: Path,
    trackers: list[str] | None = None,
    experiments: list[str] | None = None,
    force: bool = False,
) -> list[str]:
    """Run trackers on the sequences that have no result yet; returns what failed, one line each.

    Raises:
        ResultFileError: results that are there are of other weights, code, data, device or threads.
    """
    space = workspace.load(folder)
    from toolkit_adapters.vot.runtime import one_process

    chosen = find_trackers(space, trackers)
    # Scores computed from older results, by a plain `vot analysis` for example.
    shutil.rmtree(folder / "cache" / "analysis", ignore_errors=True)
    failures = []
    for tracker in chosen:
        require_same_origin(space, tracker.identifier)
    for tracker in chosen:
        with one_process(tracker) as runtime:
            for experiment in find_experiments(space, experiments):
                label = f"{tracker.identifier}/{experiment.identifier}"
                for sequence in tqdm(list(_sequences(experiment, space)), desc=label, disable=None):
                    if not _is_whole(experiment, tracker, sequence):
                        _discard(experiment, tracker, sequence)
                    cause = _execute(experiment, tracker, sequence, force)
                    if cause:
                        runtime.close()
                        failures.append(f"{label}/{sequence.name}: {cause}")
    return failures or missing_results(space, chosen, experiments)


def _execute(experiment: Any, tracker: Any, sequence: Any, force: bool) -> str:
    """Run one sequence; returns the reason why it failed, or nothing."""
    from vot.tracker import TrackerException

    try:
        experiment.execute(tracker, sequence, force=force)
    except TrackerException as error:
        output = error.log or ""
        with experiment.log(tracker.identifier) as log:
            log.write(output)
            where = log.name
        # The toolkit knows only that the connection broke; the tracker has said why.
        said = [line.split(MARK, 1)[1].strip() for line in output.splitlines() if MARK in line]
        last = [line for line in output.splitlines() if line.strip()]
        reason = said[-1] if said else f"{error} ({last[-1] if last else 'no output'})"
        return f"{reason}; all of the tracker's output is in {where}"
    except Exception as error:  # the other sequences are run all the same
        return f"{type(error).__name__}: {error}"
    return ""


def report(
    folder: Path, trackers: list[str] | None = None, name: str = "report", style: str = "html"
) -> str:
    """The toolkit's analyses and its document; returns a table of the measures.

    Writes `analysis/<name>.json` and `reports/<name>/` in the workspace.

    Raises:
        HitTrackersError: results are missing, or an analysis fails.
    """
    space = workspace.load(folder)
    chosen = find_trackers(space, trackers)
    absent = missing_results(space, chosen)
    if absent:
        raise HitTrackersError(
            f"{folder}: no report, {len(absent)} results are missing, such as {absent[0]}; run "
            f"python -m toolkit_adapters.vot evaluate {folder}"
        )
    from vot.analysis import process_stack_analyses
    from vot.report import generate_document, generate_serialized

    with _processor(), _without_percentages():
        results = process_stack_analyses(space, chosen)
    if results is None:
        raise HitTrackersError(f"{folder}: an analysis of the toolkit failed; see its log above")
    storage = space.storage.substorage("analysis")
    generate_serialized(chosen, space.dataset, results, storage, "json", name)
    # The toolkit asks for the current event loop, which newer Pythons do not make by themselves.
    asyncio.set_event_loop(asyncio.new_event_loop())
    with _no_persistent_cache(), _without_percentages():
        generate_document(space, chosen, style, name)
    return _table(results, chosen)


@contextlib.contextmanager
def _processor() -> Iterator[None]:
    from cachetools import LRUCache
    from vot.analysis import AnalysisProcessor
    from vot.utilities import ThreadPoolExecutor

    executor = ThreadPoolExecutor(1)
    try:
        with AnalysisProcessor(executor, LRUCache(1000)):
            yield
    finally:
        executor.shutdown(wait=True)


def _without_percentages() -> contextlib.AbstractContextManager[object]:
    """Silence the toolkit's progress bars where there is no terminal: a line for each per cent."""
    return contextlib.nullcontext() if sys.stdout.isatty() else contextlib.redirect_stdout(None)


@contextlib.contextmanager
def _no_persistent_cache() -> Iterator[None]:
    """For a process that imported `vot` before us, when the environment no longer counts."""
    from vot import config

    before = config.persistent_cache
    config.persistent_cache = False
    try:
        yield
    finally:
        config.persistent_cache = before


def _table(results: Any, trackers: list[Any]) -> str:
    from vot.analysis import Axes, Measure

    rows = []
    for experiment, analyses in results.items():
        for analysis, grid in analyses.items():
            if analysis.axes != Axes.TRACKERS:
                continue
            for column, measure in enumerate(analysis.describe()):
                if not isinstance(measure, Measure):
                    continue
                values = [None if row is None else f"{row[column]:.4f}" for row in grid]
                rows.append([experiment.identifier, measure.name, *values])
    headers = ["experiment", "measure", *(tracker.label for tracker in trackers)]
    return tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True)


def pack(folder: Path, tracker: str) -> Path:
    """The toolkit's zip for the challenge, checked: whole, and with a manifest of this tracker.

    Raises:
        HitTrackersError: results are missing, or the toolkit has packed something else.
    """
    space = workspace.load(folder)
    chosen = find_trackers(space, [tracker])
    absent = missing_results(space, chosen)
    if absent:
        raise HitTrackersError(
            f"{folder}: not packed, {len(absent)} results are missing, such as {absent[0]}; run "
            f"python -m toolkit_adapters.vot evaluate {folder} --tracker {tracker}"
        )
    from vot.utilities.cli import do_pack

    before = set(folder.glob("*.zip"))
    with _without_percentages():
        do_pack(argparse.Namespace(workspace=str(folder.resolve()), tracker=tracker))
    written = set(folder.glob("*.zip")) - before
    if len(written) != 1:
        raise HitTrackersError(f"{folder}: the toolkit wrote {len(written)} zips, expected one")
    path = written.pop()
    _check_pack(path, space, chosen[0])
    return path


def _check_pack(path: Path, space: Any, tracker: Any) -> None:
    import yaml  # type: ignore[import-untyped, unused-ignore]

    expected = {"manifest.yml"}
    for experiment in space.stack:
        for sequence in _sequences(experiment, space):
            _, files, _ = experiment.scan(tracker, sequence)
            expected |= {f"{experiment.identifier}/{sequence.name}/{file}" for file in files}
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            found = set(archive.namelist())
            manifest = yaml.safe_load(archive.read("manifest.yml"))
    except (zipfile.BadZipFile, KeyError, yaml.YAMLError) as error:
        raise HitTrackersError(f"{path}: no submission ({error}); pack it again") from error
    if damaged or found != expected:
        odd = damaged or sorted(found ^ expected)[0]
        raise HitTrackersError(f"{path}: {odd} is damaged, missing or extra; pack it again")
    if manifest["identifier"] != tracker.identifier:
        raise HitTrackersError(
            f"{path}: manifest.yml is of {manifest['identifier']}, expected {tracker.identifier}"
        )


def find_trackers(space: Any, names: list[str] | None) -> list[Any]:
    """Trackers of the registry; all of them for None.

    Raises:
        HitTrackersError: one that it does not have.
    """
    known = [str(name) for name in space.registry.identifiers()]
    for name in names or []:
        if name not in known:
            raise HitTrackersError(
                f"{space.directory}/trackers.ini has no tracker {name!r}; it has {', '.join(known)}"
            )
    return [space.registry[name] for name in names or known]


def find_experiments(space: Any, names: list[str] | None) -> list[Any]:
    """Experiments of the stack; all of them for None."""
    known = dict(space.stack.experiments)
    for name in names or []:
        if name not in known:
            raise HitTrackersError(
                f"{space.directory}: the stack has no experiment {name!r}; "
                f"it has {', '.join(known)}"
            )
    return [known[name] for name in names or known]


def missing_results(
    space: Any, trackers: list[Any], experiments: list[str] | None = None
) -> list[str]:
    """`tracker/experiment/sequence` of every result that is not whole."""
    absent = []
    for tracker in trackers:
        for experiment in find_experiments(space, experiments):
            for sequence in _sequences(experiment, space):
                whole = _is_whole(experiment, tracker, sequence)
                if not (whole and experiment.scan(tracker, sequence)[0]):
                    absent.append(f"{tracker.identifier}/{experiment.identifier}/{sequence.name}")
    return absent


def _is_whole(experiment: Any, tracker: Any, sequence: Any) -> bool:
    """Whether what is stored of a sequence, if anything, can be read.

    The toolkit takes a file that exists for a finished one, also the half that a killed process
    has left; times are what it writes last.
    """
    from vot.tracker import Trajectory

    try:
        _, files, results = experiment.scan(tracker, sequence)
        for name in (file.rpartition(".")[0] for file in files if file.endswith((".bin", ".txt"))):
            stored = Trajectory.read(results, name)
            if all(stored.properties(frame).get("time") is None for frame in range(len(stored))):
                return False
    except Exception:  # struct.error, ValueError, IndexError: whatever half a file raises
        return False
    return True


def _discard(experiment: Any, tracker: Any, sequence: Any) -> None:
    """Delete a sequence's results, which the toolkit could not read."""
    results = experiment.results(tracker, sequence)
    for file in results.find("*"):
        results._storage.delete(file)


def _sequences(experiment: Any, space: Any) -> Iterator[Any]:
    yield from experiment.transform(list(space.dataset))
