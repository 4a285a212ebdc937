"""The three answers a reader comes for: the same tracker, how much faster, less memory?"""

from __future__ import annotations

from dataclasses import dataclass

from hit_trackers.references import Reference
from toolkit_adapters.records import REPEAT
from toolkit_adapters.reporting import memory, words
from toolkit_adapters.reporting.checks import Outcome, Subject, check, references_for
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.latency import Speed
from toolkit_adapters.reporting.memory import Size
from toolkit_adapters.reporting.table import Mark
from toolkit_adapters.verdict.levels import Boxes

_SPEED_MARKS = {Speed.FASTER: Mark.GOOD, Speed.SLOWER: Mark.BAD}
_SIZE_MARKS = {Size.SMALLER: Mark.GOOD, Size.LARGER: Mark.BAD}


@dataclass(frozen=True)
class Answer:
    """One variant's answer to one question: a word or figure, and the sentence behind it."""

    tracker: str
    headline: str
    detail: str
    mark: Mark = Mark.NONE


@dataclass(frozen=True)
class Question:
    """A question, every variant's answer, and what publications say, a sentence each."""

    title: str
    answers: tuple[Answer, ...]
    stated: tuple[str, ...]


def questions(collection: Collection) -> tuple[Question, ...]:
    """Is it the same tracker, how much faster, how much less memory?"""
    names = collection.variants
    references = references_for(collection.families)
    return (
        Question(
            "Is it the same tracker?",
            tuple(filter(None, (same(collection, name) for name in names))),
            tuple(_identity(collection, r) for r in references if r.identity),
        ),
        Question(
            "How much faster?",
            tuple(faster(collection, name) for name in names),
            tuple(_times(r) for r in references if r.speedup is not None),
        ),
        Question(
            "How much less memory?",
            tuple(smaller(collection, name) for name in names),
            tuple(
                f"The {r.label} says: {words.share(r.memory_change)} peak memory ({r.setting})."
                for r in references
                if r.memory_change is not None
            ),
        ),
    )


def same(collection: Collection, tracker: str) -> Answer | None:
    """Whether a variant is still its baseline, and if not, since which frame."""
    certificate = collection.certificate(tracker)
    if certificate is None:
        return None
    executed = words.executed(collection, tracker)
    detail = f"With {executed}: " if executed else ""
    detail += f"{certificate.identical_share:.2%} of {certificate.frames} frames bit for bit equal"
    if divergence := words.first_divergence(certificate):
        detail += f"; {divergence}, at most {certificate.largest_px:.3g} px"
    detail += f". Scores: {certificate.scores}."
    claim = certificate.claim
    detail += f" Claims {claim} ({claim.meaning}): {'holds' if certificate.holds else 'BROKEN'}"
    detail += "." if certificate.coverage.complete else f", {certificate.coverage}."
    mark = Mark.NONE
    if not certificate.holds:
        mark = Mark.BAD
    elif certificate.proven and certificate.boxes in (Boxes.BITWISE, Boxes.FILE_IDENTICAL):
        mark = Mark.GOOD
    return Answer(tracker, certificate.verdict, detail, mark)


def faster(collection: Collection, tracker: str) -> Answer:
    """Speed against the baseline, on the same frames."""
    scope = collection.network_scope(tracker)
    ratio, latency = collection.ratio(tracker, scope), collection.latency(tracker, scope)
    if ratio is None or latency is None:
        return Answer(tracker, "not measured", "It was not timed together with its baseline.")
    run = collection.run(tracker)
    baseline = collection.latency(run.baseline, scope)
    clock = "device time" if run.on_cuda else "wall time on a CPU"
    before = f"{baseline.mean * 1e3:.2f} → " if baseline else ""
    whole = collection.ratio(tracker, "update")
    speed = collection.speed(tracker, scope)
    detail = (
        f"network {before}{latency.mean * 1e3:.2f} ms, {latency.fps:.0f} FPS ({clock}); "
        f"95 % interval {words.reach(ratio)}: {speed.value}"
    )
    control = collection.ratio(f"{run.baseline}{REPEAT}", scope)
    if control:
        detail += f" (the baseline against itself: {words.reach(control)})"
    detail += f"; whole update × {whole.value:.3f}." if whole else "."
    mark = _SPEED_MARKS.get(speed, Mark.NONE)
    return Answer(tracker, f"× {ratio.value:.3f}", detail, mark)


def smaller(collection: Collection, tracker: str) -> Answer:
    """Peak memory against the baseline."""
    change = memory.headline(collection, tracker)
    printed = "not measured" if change is None else words.share(change)
    mark = _SIZE_MARKS.get(memory.size(collection, tracker), Mark.NONE)
    return Answer(tracker, printed, words.peaks(collection, tracker), mark)


def _identity(collection: Collection, reference: Reference) -> str:
    """What it claims, and for which variants that does not hold here."""
    denied = [
        f" Not so for {c.tracker}: {words.found(collection, c)}."
        for c in check(collection)
        if c.reference is reference
        and c.subject is Subject.IDENTITY
        and c.outcome is Outcome.DENIED
    ]
    return f"The {reference.label} says: “{reference.identity}”." + "".join(denied)


def _times(reference: Reference) -> str:
    baseline, variant = reference.baseline, reference.variant
    rates = ""
    if baseline.fps is not None and variant.fps is not None:
        rates = f", {baseline.fps:g} → {variant.fps:g} FPS"
    return (
        f"The {reference.label} says: {baseline.ms} → {variant.ms} ms{rates}, "
        f"× {reference.speedup:.2f} ({reference.setting})."
    )
