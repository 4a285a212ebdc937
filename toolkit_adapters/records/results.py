"""A folder of results, read lazily."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hit_trackers.errors import RecordError
from toolkit_adapters.records.plan import Plan, load_plan
from toolkit_adapters.records.record import Record, load_record
from toolkit_adapters.records.run import RUN_FILE, Run, load_run

MEMORY_FILE = "memory.json"


@dataclass(frozen=True)
class Results:
    """A folder of results, read lazily."""

    folder: Path

    @property
    def trackers(self) -> tuple[str, ...]:
        """Names of all trackers with a run, controls included, sorted."""
        return tuple(sorted({path.parent.parent.name for path in self._runs()}))

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of all datasets with a run, sorted."""
        return tuple(sorted({path.parent.name for path in self._runs()}))

    def _runs(self) -> list[Path]:
        return list(self.folder.glob(f"*/*/{RUN_FILE}"))

    def path(self, tracker: str, dataset: str, sequence: str) -> Path:
        """Where a record is, or would be."""
        return self.folder / tracker / dataset / f"{sequence}.npz"

    def has_run(self, tracker: str, dataset: str) -> bool:
        """Whether the tracker was run on the dataset."""
        return (self.folder / tracker / dataset / RUN_FILE).is_file()

    def run(self, tracker: str, dataset: str) -> Run:
        """Provenance; RecordError where it is missing or malformed."""
        return load_run(self.folder / tracker / dataset / RUN_FILE)

    def any_run(self, tracker: str) -> Run:
        """The provenance on one of its datasets: variant, weights and device are equal in all."""
        return self.run(tracker, next(d for d in self.datasets if self.has_run(tracker, d)))

    @property
    def plan(self) -> Plan | None:
        """What the folder should hold; None where no run has said so.

        Raises:
            RecordError: `plan.json` is no plan.
        """
        return load_plan(self.folder)

    def is_control(self, tracker: str) -> bool:
        """Whether a tracker was run as a control, on some sequences only."""
        plan = self.plan
        if plan is not None:
            return plan.is_control(tracker)
        runs = (self.run(tracker, d) for d in self.datasets if self.has_run(tracker, d))
        return any(run.provenance.get("control") for run in runs)

    def sequences(self, tracker: str, dataset: str) -> tuple[str, ...]:
        """Names of the sequences with a record, in the dataset's order."""
        found = {path.stem for path in (self.folder / tracker / dataset).glob("[!.]*.npz")}
        return tuple(name for name in self.run(tracker, dataset).sequences if name in found)

    def record(self, tracker: str, dataset: str, sequence: str) -> Record:
        """One record, checked to be of the run that `run.json` describes.

        Raises:
            RecordError: missing, damaged, or of another run.
        """
        path = self.path(tracker, dataset, sequence)
        record = load_record(path)
        if record.identity != self.run(tracker, dataset).identity_sha256:
            raise RecordError(
                f"{path}: a record of another run than {RUN_FILE} beside it describes; "
                "delete it and run the same command again"
            )
        return record

    def memory(self, tracker: str) -> dict[str, Any] | None:
        """Peak memory as `memory.measure` stored it; None where it was not measured."""
        path = self.folder / tracker / MEMORY_FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RecordError(f"{path}: not readable as JSON ({error}); delete it") from error
        if not isinstance(values, dict):
            raise RecordError(f"{path}: expected an object, got {type(values).__name__}; delete it")
        return values


class CachedResults(Results):
    """Results of which everything is read once, and kept: for those who look several times.

    930,000 frames of three trackers take about 400 MB.
    """

    @functools.cached_property
    def trackers(self) -> tuple[str, ...]:
        """As of `Results`, and so all the others."""
        return super().trackers

    @functools.cached_property
    def datasets(self) -> tuple[str, ...]:
        """See `trackers`."""
        return super().datasets

    @functools.cached_property
    def plan(self) -> Plan | None:
        """See `trackers`."""
        return super().plan

    @functools.cached_property
    def _read(self) -> dict[tuple[str, ...], Any]:
        return {}

    def run(self, tracker: str, dataset: str) -> Run:
        """See `trackers`."""
        return cast(Run, self._once((tracker, dataset), super().run))

    def record(self, tracker: str, dataset: str, sequence: str) -> Record:
        """See `trackers`."""
        return cast(Record, self._once((tracker, dataset, sequence), super().record))

    def _once(self, key: tuple[str, ...], read: Callable[..., object]) -> object:
        if key not in self._read:
            self._read[key] = read(*key)
        return self._read[key]


def open_results(folder: str | Path) -> Results:
    """Open a results folder.

    Raises:
        RecordError: it does not exist or holds no run.
    """
    results = Results(Path(folder))
    if not results.trackers:
        raise RecordError(
            f"{folder}: no results here; expected <tracker>/<dataset>/{RUN_FILE}. Make some: "
            f"hit-trackers run --tracker hit --dataset demo --results {folder}"
        )
    return results
