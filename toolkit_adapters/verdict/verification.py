"""The verdict on a results folder: every claim, every control, and how much stands behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from hit_trackers.variants import Claim
from toolkit_adapters.records import REPEAT, CachedResults, Results
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.records.jsonable import plain
from toolkit_adapters.records.plan import NO_PLAN
from toolkit_adapters.verdict.certificates import Certificate, certify
from toolkit_adapters.verdict.completeness import Coverage, coverages
from toolkit_adapters.verdict.consistency import all_runs, require_consistent
from toolkit_adapters.verdict.controls import Control, check_controls
from toolkit_adapters.verdict.equivalence import Scores
from toolkit_adapters.verdict.execution import Execution, execution


@dataclass(frozen=True)
class Verification:
    """All certificates of a results folder, and both controls of every baseline.

    Attributes:
        coverages: by tracker, how much of its plan has records.
        executions: by tracker, what ran.
        partial: whether a part of what was planned is enough.
    """

    certificates: tuple[Certificate, ...]
    controls: tuple[Control, ...]
    coverages: Mapping[str, Coverage]
    executions: Mapping[str, Execution]
    partial: bool = False

    @property
    def gaps(self) -> tuple[str, ...]:
        """What is incomplete, a sentence each; empty where all that was planned is there."""
        if any(coverage.planned is None for coverage in self.coverages.values()):
            return (NO_PLAN,)
        return tuple(
            f"{tracker}: {coverage}: {coverage.gaps}; run the same command again"
            for tracker, coverage in self.coverages.items()
            if not coverage.complete
        )

    @property
    def complete(self) -> bool:
        """Whether all that was planned is there."""
        return not self.gaps

    @property
    def broken(self) -> tuple[str, ...]:
        """What does not hold, a sentence each, on the part that was run."""
        found = [reason for c in self.certificates for reason in c.reasons]
        found += [problem for ran in self.executions.values() for problem in ran.problems]
        found += [f"control: {c.message}" for c in self.controls if not c.passed]
        return tuple(dict.fromkeys(found))

    @property
    def failures(self) -> tuple[str, ...]:
        """What is broken, and what is incomplete where a part is not enough; empty: all is well."""
        return self.broken if self.partial else (*self.broken, *self.gaps)

    def write(self, path: Path) -> None:
        """Write all of it as JSON: verdicts, controls, failures, the provenance of both sides.

        An object with `certificates` (of each `Certificate.to_json`), `controls` (the fields of
        each `Control`), `coverages`, `executions`, `complete` and `failures` (sentences).
        Infinities and NaN become null.
        """
        content = {
            "certificates": [certificate.to_json() for certificate in self.certificates],
            "controls": [asdict(control) for control in self.controls],
            "coverages": {name: asdict(found) for name, found in self.coverages.items()},
            "executions": {name: asdict(found) for name, found in self.executions.items()},
            "complete": self.complete,
            "failures": self.failures,
        }
        write_atomically(path, (json.dumps(plain(content), indent=2) + "\n").encode())


def verify(
    results: Results, scores: Scores | None = None, *, partial: bool = False
) -> Verification:
    """Check every claim and both controls of every baseline in a results folder.

    Args:
        results: the results folder.
        scores: what a table prints.
        partial: a part of what was planned is enough.

    Raises:
        RecordError: a record is damaged, or the runs do not belong together.
    """
    if not isinstance(results, CachedResults):
        results = CachedResults(results.folder)
    require_consistent(results, all_runs(results))
    runs = {name: results.any_run(name) for name in results.trackers}
    variants = [
        name
        for name, run in runs.items()
        if run.claim is not Claim.BASELINE and not name.endswith(REPEAT)
    ]
    baselines = sorted({run.baseline for run in runs.values()})
    certificates = tuple(certify(results, name, scores) for name in variants)
    controls = [control for name in baselines for control in check_controls(results, name, scores)]
    return Verification(
        certificates,
        tuple(controls),
        coverages(results),
        {name: execution(results, name) for name in results.trackers},
        partial,
    )
