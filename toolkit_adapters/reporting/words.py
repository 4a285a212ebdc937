"""Findings put into words: the last step, which decides nothing."""

from __future__ import annotations

import math

from hit_trackers.families import registry
from toolkit_adapters.reporting import memory
from toolkit_adapters.reporting.checks import Check, Outcome, Subject, score_pairs
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.latency import Ratio
from toolkit_adapters.reporting.memory import Peak
from toolkit_adapters.verdict.certificates import Certificate

_OUTCOMES = {
    (Subject.IDENTITY, Outcome.HOLDS): "yes",
    (Subject.SPEED, Outcome.HOLDS): "yes, it is faster",
    (Subject.SPEED, Outcome.NO_DIFFERENCE): "undecided",
    (Subject.MEMORY, Outcome.HOLDS): "yes, it is smaller",
    (Subject.MEMORY, Outcome.NO_DIFFERENCE): "no difference",
    (Subject.SCORES, Outcome.HOLDS): "yes, the same to 0.1",
    (Subject.SCORES, Outcome.DENIED): "no, they differ",
}


def executed(collection: Collection, tracker: str) -> str:
    """What the parts of its name mean; "" where its family does not say so, or is not here."""
    run = collection.run(tracker)
    family = registry().families.get(run.family)
    known = family.tokens() if family else {}
    parts = tracker.removeprefix(run.baseline).split("_")
    return " and ".join(known[part] for part in parts if part in known)


def first_divergence(certificate: Certificate) -> str:
    """`first difference in car-1, frame 7`; "" where there is none."""
    for s in certificate.sequences:
        if s.first_divergent is not None:
            return f"first difference in {s.sequence}, frame {s.first_divergent}"
    return ""


def share(value: float) -> str:
    """A change: -0.284 as `-28.4%`."""
    return f"{value:+.1%}"


def reach(ratio: Ratio) -> str:
    """The 95 % interval: `0.929 to 1.027`, or `unknown`."""
    low, high = ratio.interval.low, ratio.interval.high
    return "unknown" if math.isnan(low) else f"{low:.3f} to {high:.3f}"


def peaks(collection: Collection, tracker: str) -> str:
    """`activations 3.86 → 3.15 MB (-18.5%); with weights 12.67 → 11.96 MB (-5.6%).`."""
    parts = []
    baseline = collection.run(tracker).baseline
    for kind, title in ((Peak.ACTIVATIONS, "activations"), (Peak.ALLOCATED, "with weights")):
        change = memory.change(collection, tracker, kind)
        sizes = [memory.peak(collection, name, kind) for name in (baseline, tracker)]
        if change is not None:
            printed = " → ".join(f"{size / 1e6:.2f}" for size in sizes if size is not None)
            parts.append(f"{title} {printed} MB ({share(change)})")
    resident = memory.change(collection, tracker, Peak.RESIDENT)
    if not parts and resident is not None:
        parts = [f"resident set {share(resident)}"]
    return "; ".join(parts or ["Peak memory was not measured for both"]) + "."


def stated(collection: Collection, check: Check) -> str:
    """What the reference says."""
    reference = check.reference
    if check.subject is Subject.IDENTITY:
        return reference.identity
    if check.subject is Subject.SPEED:
        times = f"{reference.baseline.ms} → {reference.variant.ms} ms"
        return f"{times}, × {reference.speedup:.2f}"
    if check.subject is Subject.MEMORY:
        return f"{reference.memory_change:+.1%} peak memory"
    dataset = collection.accuracy.datasets[check.dataset].convention.dataset
    scores = ", ".join(f"{k} {v:.1f}" for k, v in reference.scores[dataset].values.items())
    return f"unchanged accuracy ({dataset}: {scores})"


def found(collection: Collection, check: Check) -> str:
    """What is found here."""
    if check.subject is Subject.IDENTITY:
        return _identity(collection, check.tracker)
    if check.subject is Subject.SPEED:
        return _speed(collection, check)
    if check.subject is Subject.MEMORY:
        return peaks(collection, check.tracker)
    pairs = score_pairs(collection, check.tracker, check.reference, check.dataset)
    printed = ", ".join(f"{name} {a:.1f} → {b:.1f}" for name, (a, b) in pairs.items())
    return f"{check.dataset}: {printed}"


def outcome(collection: Collection, check: Check) -> str:
    """Whether the claim holds here, or why that cannot be said."""
    if check.outcome is Outcome.NOT_MEASURED:
        return "cannot be said"
    if check.outcome is Outcome.HOLDS_ON_A_PART:
        certificate = collection.certificate(check.tracker)
        return f"yes, {certificate.coverage}" if certificate else "cannot be said"
    if check.outcome is Outcome.NO_GPU:
        return "not tested: no GPU"
    if check.outcome is Outcome.OTHER_SIZE:
        baseline = collection.run(check.tracker).baseline
        return f"not tested: {baseline} is not {check.reference.baseline.tracker}"
    return _OUTCOMES.get((check.subject, check.outcome), "no")


def _identity(collection: Collection, tracker: str) -> str:
    certificate = collection.certificate(tracker)
    if certificate is None or not certificate.frames:
        return "not compared"
    divergence = first_divergence(certificate)
    if not divergence:
        found = f"every bit of {certificate.frames} frames is equal"
        return found if certificate.holds else f"{found}, but {certificate.reasons[0]}"
    return (
        f"{certificate.verdict}: {certificate.identical_share:.2%} of {certificate.frames} frames "
        f"are equal; {divergence}; at most {certificate.largest_px:.3g} px"
    )


def _speed(collection: Collection, check: Check) -> str:
    tracker, scope = check.tracker, collection.network_scope(check.tracker)
    ratio = collection.ratio(tracker, scope)
    if ratio is None:
        return "not measured"
    printed = f"× {ratio.value:.3f} [{reach(ratio)}] on {collection.device(tracker)}"
    if check.outcome in (Outcome.NO_GPU, Outcome.OTHER_SIZE):
        printed += f": {collection.speed(tracker, scope).value}"
    return printed
