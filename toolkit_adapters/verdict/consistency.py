"""Whether the runs of a results folder are what their names say, and belong together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hit_trackers import families
from hit_trackers.errors import FamilyError, RecordError, UnknownTrackerError
from hit_trackers.variants import Variant
from toolkit_adapters.records import REPEAT, RUN_FILE, Results, Run

Runs = Mapping[tuple[str, str], Run]
#: What a tracker and its baseline must share on a dataset, or their boxes and times say nothing.
_OF_A_PAIR = (
    *("dataset_fingerprint", "max_frames", "device", "threads", "deterministic"),
    *("seed", "open_loop", "versions", "harness"),
)
#: And what they must share within a family; somebody's own variant may come from another checkout,
#: and keep its weights in another form.
_OF_A_FAMILY = ("weights_sha256", "sources")
#: What a tracker must share with itself on other datasets, for its times are put together.
_OF_A_TRACKER = ("weights_sha256", "device", "threads")


def all_runs(results: Results) -> dict[tuple[str, str], Run]:
    """Every `run.json` of a results folder, by tracker and dataset.

    Raises:
        RecordError: one is malformed.
    """
    return {
        (tracker, dataset): results.run(tracker, dataset)
        for tracker in results.trackers
        for dataset in results.datasets
        if results.has_run(tracker, dataset)
    }


def require_consistent(results: Results, runs: Runs) -> None:
    """Raise unless all runs of a folder are what their names say and belong together.

    Raises:
        RecordError: naming the file, the field that differs, both values, and what to do.
    """
    first: dict[str, Run] = {}
    for (tracker, dataset), run in runs.items():
        where = results.folder / tracker / dataset
        _require_named(where / RUN_FILE, tracker, dataset, run)
        other = runs.get((run.baseline, dataset))
        if other is not None:
            _require_equal(where, run, other, _OF_A_PAIR)
            if run.family == other.family:
                _require_equal(where, run, other, _OF_A_FAMILY)
        _require_equal(where, run, first.setdefault(tracker, run), _OF_A_TRACKER)
        memory = results.memory(tracker)
        if memory and memory.get("weights_sha256") not in (None, run.weights_sha256):
            raise RecordError(
                f"{results.folder / tracker}: weights_sha256 of memory.json and runs differ; "
                "delete memory.json and run again"
            )


def named(tracker: str) -> Variant | None:
    """What a tracker's name says, a control's too; None where its family is not installed here.

    Raises:
        UnknownTrackerError: its family has no such name.
    """
    name = tracker.removesuffix(REPEAT)
    try:
        family = families.family_of(name)
    except (UnknownTrackerError, FamilyError):
        return None
    variant = family.parse(name)
    if tracker.endswith(REPEAT):
        return families.repeated(variant, variant.name + REPEAT)
    return variant


def _require_named(path: Path, tracker: str, dataset: str, run: Run) -> None:
    """A file can be edited: what it says of a tracker must be what the tracker's name says."""
    expected: dict[str, object] = {"tracker": tracker, "dataset": dataset}
    try:
        variant = named(tracker)
    except UnknownTrackerError as error:
        raise RecordError(f"{path}: the name of its folder: {error}") from error
    if variant is not None:
        for field in ("baseline", "family", "claim"):
            expected[field] = getattr(variant, field)
        expected |= {"tracker": variant.name, "parts": dict(variant.parts)}
    found = {field: getattr(run, field) for field in expected}
    for field in ("tracker", "dataset"):  # records carry the identity, so it is these that count
        expected[f"identity.{field}"] = expected[field]
        found[f"identity.{field}"] = run.identity.get(field, expected[field])
    for field, value in expected.items():
        if found[field] != value:
            stated, named_so = (str(v) if isinstance(v, str) else v for v in (found[field], value))
            raise RecordError(
                f"{path}: {field} is {stated!r}, but the name of its folder says {named_so!r}; "
                "delete the folder and run the same command again"
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
