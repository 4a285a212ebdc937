"""One pass over a results folder: what every table and figure is made of.

Records are read once, and what is derived from each is kept beside.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from hit_trackers.errors import RecordError
from hit_trackers.variants import Claim
from toolkit_adapters.records import REPEAT, CachedResults, Flag, Record, Results, Run
from toolkit_adapters.reporting.accuracy import Accuracy, open_accuracy
from toolkit_adapters.reporting.latency import (
    Floats,
    Latency,
    Ratio,
    Speed,
    judge,
    ratio,
    summarise,
)
from toolkit_adapters.scoring import Score, combine
from toolkit_adapters.scoring.attributes import Groups, attributes_of, by_attribute
from toolkit_adapters.scoring.geometry import Bools
from toolkit_adapters.verdict.certificates import Certificate
from toolkit_adapters.verdict.consistency import all_runs, require_consistent
from toolkit_adapters.verdict.verification import Verification, verify

#: Scopes of time that tables show, from the inside out.
SCOPES = ("device", "network", "update", "frame")


@dataclass(frozen=True, eq=False)
class Extract:
    """What a report keeps of a record; times (N,) in seconds, NaN where a frame does not count."""

    sequence: str
    frames: int
    timed: int
    invalid: int
    shared: int
    times: Mapping[str, Floats]
    pairing: str
    score: Score | None
    digest: str  # SHA-256 of the unrounded boxes
    notes: tuple[str, ...]


Extracts: TypeAlias = Mapping[tuple[str, str], Mapping[str, Extract]]


@dataclass(frozen=True, eq=False)
class Collection:
    """Everything that a report says, before it is put into words."""

    results: Results
    runs: Mapping[tuple[str, str], Run]
    extracts: Extracts
    verification: Verification
    memory: Mapping[str, Mapping[str, Any]]
    accuracy: Accuracy
    controls: frozenset[str]
    latencies: Mapping[tuple[str, str], Latency]
    ratios: Mapping[tuple[str, str], Ratio]
    #: Whether frames that ran beside other work on their device count in statistics of time.
    shared_times: bool = False

    @property
    def trackers(self) -> tuple[str, ...]:
        """Baselines first, each followed by its variants, then the controls."""
        names = {tracker for tracker, _ in self.runs}
        return tuple(sorted(names, key=lambda name: (name in self.controls, *self._order(name))))

    @property
    def subjects(self) -> tuple[str, ...]:
        """Trackers that were asked for: all but the controls."""
        return tuple(name for name in self.trackers if name not in self.controls)

    @property
    def families(self) -> tuple[str, ...]:
        """The families that the trackers are of."""
        return tuple(dict.fromkeys(self.run(name).family for name in self.subjects))

    @property
    def variants(self) -> tuple[str, ...]:
        """Trackers that claim to be another one, controls left out."""
        return tuple(name for name in self.subjects if self.run(name).claim is not Claim.BASELINE)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of all datasets."""
        return tuple(sorted({dataset for _, dataset in self.runs}))

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that were timed."""
        return tuple(sorted({self.device(name) for name in self.trackers}))

    @property
    def on_cuda(self) -> bool:
        """Whether any tracker was timed on a GPU."""
        return any(run.on_cuda for run in self.runs.values())

    def run(self, tracker: str) -> Run:
        """Any run of a tracker; weights and device are the same in all."""
        return next(run for (name, _), run in self.runs.items() if name == tracker)

    def device(self, tracker: str) -> str:
        """The device as recorded, with its name."""
        return str(self.run(tracker).identity["device"])

    def label(self, tracker: str) -> str:
        """What tables and figures call a tracker: controls are told apart."""
        return f"{tracker} (control)" if tracker in self.controls else tracker

    def network_scope(self, tracker: str) -> str:
        """The scope that stands for the network: device time on CUDA, wall time on a CPU."""
        return "device" if self.run(tracker).on_cuda else "network"

    def certificate(self, tracker: str) -> Certificate | None:
        """The comparison with the baseline; None for baselines."""
        return next((c for c in self.verification.certificates if c.tracker == tracker), None)

    def latency(self, tracker: str, scope: str) -> Latency | None:
        """Statistics of one scope over all datasets; None where it was not measured."""
        return self.latencies.get((tracker, scope))

    def ratio(self, tracker: str, scope: str) -> Ratio | None:
        """The pair with the baseline, on frames that both were timed on in the same pass."""
        return self.ratios.get((tracker, scope))

    def speed(self, tracker: str, scope: str) -> Speed:
        """Whether a tracker is faster than its baseline, beyond the noise of that one repeated.

        The baseline run again is the same work, so whatever its ratio shows is noise, and a
        variant must leave that behind before it counts as faster.
        """
        found = self.ratio(tracker, scope)
        if found is None:
            return Speed.NOT_MEASURED
        control = self.ratio(f"{self.run(tracker).baseline}{REPEAT}", scope)
        return judge(found.interval, control.noise if control else 0.0)

    def scores(self, tracker: str, dataset: str) -> dict[str, Score]:
        """Scores of all sequences that have one."""
        extracts = self.extracts.get((tracker, dataset), {})
        return {
            name: extract.score for name, extract in extracts.items() if extract.score is not None
        }

    def overall(self, tracker: str, dataset: str) -> Score | None:
        """The mean over the sequences of a dataset; None without a truth."""
        scores = self.scores(tracker, dataset)
        return combine(list(scores.values())) if scores else None

    @functools.cached_property
    def groups(self) -> Mapping[str, Groups]:
        """Scores by attribute, of each dataset that says who has which."""
        found = {dataset: self._groups(dataset) for dataset in self.datasets}
        return {dataset: groups for dataset, groups in found.items() if groups}

    def _groups(self, dataset: str) -> Groups:
        """Those of each tracker that has any.

        A report of what is scored does not end with a file of flags: one that is malformed counts
        as if it were not there.
        """
        known = self.accuracy.datasets[dataset]
        if known.dataset is None:
            return {}
        scores = {tracker: self.scores(tracker, dataset) for tracker in self.subjects}
        scored = {name for found in scores.values() for name in found}
        names = [name for name in known.dataset.sequence_names if name in scored]
        attributes = attributes_of(known.dataset, names, strict=False)
        groups = {}
        for tracker in self.subjects:

            def part(sequence: str, only: Bools, tracker: str = tracker) -> Score:
                boxes = self.results.record(tracker, dataset, sequence).boxes
                return known.score_part(sequence, boxes, only)

            groups[tracker] = by_attribute(attributes, scores[tracker], part)
        return {tracker: found for tracker, found in groups.items() if found}

    def _order(self, tracker: str) -> tuple[str, bool, str]:
        run = self.run(tracker)
        return run.baseline, tracker != run.baseline, tracker


def collect(
    results: Results,
    roots: Mapping[str, Path] | None = None,
    conventions: Mapping[str, str] | None = None,
    truth: Path | None = None,
    progress: bool = False,
    shared_times: bool = False,
) -> Collection:
    """Read a results folder, score it, and compare every tracker with its baseline.

    Raises:
        RecordError: a record is damaged or of another run, or the runs do not belong together.
    """
    from tqdm import tqdm

    results = CachedResults(results.folder)
    runs = all_runs(results)
    require_consistent(results, runs)
    accuracy = open_accuracy(results, roots or {}, conventions or {}, truth)
    extracts: dict[tuple[str, str], dict[str, Extract]] = {}
    with tqdm(total=len(runs), desc="reading records", unit="run", disable=not progress) as bar:
        for tracker, dataset in runs:
            known = accuracy.datasets[dataset]
            extracts[tracker, dataset] = {
                name: _extract(name, record, known.score(name, record.boxes), shared_times)
                for name in results.sequences(tracker, dataset)
                for record in (results.record(tracker, dataset, name),)
            }
            bar.update()
    if not any(extracts.values()):
        raise RecordError(f"{results.folder}: no records; run the same command again to finish it")
    memory = {name: results.memory(name) for name in results.trackers}
    repeats = {name for name, _ in runs if name.endswith(REPEAT)}
    return Collection(
        results=results,
        runs=runs,
        extracts=extracts,
        verification=verify(results, accuracy.printed),
        memory={name: values for name, values in memory.items() if values},
        accuracy=accuracy,
        latencies=dict(_latencies(extracts)),
        ratios=dict(_ratios(runs, extracts)),
        shared_times=shared_times,
        controls=frozenset(repeats | {n for n, _ in runs if results.is_control(n)}),
    )


def _latencies(extracts: Extracts) -> Iterator[tuple[tuple[str, str], Latency]]:
    for tracker in sorted({name for name, _ in extracts}):
        own = [
            t for (name, _), found in extracts.items() if name == tracker for t in found.values()
        ]
        for scope in SCOPES:
            if latency := summarise(extract.times[scope] for extract in own):
                yield (tracker, scope), latency


def _ratios(
    runs: Mapping[tuple[str, str], Run], extracts: Extracts
) -> Iterator[tuple[tuple[str, str], Ratio]]:
    pairs: dict[str, list[tuple[Extract, Extract]]] = {}
    for (tracker, dataset), run in runs.items():
        others = extracts.get((run.baseline, dataset), {})
        for sequence, extract in extracts[tracker, dataset].items():
            other = others.get(sequence)
            together = other is not None and extract.pairing and other.pairing == extract.pairing
            if other is not None and together and tracker != run.baseline:
                pairs.setdefault(tracker, []).append((other, extract))
    for tracker, found in pairs.items():
        for scope in SCOPES:
            if value := ratio([(a.times[scope], b.times[scope]) for a, b in found]):
                yield (tracker, scope), value


def _extract(name: str, record: Record, score: Score | None, shared_times: bool) -> Extract:
    counted = record.timed
    if shared_times:
        counted = (record.flags & (Flag.INIT | Flag.WARMUP)) == 0
    return Extract(
        sequence=name,
        frames=len(record),
        timed=int(counted.sum()),
        invalid=int(np.count_nonzero(record.flags & Flag.INVALID)),
        shared=int(np.count_nonzero(record.flags & Flag.SHARED)),
        times={scope: np.where(counted, getattr(record, scope), np.nan) for scope in SCOPES},
        pairing=record.pairing,
        score=score,
        digest=hashlib.sha256(np.ascontiguousarray(record.boxes).tobytes()).hexdigest(),
        notes=record.notes,
    )
