"""Did each tracker execute what its name says? Held against what its records saw run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hit_trackers.executed import Executed
from hit_trackers.variants import DEFAULTS
from toolkit_adapters.records import Results


@dataclass(frozen=True)
class Execution:
    """What ran under a tracker's name.

    Attributes:
        seen: what was observed, once each.
        problems: why that does not fit the name, a sentence each; empty where it does.
    """

    seen: tuple[Executed, ...] = ()
    problems: tuple[str, ...] = ()


def execution(results: Results, tracker: str) -> Execution:
    """What the records of a tracker saw run, on all datasets.

    Raises:
        RecordError: a record is damaged.
    """
    places: dict[str, str] = {}  # the first record that says so, by what it says
    for where, text in _said(results, tracker):
        places.setdefault(text, where)
    silent = places.pop("", None)
    seen: dict[str, Executed] = {}
    problems = []
    for text, where in places.items():
        try:
            seen[where] = Executed.from_json(text)
        except ValueError as error:
            problems.append(f"what ran in {where} cannot be read ({error})")
    parts = results.any_run(tracker).parts
    if silent and (_is_optimised(parts) or seen):
        problems.append(f"the record of {silent} says nothing about what ran")
    for where, ran in seen.items():
        problems += [f"{found} (seen in {where})" for found in ran.contradictions(parts)]
    different = {_what(ran): where for where, ran in seen.items()}
    if len(different) > 1:
        first, second = list(different.values())[:2]
        problems.append(f"something else ran in {second} than in {first}")
    return Execution(
        tuple({_what(ran): ran for ran in seen.values()}.values()),
        tuple(f"{tracker}: {problem}" for problem in problems),
    )


def _said(results: Results, tracker: str) -> Iterator[tuple[str, str]]:
    for dataset in results.datasets:
        if results.has_run(tracker, dataset):
            for name in results.sequences(tracker, dataset):
                yield f"{dataset}/{name}", results.record(tracker, dataset, name).executed


def _is_optimised(parts: Mapping[str, str]) -> bool:
    """Whether a name says that anything but the official computation runs."""
    return any(parts.get(kind, usual) != usual for kind, usual in DEFAULTS.items())


def _what(ran: Executed) -> tuple[object, ...]:
    """What must be the same in all records of a tracker."""
    sites = tuple((name, tuple(sorted(calls.items()))) for name, calls in sorted(ran.sites.items()))
    return ran.engine, ran.precision, ran.runtime, sites
