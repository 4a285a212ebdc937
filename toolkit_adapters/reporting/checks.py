"""What publications claim about a variant, held against what was found here."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hit_trackers.families import registry
from hit_trackers.references import Reference
from toolkit_adapters.reporting import memory
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.latency import Speed
from toolkit_adapters.reporting.memory import Size
from toolkit_adapters.verdict.levels import Boxes


class Subject(enum.Enum):
    """What a claim is about."""

    IDENTITY = enum.auto()  # the variant is the same tracker
    SPEED = enum.auto()
    MEMORY = enum.auto()
    SCORES = enum.auto()  # they do not change


class Outcome(enum.Enum):
    """Whether a claim holds here, or why that cannot be said."""

    HOLDS = enum.auto()
    HOLDS_ON_A_PART = enum.auto()  # on all that was compared, which is not all that was planned
    DENIED = enum.auto()
    NO_DIFFERENCE = enum.auto()  # none was found where one is claimed
    NOT_MEASURED = enum.auto()
    NO_GPU = enum.auto()  # the claim is about one
    OTHER_SIZE = enum.auto()  # the claim is about another network


@dataclass(frozen=True)
class Check:
    """One claim of one reference, checked on one variant; `dataset` only where it is of scores."""

    reference: Reference
    tracker: str
    subject: Subject
    outcome: Outcome
    dataset: str = ""


def references_for(families: Iterable[str]) -> tuple[Reference, ...]:
    """What is published about some families; nothing where one is not installed here."""
    known = registry().families
    return tuple(
        reference
        for family in dict.fromkeys(families)
        if family in known
        for reference in known[family].references()
    )


def check(collection: Collection) -> list[Check]:
    """All claims about each variant that does what the publication's does, and nothing else."""
    found: list[Check] = []
    for tracker in collection.variants:
        for reference in references_for([collection.run(tracker).family]):
            if tracker == f"{collection.run(tracker).baseline}_{reference.optimisation}":
                found += _checks(collection, tracker, reference)
    return found


def _checks(collection: Collection, tracker: str, reference: Reference) -> Iterator[Check]:
    if reference.identity:
        yield Check(reference, tracker, Subject.IDENTITY, _identity(collection, tracker))
    if reference.speedup is not None:
        yield Check(reference, tracker, Subject.SPEED, _speed(collection, tracker, reference))
    if reference.memory_change is not None:
        yield Check(reference, tracker, Subject.MEMORY, _memory(collection, tracker, reference))
    for dataset in collection.datasets:
        outcome = _scores(collection, tracker, reference, dataset)
        if outcome is not None:
            yield Check(reference, tracker, Subject.SCORES, outcome, dataset)


def _identity(collection: Collection, tracker: str) -> Outcome:
    certificate = collection.certificate(tracker)
    if certificate is None or not certificate.frames:
        return Outcome.NOT_MEASURED
    if certificate.boxes is not Boxes.BITWISE:
        return Outcome.DENIED
    if not certificate.holds:
        return Outcome.NOT_MEASURED  # equal boxes of something else than the variant
    return Outcome.HOLDS if certificate.coverage.complete else Outcome.HOLDS_ON_A_PART


def _speed(collection: Collection, tracker: str, reference: Reference) -> Outcome:
    run = collection.run(tracker)
    speed = collection.speed(tracker, collection.network_scope(tracker))
    if speed in (Speed.NOT_MEASURED, Speed.TOO_FEW):
        return Outcome.NOT_MEASURED
    if reference.gpu and not run.on_cuda:
        return Outcome.NO_GPU
    if run.baseline != reference.baseline.tracker:
        return Outcome.OTHER_SIZE
    known = {Speed.FASTER: Outcome.HOLDS, Speed.SLOWER: Outcome.DENIED}
    return known.get(speed, Outcome.NO_DIFFERENCE)


def _memory(collection: Collection, tracker: str, reference: Reference) -> Outcome:
    size = memory.size(collection, tracker)
    if size is Size.NOT_MEASURED:
        return Outcome.NOT_MEASURED
    if reference.gpu and not collection.run(tracker).on_cuda:
        return Outcome.NO_GPU
    known = {Size.SMALLER: Outcome.HOLDS, Size.LARGER: Outcome.DENIED}
    return known.get(size, Outcome.NO_DIFFERENCE)


def _scores(
    collection: Collection, tracker: str, reference: Reference, dataset: str
) -> Outcome | None:
    """Identical predictions score the same: where ours do not, the table must show it."""
    pairs = score_pairs(collection, tracker, reference, dataset)
    if not pairs:
        return None
    equal = all(round(theirs, 1) == round(mine, 1) for theirs, mine in pairs.values())
    return Outcome.HOLDS if equal else Outcome.DENIED


def score_pairs(
    collection: Collection, tracker: str, reference: Reference, dataset: str
) -> dict[str, tuple[float, float]]:
    """(baseline's, variant's) scores in per cent, of those that the reference states.

    Empty where one of the two has no score, or the reference is silent on the dataset.
    """
    convention = collection.accuracy.datasets[dataset].convention
    stated = reference.scores.get(convention.dataset)
    names = (collection.run(tracker).baseline, tracker)
    theirs, mine = (collection.overall(name, dataset) for name in names)
    if stated is None or theirs is None or mine is None:
        return {}
    return {name: (100 * theirs.values[name], 100 * mine.values[name]) for name in stated.values}
