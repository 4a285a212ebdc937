"""Comparisons whose outcome is known beforehand: they show that the check can see."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hit_trackers import families
from hit_trackers.errors import HitTrackersError
from hit_trackers.variants import Claim
from toolkit_adapters.records import REPEAT, Results
from toolkit_adapters.verdict.certificates import Certificate, certify
from toolkit_adapters.verdict.equivalence import Scores, compare_records
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
    """Both controls of one baseline: again (must be bitwise) and lossy (must not be).

    A family without a lossy variant gets a copy of a record with one bit changed in its place.
    """
    repeat = f"{baseline}{REPEAT}"
    lossy = [
        name
        for name in results.trackers
        if (run := results.any_run(name)).baseline == baseline and run.claim is Claim.LOSSY
    ]
    controls = [_repeated(results, baseline, repeat, scores)]
    controls += [_lossy(certify(results, name, scores)) for name in lossy]
    if not lossy and not _offers_lossy(results, baseline):
        controls.append(_one_bit(results, baseline))
    elif not lossy:
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


def _offers_lossy(results: Results, baseline: str) -> bool:
    """Whether there is a lossy variant of a baseline that could have run as a control."""
    try:
        return bool(families.family_of(baseline).lossy_controls(baseline))
    except HitTrackersError:
        # An own tracker of another command: the run planned all controls that it could.
        planned = results.plan.trackers if results.plan else ()
        return f"{baseline}{REPEAT}" not in planned


def _one_bit(results: Results, baseline: str) -> Control:
    """The comparison itself, put to the test: the smallest change of a box must be seen."""
    name = f"{baseline}, one bit"
    places = ((d, s) for d in results.datasets for s in results.sequences(baseline, d))
    place = next(places, None)
    if place is None:
        return Control(name, "lossy", False, f"{baseline}: nothing could be compared")
    record = results.record(baseline, *place)
    boxes = record.boxes.copy()
    boxes[-1, 0] = np.nextafter(boxes[-1, 0], np.inf)
    found = compare_records(place[1], place[0], record, replace(record, boxes=boxes))
    seen = found.boxes is not Boxes.BITWISE and found.first_divergent == len(boxes) - 1
    is_what = "not bitwise, as it must be" if seen else "bitwise: the check is blind"
    return Control(name, "lossy", seen, f"{baseline} with one bit changed in a copy: {is_what}")


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
