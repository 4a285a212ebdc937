"""Whether the runs of a results folder belong together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hit_trackers.errors import RecordError
from toolkit_adapters.records import Results, Run


def require_consistent(results: Results, runs: Mapping[tuple[str, str], Run]) -> None:
    """Raise unless all runs of a folder belong together.

    Raises:
        RecordError: naming the field in which two runs differ, both values, and what to do.
    """
    for (tracker, dataset), run in runs.items():
        where = results.folder / tracker / dataset
        for field, stated, expected in (
            ("tracker", run.tracker, tracker),
            ("dataset", run.dataset, dataset),
        ):
            if stated != expected:
                raise RecordError(f"{where}: {field} in run.json is {stated!r}, not {expected!r}")
        other = runs.get((run.baseline, dataset))
        if other is not None:
            _require_equal(where, run, other, ("weights_sha256", "dataset_fingerprint"))
            _require_equal(where, run, other, ("max_frames", "device", "threads"))
        first = next(r for (name, _), r in runs.items() if name == tracker)
        _require_equal(where, run, first, ("weights_sha256", "device"))
        memory = results.memory(tracker)
        if memory and memory.get("weights_sha256") not in (None, run.weights_sha256):
            raise RecordError(
                f"{results.folder / tracker}: weights_sha256 of memory.json and runs differ; "
                "delete memory.json and run again"
            )


def _require_equal(where: Path, run: Run, other: Run, fields: tuple[str, ...]) -> None:
    for field in fields:
        mine, theirs = run.identity.get(field), other.identity.get(field)
        if mine != theirs:
            raise RecordError(
                f"{where}: {field} is {mine!r}, but {theirs!r} for {other.tracker} on "
                f"{other.dataset}: these results do not belong together. Keep them in folders of "
                "their own and `compare` those"
            )
