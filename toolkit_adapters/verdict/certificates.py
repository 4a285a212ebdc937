"""Does a variant keep its claim? Its comparison with its baseline, and why the claim is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from hit_trackers.errors import RecordError
from hit_trackers.variants import (
    TOLERANCE_PX,
    TOLERANCE_RELATIVE,
    TOLERANCE_SCORE,
    Breach,
    Claim,
    Evidence,
)
from toolkit_adapters.records import Results, Run
from toolkit_adapters.verdict.completeness import Coverage, cover
from toolkit_adapters.verdict.equivalence import (
    DatasetComparison,
    Scores,
    SequenceComparison,
    compare_datasets,
)
from toolkit_adapters.verdict.execution import execution
from toolkit_adapters.verdict.levels import BOUND_PX, Agreement, Boxes, together, weakest


@dataclass(frozen=True)
class Certificate:
    """The comparison of one tracker with its baseline, on every dataset both have.

    Attributes:
        boxes: how far apart the boxes are.
        scores: whether tables print the same of both; says nothing about the boxes.
        coverage: the part of the tracker's plan that was compared.
        holds: whether the claim does, on that part.
        reasons: why it does not hold: tracker, sequence, frame.
        provenance: both sides' run.json, by dataset.
    """

    tracker: str
    baseline: str
    claim: Claim
    boxes: Boxes
    scores: Agreement
    datasets: tuple[DatasetComparison, ...]
    coverage: Coverage
    holds: bool
    reasons: tuple[str, ...]
    provenance: dict[str, dict[str, Any]]

    @property
    def verdict(self) -> str:
        """What it is, in a word or two: `bitwise`, `within 0.000203 px`."""
        return self.boxes.said(self.largest_px)

    @property
    def kept(self) -> str:
        """`yes`, `NO`, or on which part of the plan: `yes, on 40 of 650 frames, incomplete`."""
        word = "yes" if self.holds else "NO"
        return word if self.coverage.complete else f"{word}, {self.coverage}"

    @property
    def proven(self) -> bool:
        """Whether the claim holds, and on all that was planned."""
        return self.holds and self.coverage.complete

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
        """Largest open-loop difference of all outputs, in units in the last place of float32."""
        return max((s.open_ulps for s in self.sequences), default=0)

    @property
    def open_px(self) -> float:
        """Largest open-loop difference of the boxes, in pixels of the search region."""
        return max((s.open_px for s in self.sequences), default=0.0)

    @property
    def open_relative(self) -> float | None:
        """The same of any output, over its tensor's range; None where the box is known."""
        found = [s.open_relative for s in self.sequences if s.open_relative is not None]
        return max(found, default=None)

    @property
    def open_far(self) -> str:
        """How far apart open loop, in words: `0.00012 px`, `2.1e-06 of the range`; or `-`."""
        if not self.open_frames:
            return "-"
        relative = self.open_relative
        return f"{self.open_px:.2g} px" if relative is None else f"{relative:.2g} of the range"

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
            "open_relative": self.open_relative,
        }
        limits = {
            "bound_px": BOUND_PX,
            "tolerance_px": TOLERANCE_PX,
            "tolerance_relative": TOLERANCE_RELATIVE,
            "tolerance_score": TOLERANCE_SCORE,
        }
        complete = self.coverage.complete
        return {**asdict(self), "complete": complete, "totals": totals, "limits": limits}


def certify(results: Results, tracker: str, scores: Scores | None = None) -> Certificate:
    """Compare a tracker with its baseline on all datasets that both were run on.

    Args:
        results: the results folder; `consistency.require_consistent` has passed it.
        tracker: a variant or a control (`hit_nano@repeat`).
        scores: what a table prints.

    Raises:
        RecordError: the tracker was not run, or a record is damaged.
    """
    datasets = [name for name in results.datasets if results.has_run(tracker, name)]
    if not datasets:
        raise RecordError(f"{results.folder}: no run of {tracker}")
    runs: dict[str, Run] = {name: results.run(tracker, name) for name in datasets}
    baseline, claim = runs[datasets[0]].baseline, runs[datasets[0]].claim
    comparisons: list[DatasetComparison] = []
    reasons = list(execution(results, tracker).problems)
    if baseline in results.trackers:
        reasons += execution(results, baseline).problems
    provenance = {}
    for name in datasets:
        if not results.has_run(baseline, name):
            reasons.append(
                f"{tracker}: {name} has no run of its baseline; "
                f"run --tracker {baseline} --tracker {tracker} together"
            )
            continue
        comparison = compare_datasets(results, baseline, tracker, name, scores)
        reasons += [f"{tracker}: {sentence}" for sentence in comparison.incomparable]
        comparisons.append(comparison)
        provenance[name] = {
            "baseline": asdict(results.run(baseline, name)),
            "tracker": asdict(runs[name]),
        }
    compared = {(d.dataset, s.sequence): s.frames for d in comparisons for s in d.sequences}
    certificate = Certificate(
        tracker=tracker,
        baseline=baseline,
        claim=claim,
        boxes=weakest(d.boxes for d in comparisons if d.sequences),
        scores=together(d.scores for d in comparisons),
        datasets=tuple(comparisons),
        coverage=cover(results.plan, tracker, compared),
        holds=False,
        reasons=(),
        provenance=provenance,
    )
    reasons += _unpaired(certificate)
    reasons += _breaches(certificate)
    return replace(certificate, holds=not reasons, reasons=tuple(reasons))


def _unpaired(certificate: Certificate) -> list[str]:
    """Sides that were not measured together may have been on other machines or other frames."""
    names = [
        f"{d.dataset}/{s.sequence}"
        for d in certificate.datasets
        for s in d.sequences
        if not s.paired
    ]
    if not names:
        return []
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    tracker, baseline = certificate.tracker, certificate.baseline
    return [
        f"{tracker}: {names[0]}{more} not run in one pass with {baseline}; "
        f"run --tracker {baseline} --tracker {tracker} together"
    ]


def _breaches(certificate: Certificate) -> Iterator[str]:
    """Why the claim does not hold, a sentence for each sequence."""
    tracker, claim = certificate.tracker, certificate.claim
    if not certificate.sequences:
        yield f"{tracker}: no sequence in common with {certificate.baseline}"
        return
    whole = Evidence(
        boxes_equal=certificate.boxes is Boxes.BITWISE,
        open_frames=certificate.open_frames,
        open_equal=all(s.open_equal for s in certificate.sequences),
        open_px=certificate.open_px,
        open_relative=certificate.open_relative,
    )
    for breach in claim.breaches(whole):
        if breach in _OF_THE_WHOLE:
            yield f"{tracker}: {_OF_THE_WHOLE[breach].format(certificate)}"
    for dataset in certificate.datasets:
        for s in dataset.sequences:
            breaches = [b for b in claim.breaches(s.evidence) if b not in _OF_THE_WHOLE]
            if breaches:
                said = ", ".join(_said(breach, s, certificate) for breach in breaches)
                yield f"{tracker}: claims {claim}, but {dataset.dataset}/{s.sequence} {said}"


#: Breaches that no single sequence shows.
_OF_THE_WHOLE = {
    Breach.NO_OPEN_LOOP: "claims {0.claim}, which needs open-loop frames: run it together with "
    "{0.baseline} and without --open-loop 0",
    Breach.UNCHANGED: "claims {0.claim}, but is bitwise: does it run in that precision?",
}


def _said(breach: Breach, s: SequenceComparison, certificate: Certificate) -> str:
    baseline = certificate.baseline
    if breach is Breach.BOXES_DIFFER:
        return (
            f"differs from {baseline} from frame {s.first_divergent} "
            f"on (at most {s.largest_px:.3g} px, {s.identical} of {s.frames} frames equal)"
        )
    if breach is Breach.SCORES_DIFFER and certificate.claim is Claim.TOLERANCE:
        return (
            f"has a score {s.scores_apart:.3g} from {baseline}'s, more than {TOLERANCE_SCORE}, "
            "where both have the same input"
        )
    if breach is Breach.SCORES_DIFFER:
        return f"has other scores than {baseline} from frame {s.first_other_score} on"
    if breach is Breach.INVALID_DIFFERS:
        return f"gives a box on frame {s.first_invalid} on one side only"
    if breach is Breach.NOT_FINITE:
        return f"has no numbers to compare: {s.not_finite}"
    if breach is Breach.OUTPUTS_DIFFER:
        seen = f"by {s.open_ulps} ulps" if s.open_ulps else "in outputs beside the sample"
        return f"differs open loop {seen}"
    if s.open_relative is not None:
        return (
            f"differs open loop by {s.open_relative:.3g} of an output's range, more than "
            f"{TOLERANCE_RELATIVE:g}"
        )
    return (
        f"differs open loop by {s.open_px:.3g} px of the search region "
        f"({s.open_ulps} ulps), more than {TOLERANCE_PX} px"
    )
