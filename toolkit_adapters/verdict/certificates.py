"""Does each variant keep its claim? Certificates, both controls, and the verdict on a run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hit_trackers.errors import RecordError
from hit_trackers.variants import TOLERANCE_PX, Breach, Claim, Evidence
from toolkit_adapters.records import REPEAT, Results, Run
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.records.jsonable import plain
from toolkit_adapters.verdict.equivalence import (
    BOUND_PX,
    DatasetComparison,
    Scores,
    SequenceComparison,
    compare_datasets,
    weakest,
)


@dataclass(frozen=True)
class Certificate:
    """The comparison of one tracker with its baseline, on every dataset both have."""

    tracker: str
    baseline: str
    claim: Claim
    level: str
    datasets: tuple[DatasetComparison, ...]
    holds: bool
    reasons: tuple[str, ...]  # why it does not hold: tracker, sequence, frame
    provenance: dict[str, dict[str, Any]]  # dataset -> both sides' run.json

    @property
    def sequences(self) -> tuple[SequenceComparison, ...]:
        """All sequences of all datasets."""
        return tuple(s for dataset in self.datasets for s in dataset.sequences)

    @property
    def frames(self) -> int:
        """Number of frames compared."""
        return sum(s.frames for s in self.sequences)

    @property
    def identical_share(self) -> float:
        """Share of frames equal bit for bit, 0 to 1."""
        return sum(s.identical for s in self.sequences) / max(1, self.frames)

    @property
    def largest_px(self) -> float:
        """Largest |difference| of a coordinate, in pixels of the image."""
        return max((s.largest_px for s in self.sequences), default=0.0)

    @property
    def smallest_iou(self) -> float:
        """Smallest overlap between the two trackers' boxes of one frame."""
        return min((s.smallest_iou for s in self.sequences), default=1.0)

    @property
    def open_frames(self) -> int:
        """Number of frames compared open loop."""
        return sum(s.open_frames for s in self.sequences)

    @property
    def open_ulps(self) -> int:
        """Largest open-loop difference in units in the last place of float32."""
        return max((s.open_ulps for s in self.sequences), default=0)

    @property
    def open_px(self) -> float:
        """Largest open-loop difference in pixels of the search region."""
        return max((s.open_px for s in self.sequences), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dump`, the totals included."""
        totals = {
            "frames": self.frames,
            "identical_share": self.identical_share,
            "largest_px": self.largest_px,
            "smallest_iou": self.smallest_iou,
            "open_frames": self.open_frames,
            "open_ulps": self.open_ulps,
            "open_px": self.open_px,
        }
        limits = {"bound_px": BOUND_PX, "tolerance_px": TOLERANCE_PX}
        return {**asdict(self), "totals": totals, "limits": limits}


@dataclass(frozen=True)
class Control:
    """A comparison whose outcome is known beforehand: it shows that the check can see."""

    name: str  # tracker compared with its baseline
    kind: str  # "repeat" (must be bitwise) or "lossy" (must not be)
    passed: bool
    message: str


@dataclass(frozen=True)
class Verification:
    """All certificates of a results folder, and both controls of every baseline."""

    certificates: tuple[Certificate, ...]
    controls: tuple[Control, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is broken, one sentence each; empty when all holds."""
        broken = [reason for c in self.certificates for reason in c.reasons]
        return (*broken, *(f"control: {c.message}" for c in self.controls if not c.passed))

    def write(self, path: Path) -> None:
        """Write all of it as JSON: verdicts, controls, failures, the provenance of both sides.

        An object with `certificates` (of each `Certificate.to_json`), `controls` (the fields of
        each `Control`) and `failures` (sentences). Infinities and NaN become null.
        """
        content = {
            "certificates": [certificate.to_json() for certificate in self.certificates],
            "controls": [asdict(control) for control in self.controls],
            "failures": self.failures,
        }
        write_atomically(path, (json.dumps(plain(content), indent=2) + "\n").encode())


def _evidence(s: SequenceComparison) -> Evidence:
    return Evidence(s.level == "bitwise", s.open_frames, s.open_ulps == 0, s.open_px)


def _breaches(certificate: Certificate) -> list[str]:
    """Reasons why the claim does not hold."""
    tracker, claim = certificate.tracker, certificate.claim
    reasons = [
        f"{tracker}: {dataset.dataset}/{name} is recorded for one side only; run it again"
        for dataset in certificate.datasets
        for name in dataset.missing
    ]
    if not certificate.sequences:
        return [f"{tracker}: no sequence in common with {certificate.baseline}"]
    whole = Evidence(
        certificate.level == "bitwise",
        certificate.open_frames,
        certificate.open_ulps == 0,
        certificate.open_px,
    )
    for breach in claim.breaches(whole):
        if breach in _OF_THE_WHOLE:
            reasons.append(f"{tracker}: {_OF_THE_WHOLE[breach].format(certificate)}")
            continue
        for dataset in certificate.datasets:
            for s in dataset.sequences:
                if breach in claim.breaches(_evidence(s)):
                    where = f"{tracker}: claims {claim}, but {dataset.dataset}/{s.sequence}"
                    reasons.append(f"{where} {_said(breach, s, certificate.baseline)}")
    return reasons


#: Breaches that no single sequence shows.
_OF_THE_WHOLE = {
    Breach.NO_OPEN_LOOP: "claims {0.claim}, which needs open-loop frames: run it together with "
    "{0.baseline} and without --open-loop 0",
    Breach.UNCHANGED: "claims {0.claim}, but is bitwise: does it run in that precision?",
}


def _said(breach: Breach, s: SequenceComparison, baseline: str) -> str:
    if breach is Breach.BOXES_DIFFER:
        return (
            f"differs from {baseline} from frame {s.first_divergent} "
            f"on (at most {s.largest_px:.3g} px, {s.identical} of {s.frames} frames equal)"
        )
    if breach is Breach.OUTPUTS_DIFFER:
        return f"differs open loop by {s.open_ulps} ulps"
    return (
        f"differs open loop by {s.open_px:.3g} px of the search region "
        f"({s.open_ulps} ulps), more than {TOLERANCE_PX} px"
    )


def certify(
    results: Results, tracker: str, scores: Scores | None = None, *, partial: bool = False
) -> Certificate:
    """Compare a tracker with its baseline on all datasets that both were run on.

    Args:
        results: the results folder.
        tracker: a variant or a control (`hit_nano@repeat`).
        scores: what a table prints, for the level score-identical.
        partial: sequences that only the baseline has are expected (controls).

    Raises:
        RecordError: the baseline was not run, or a record is damaged.
    """
    datasets = [name for name in results.datasets if results.has_run(tracker, name)]
    if not datasets:
        raise RecordError(f"{results.folder}: no run of {tracker}")
    runs: dict[str, Run] = {name: results.run(tracker, name) for name in datasets}
    any_run = runs[datasets[0]]
    baseline, claim = any_run.baseline, any_run.claim
    comparisons: list[DatasetComparison] = []
    reasons: list[str] = []
    provenance = {}
    for name in datasets:
        if not results.has_run(baseline, name):
            reasons.append(
                f"{tracker}: {name} has no run of its baseline; "
                f"run --tracker {baseline} --tracker {tracker} together"
            )
            continue
        reference = results.run(baseline, name)
        if reference.weights_sha256 != runs[name].weights_sha256:
            reasons.append(f"{tracker}: {name}: other weights than {baseline}; not comparable")
        comparison = compare_datasets(results, baseline, tracker, name, scores)
        if partial:
            own = set(results.sequences(tracker, name))
            missing = tuple(n for n in comparison.missing if n in own)
            comparison = replace(comparison, missing=missing)
        comparisons.append(comparison)
        provenance[name] = {
            "baseline": asdict(reference),
            "tracker": asdict(runs[name]),
        }
    certificate = Certificate(
        tracker=tracker,
        baseline=baseline,
        claim=claim,
        level=weakest(d.level for d in comparisons if d.sequences),
        datasets=tuple(comparisons),
        holds=False,
        reasons=tuple(reasons),
        provenance=provenance,
    )
    reasons += _breaches(certificate)
    return replace(certificate, holds=not reasons, reasons=tuple(reasons))


def check_controls(results: Results, baseline: str, scores: Scores | None = None) -> list[Control]:
    """Both controls of one baseline: again (must be bitwise) and lossy (must not be)."""
    controls = []
    repeat = f"{baseline}{REPEAT}"
    missing = "was not run: run again with --controls 2"
    if repeat in results.trackers:
        certificate = certify(results, repeat, scores, partial=True)
        divergent = next((s for s in certificate.sequences if s.first_divergent is not None), None)
        passed = certificate.holds and certificate.level == "bitwise"
        message = f"{baseline} against itself: bitwise on {certificate.frames} frames"
        if not passed:
            where = (
                f"differs at {divergent.sequence}, frame {divergent.first_divergent}: "
                "the baseline is not deterministic here, try --deterministic"
                if divergent
                else "; ".join(certificate.reasons)
            )
            message = f"{baseline} against itself {where}"
        controls.append(Control(repeat, "repeat", passed, message))
    else:
        controls.append(Control(repeat, "repeat", False, f"{baseline} against itself {missing}"))
    lossy = [
        name
        for name in results.trackers
        if (run := results.any_run(name)).baseline == baseline and run.claim is Claim.LOSSY
    ]
    for name in lossy:
        certificate = certify(results, name, scores, partial=True)
        passed = bool(certificate.sequences) and certificate.level != "bitwise"
        message = f"{name} against {baseline}: {certificate.level}, as it must not be bitwise"
        if not passed:
            message = (
                f"control: {name} is lossy and yet bitwise with {baseline}: the check is blind"
            )
        controls.append(Control(name, "lossy", passed, message))
    if not lossy:
        message = f"a lossy variant of {baseline} {missing}"
        controls.append(Control(f"{baseline}, lossy", "lossy", False, message))
    return controls


def verify(results: Results, scores: Scores | None = None) -> Verification:
    """Check every claim and both controls of every baseline in a results folder."""
    runs = {name: results.any_run(name) for name in results.trackers}
    variants = [
        name
        for name, run in runs.items()
        if run.claim is not Claim.BASELINE and not name.endswith(REPEAT)
    ]
    baselines = sorted({run.baseline for run in runs.values()})
    certificates = tuple(
        certify(results, name, scores, partial=results.is_control(name)) for name in variants
    )
    controls = [control for name in baselines for control in check_controls(results, name, scores)]
    return Verification(certificates, tuple(controls))
