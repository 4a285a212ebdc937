"""Comparisons whose outcome is known beforehand: they show that the check can see."""

from __future__ import annotations

from dataclasses import dataclass

from hit_trackers.variants import Claim
from toolkit_adapters.records import REPEAT, Results
from toolkit_adapters.verdict.certificates import Certificate, certify
from toolkit_adapters.verdict.equivalence import Scores
from toolkit_adapters.verdict.levels import Boxes

_MISSING = "was not run: run again with --controls 2"


@dataclass(frozen=True)
class Control:
    """One such comparison of a tracker with its baseline."""

    name: str
    kind: str  # "repeat" (must be bitwise) or "lossy" (must not be)
    passed: bool
    message: str


def check_controls(results: Results, baseline: str, scores: Scores | None = None) -> list[Control]:
    """Both controls of one baseline: again (must be bitwise) and lossy (must not be)."""
    repeat = f"{baseline}{REPEAT}"
    lossy = [
        name
        for name in results.trackers
        if (run := results.any_run(name)).baseline == baseline and run.claim is Claim.LOSSY
    ]
    controls = [_repeated(results, baseline, repeat, scores)]
    controls += [_lossy(certify(results, name, scores)) for name in lossy]
    if not lossy:
        message = f"a lossy variant of {baseline} {_MISSING}"
        controls.append(Control(f"{baseline}, lossy", "lossy", False, message))
    return controls


def _repeated(results: Results, baseline: str, repeat: str, scores: Scores | None) -> Control:
    itself = f"{baseline} against itself"
    if repeat not in results.trackers:
        return Control(repeat, "repeat", False, f"{itself} {_MISSING}")
    certificate = certify(results, repeat, scores)
    if certificate.holds and certificate.boxes is Boxes.BITWISE:
        return Control(repeat, "repeat", True, f"{itself}: bitwise {certificate.coverage}")
    divergent = next((s for s in certificate.sequences if s.first_divergent is not None), None)
    message = f"{itself}: {'; '.join(certificate.reasons)}"
    if divergent is not None:
        message = (
            f"{itself} differs at {divergent.sequence}, frame {divergent.first_divergent}: "
            "the baseline is not deterministic here, try --deterministic"
        )
    return Control(repeat, "repeat", False, message)


def _lossy(certificate: Certificate) -> Control:
    name, baseline = certificate.tracker, certificate.baseline
    if not certificate.sequences:
        message = f"{name} against {baseline}: nothing could be compared"
        return Control(name, "lossy", False, message)
    if certificate.boxes is Boxes.BITWISE:
        message = f"{name} is lossy and yet bitwise with {baseline}: the check is blind"
        return Control(name, "lossy", False, message)
    message = f"{name} against {baseline}: {certificate.verdict}, as it must not be bitwise"
    return Control(name, "lossy", True, message)
