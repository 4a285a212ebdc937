"""Variants of one baseline, best first, with what a lab wants to know of each in one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hit_trackers.variants import Claim, needs
from toolkit_adapters.reporting import memory
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.latency import Ratio, Speed
from toolkit_adapters.reporting.memory import Peak
from toolkit_adapters.reporting.tables.cells import brackets
from toolkit_adapters.verdict.certificates import Certificate
from toolkit_adapters.verdict.levels import Boxes

HEADINGS = (
    *("variant", "verdict", "claims", "holds", "update ×", "network ×"),
    *("activations MB", "what it costs to have"),
)
_ORDER = tuple(Boxes)


@dataclass(frozen=True, eq=False)
class Ranked:
    """A variant and what was found of it."""

    name: str
    certificate: Certificate
    update: Ratio | None
    network: Ratio | None

    @property
    def order(self) -> tuple[object, ...]:
        """Those that keep their claim first, the closest boxes first, then the fastest."""
        value = self.update.value if self.update else 0.0
        level = _ORDER.index(self.certificate.boxes)
        return not self.certificate.holds, level, -value


def ranked(collection: Collection, baseline: str) -> list[Ranked]:
    """The variants of a baseline, best first; its repetition is a control, and none of them."""
    found = []
    for name in collection.trackers:
        run, certificate = collection.run(name), collection.certificate(name)
        if run.baseline != baseline or run.claim is Claim.BASELINE or certificate is None:
            continue
        scope = collection.network_scope(name)
        ratios = collection.ratio(name, "update"), collection.ratio(name, scope)
        found.append(Ranked(name, certificate, *ratios))
    return sorted(found, key=lambda one: one.order)


def rows(
    collection: Collection, baseline: str, seconds: Mapping[str, float]
) -> list[tuple[str, ...]]:
    """Cells of the table, under `HEADINGS`: the baseline, then its variants.

    Args:
        collection: of the results.
        baseline: the tracker.
        seconds: that it took to load each.
    """
    found: list[tuple[str, ...]] = [
        (baseline, "the tracker as it is", "", "", "1", "1", _activations(collection, baseline), "")
    ]
    for one in ranked(collection, baseline):
        certificate = one.certificate
        cost = [needs(collection.run(one.name).parts)]
        longer = seconds.get(one.name, math.nan) - seconds.get(baseline, math.nan)
        if longer >= 0.05:
            cost.append(f"{longer:.1f} s when it is loaded")
        found.append(
            (
                one.name,
                certificate.verdict,
                certificate.claim.value,
                certificate.kept,
                _ratio(one.update),
                _ratio(one.network),
                _activations(collection, one.name),
                "; ".join(filter(None, cost)) or "nothing",
            )
        )
    return found


def sentences(collection: Collection, baseline: str) -> list[str]:
    """What a lab wants: of the best variant, and of the fastest that keeps its claim if another."""
    found = ranked(collection, baseline)
    kept = [one for one in found if one.certificate.holds]
    if not kept:
        return [f"No variant of {baseline} {'kept its claim' if found else 'fits it'}."]
    fastest = max(kept, key=lambda one: one.update.value if one.update else 0.0)
    return [_sentence(collection, one) for one in dict.fromkeys([kept[0], fastest])]


def _sentence(collection: Collection, one: Ranked) -> str:
    certificate = one.certificate
    where = certificate.coverage
    frames = f"on all {where.frames:,} frames" if where.complete else str(where)
    parts = [f"`{one.name}` is {certificate.verdict} {frames}"]
    speed = collection.speed(one.name, "update")
    if one.update is not None:
        times = f"{one.update.value:.2f} times as fast"
        reach = brackets(one.update.interval, ".2f") or f"({Speed.TOO_FEW.value} for an interval)"
        alike = ", which is no difference beyond noise" if speed is Speed.ALIKE else ""
        parts.append(f"{times} {reach}{alike}")
    change = memory.change(collection, one.name, Peak.ACTIVATIONS)
    if change is not None:
        parts.append(f"{change:+.0%} activations")
    return ", ".join(parts) + "."


def _activations(collection: Collection, name: str) -> str:
    size = memory.peak(collection, name, Peak.ACTIVATIONS)
    if size is None:
        return "-"
    change = memory.change(collection, name, Peak.ACTIVATIONS)
    return f"{size / 1e6:.1f}" + ("" if change is None else f" ({change:+.0%})")


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return "-"
    return f"{ratio.value:.2f} {brackets(ratio.interval, '.2f')}".rstrip()
