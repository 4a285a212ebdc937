"""What changed between two reports or results: boxes, accuracy, speed, memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hit_trackers.errors import RecordError
from toolkit_adapters.reporting.collect import SCOPES
from toolkit_adapters.reporting.latency import Speed, judge
from toolkit_adapters.reporting.memory import Peak
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.snapshot import ratio_of, score_of
from toolkit_adapters.reporting.table import (
    Cell,
    Mark,
    Table,
    megabytes,
    milliseconds,
    number,
    text,
)
from toolkit_adapters.reporting.tables.cells import brackets
from toolkit_adapters.reporting.tables.latency import SCOPE_NAMES
from toolkit_adapters.scoring.conventions import CONVENTIONS
from toolkit_adapters.scoring.scores import Score, combine
from toolkit_adapters.scoring.statistics import Interval, paired_difference, quotient

Snapshot = Mapping[str, Any]
_MARKS = {Speed.FASTER: Mark.GOOD, Speed.SLOWER: Mark.BAD}
_PEAKS = {
    Peak.ACTIVATIONS: "activations peak",
    Peak.ALLOCATED: "allocated peak",
    Peak.RESERVED: "reserved peak",
}


def changes(before: Snapshot, after: Snapshot, names: tuple[str, str]) -> list[Table]:
    """Tables of everything that two snapshots have in common.

    Args:
        before: an earlier snapshot.
        after: a later one.
        names: what tables call them.

    Raises:
        RecordError: they have no tracker in common.
    """
    common = [name for name in after["trackers"] if name in before["trackers"]]
    if not common:
        raise RecordError(
            f"{names[0]} and {names[1]} have no tracker in common: {', '.join(before['trackers'])} "
            f"against {', '.join(after['trackers'])}"
        )
    pairs = {name: (before["trackers"][name], after["trackers"][name]) for name in common}
    only = sorted(set(before["trackers"]) ^ set(after["trackers"]))
    notes = [f"In one of the two only: {', '.join(only)}."] if only else []
    notes += [
        f"“{name}” is incomplete: {gap}."
        for name, side in zip(names, (before, after), strict=True)
        for gap in side["gaps"]
    ]
    found = [
        _boxes(pairs, names, tuple(notes)),
        _accuracy(pairs, names),
        _speed(pairs, names),
        _memory(pairs, names),
    ]
    return [table for table in found if table.rows]


Pairs = Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]


def _boxes(pairs: Pairs, names: tuple[str, str], notes: tuple[str, ...]) -> Table:
    rows = []
    for tracker, (a, b) in pairs.items():
        same_weights = a["weights_sha256"] == b["weights_sha256"]
        for dataset in sorted({*a["datasets"], *b["datasets"]}):
            first, second = (
                side["datasets"].get(dataset, {"sequences": {}})["sequences"] for side in (a, b)
            )
            every = [*first, *(name for name in second if name not in first)]
            equal = [
                name
                for name in every
                if name in first
                and name in second
                and first[name]["boxes_sha256"] == second[name]["boxes_sha256"]
            ]
            differing = next((name for name in every if name not in equal), None)
            if differing and not (differing in first and differing in second):
                differing += f" (in “{names[differing in second]}” only)"
            weights = text("the same") if same_weights else text("OTHER", Mark.BAD)
            mark = Mark.GOOD if every and len(equal) == len(every) else Mark.NONE
            rows.append(
                (
                    text(tracker),
                    text(dataset),
                    weights,
                    Cell(f"{len(equal)} of {len(every)}", float(len(equal)), mark),
                    text(differing or "none"),
                )
            )
    return Table(
        "changes_boxes",
        Section.CHANGES,
        f"Boxes: {names[1]} against {names[0]}",
        ("tracker", "dataset", "weights", "sequences bitwise equal", "first that differs"),
        tuple(rows),
        notes,
        printed=True,
    )


def _accuracy(pairs: Pairs, names: tuple[str, str]) -> Table:
    rows = []
    for tracker, (a, b) in pairs.items():
        for dataset in [name for name in b["datasets"] if name in a["datasets"]]:
            first, second = a["datasets"][dataset], b["datasets"][dataset]
            differing = [
                field
                for field in ("convention", "dataset_fingerprint")
                if first[field] != second[field]
            ]
            if differing:
                blank = [number(None)] * 4
                reason = text(f"not comparable: other {' and '.join(differing)}", Mark.BAD)
                rows.append((text(tracker), text(dataset), text("all"), *blank, reason))
                continue
            scores = _common_scores(first["sequences"], second["sequences"])
            if not scores:
                continue
            earlier, later = ([pair[i] for pair in scores] for i in (0, 1))
            for name in CONVENTIONS[second["convention"]].headline:
                found = paired_difference(earlier, later, name)
                scaled = Interval(100 * found.interval.low, 100 * found.interval.high)
                means = [combine(side).values[name] for side in (earlier, later)]
                rows.append(
                    (
                        text(tracker),
                        text(dataset),
                        text(name),
                        *(number(mean, ".3f", scale=100) for mean in means),
                        Cell(
                            f"{100 * found.mean:+.3f}",
                            100 * found.mean,
                            range=brackets(scaled, "+.3f"),
                        ),
                        number(found.p, ".2g"),
                        text(f"{found.sequences} sequences"),
                    )
                )
    return Table(
        "changes_accuracy",
        Section.CHANGES,
        f"Accuracy, per cent: {names[1]} against {names[0]}",
        ("tracker", "dataset", "score", names[0], names[1], "difference", "p", "over"),
        tuple(rows),
        (
            "Over the sequences that both have; 95 % interval (Student's t), where at least ten "
            "differ, and Wilcoxon signed-rank p.",
        ),
        printed=True,
    )


def _common_scores(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> list[tuple[Score, Score]]:
    pairs = (
        (score_of(first[name]["score"]), score_of(second[name]["score"]))
        for name in second
        if name in first
    )
    return [(a, b) for a, b in pairs if a is not None and b is not None]


def _speed(pairs: Pairs, names: tuple[str, str]) -> Table:
    rows = []
    for tracker, (a, b) in pairs.items():
        for scope in [s for s in SCOPES if s in a["latency"] and s in b["latency"]]:
            first, second = a["latency"][scope], b["latency"][scope]
            row = [text(tracker), text(SCOPE_NAMES[scope])]
            row += [milliseconds(side["mean"]) for side in (first, second)]
            if (a["device"], a["threads"]) != (b["device"], b["threads"]):
                where = f"{a['device']}, {a['threads']} threads → {b['device']}, {b['threads']}"
                blank = [number(None)] * 2
                rows.append((*row, *blank, text(f"not comparable: {where}", Mark.BAD)))
                continue
            ratio = number(first["mean"] / second["mean"], ".3f")
            rows.append((*row, ratio, *_relative(first, second, _sequences(a) == _sequences(b))))
    return Table(
        "changes_speed",
        Section.CHANGES,
        f"Speed, mean ms a frame: {names[1]} against {names[0]}",
        ("tracker", "scope", names[0], names[1], "ratio", "change of ×", "verdict"),
        tuple(rows),
        (
            f"ratio: the ms of “{names[0]}” over those of “{names[1]}”. The two were timed in "
            "different runs, and a machine in another mood changes every time of a run: no verdict "
            "is made of it.",
            f"change of ×: how many times as fast as its baseline in the same run a tracker is in "
            f"“{names[1]}”, over the same in “{names[0]}”; the mood of a run is not in it. 95 % "
            "interval. A baseline has no such figure.",
            "The verdict says faster or slower only where that interval leaves what the baselines, "
            "run again beside themselves, show in both runs.",
        ),
        printed=True,
    )


def _sequences(tracker: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(d, name) for d, known in tracker["datasets"].items() for name in known["sequences"]}


def _relative(
    first: Mapping[str, Any], second: Mapping[str, Any], same_sequences: bool
) -> tuple[Cell, Cell]:
    """How a tracker's × changed between two runs, and the verdict on it."""
    ratios = [ratio_of(side.get("ratio")) for side in (first, second)]
    repeats = [ratio_of(side.get("repeat")) for side in (first, second)]
    before, after = ratios
    if before is None or after is None:
        return number(None), text("no verdict: no pair with a baseline in each run")
    found = quotient(after.estimate, before.estimate)
    cell = Cell(f"{found.value:.3f}", found.value, range=brackets(found.interval))
    if not same_sequences:
        return cell, text("no verdict: other sequences")
    if repeats[0] is None or repeats[1] is None:
        return cell, text("no verdict: a run without the baseline repeated")
    noise = (1 + repeats[0].noise) * (1 + repeats[1].noise) - 1
    speed = judge(found.interval, noise)
    return cell, text(speed.value, _MARKS.get(speed, Mark.NONE))


def _memory(pairs: Pairs, names: tuple[str, str]) -> Table:
    rows = []
    for tracker, (a, b) in pairs.items():
        for kind, title in _PEAKS.items():
            first, second = (side["memory"].get(kind.value) for side in (a, b))
            if first and second:
                change = number(second / first - 1, "+.1%")
                sizes = (megabytes(first), megabytes(second))
                rows.append((text(tracker), text(title), *sizes, change))
    return Table(
        "changes_memory",
        Section.CHANGES,
        f"Memory, MB: {names[1]} against {names[0]}",
        ("tracker", "peak", names[0], names[1], "change"),
        tuple(rows),
        printed=True,
    )
