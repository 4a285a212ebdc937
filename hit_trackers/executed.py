"""What executed a network, as observed; and whether that is what a tracker's name says.

A variant's boxes prove little if its operator never ran: with the baseline's operator under another
name every box is equal. So records carry what was seen to run, and `verify` compares it with the
name. Imports nothing heavy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from hit_trackers.variants import DEFAULTS

Calls = Mapping[str, int]


@dataclass(frozen=True)
class Executed:
    """One frame, observed outside all timed regions.

    Attributes:
        engine: token of the engine that ran it ("eager", "graph", "onnx", ...).
        precision: token of what it computed in ("fp32", "bf16", ...), as the executor says.
        runtime: library, version and device or provider.
        sites: ATen operators called inside each attention, by the attention's name; none where
            PyTorch does not execute them one by one.
        operators: ATen operators called in all.
    """

    engine: str
    precision: str
    runtime: str = ""
    sites: Mapping[str, Calls] = field(default_factory=dict)
    operators: Calls = field(default_factory=dict)

    def to_json(self) -> str:
        """One line, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Executed:
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            found = cls(**json.loads(text))
            words = (found.engine, found.precision, found.runtime)
            if not all(isinstance(word, str) for word in words):
                raise TypeError("engine, precision and runtime are words")
            for calls in (found.operators, *found.sites.values()):
                if not all(isinstance(count, int) for count in calls.values()):
                    raise TypeError("calls are whole numbers by operator")
        except (TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not what `Executed.to_json` writes: {error}") from error
        return found

    def contradictions(self, parts: Mapping[str, str]) -> tuple[str, ...]:
        """Where a name with these parts and what ran disagree, in words; empty where they agree.

        Args:
            parts: of a variant: attention, engine and precision.
        """
        found = []
        for kind, ran in (("engine", self.engine), ("precision", self.precision)):
            named = parts.get(kind, DEFAULTS[kind])
            if named != ran:
                found.append(f"its name says {kind} {named}, and {ran} ran")
        attention = parts.get("attention", DEFAULTS["attention"])
        wrong = [name for name, calls in self.sites.items() if not _ran(attention, calls)]
        if wrong:
            calls = ", ".join(sorted(_short(self.sites[wrong[0]])))
            found.append(
                f"its name says {attention} attention, and in {len(wrong)} of {len(self.sites)} "
                f"attentions something else ran, first in {wrong[0]} ({calls})"
            )
        elif attention != DEFAULTS["attention"] and not self.sites:
            found.append(f"its name says {attention} attention, and no attention was seen to run")
        return tuple(found)


def _short(calls: Calls) -> set[str]:
    return {name.removeprefix("aten.") for name in calls}


def _ran(attention: str, calls: Calls) -> bool:
    """Whether the calls of one attention are those of an operator."""
    fused = any("scaled_dot_product" in name or "efficient_attention" in name for name in calls)
    whole = "aten._softmax.default" in calls  # a matrix of weights beside that of scores
    # One matrix, overwritten; a dispatcher shows it whole, or by its parts.
    in_place = not {"aten.softmax.int_out", "aten._softmax.out"}.isdisjoint(calls)
    tiled = "aten.exp.default" in calls
    products = any(name.startswith(("aten.bmm", "aten.baddbmm")) for name in calls)
    return {
        "eager": whole and not (fused or in_place or tiled),
        "exact": in_place and not (fused or whole or tiled),
        "memeff": fused and not (whole or in_place or tiled or products),
        "streaming": tiled and not (fused or whole or in_place),
        # A kernel of its own is no ATen operator, so that none is left.
        "fused": not (fused or whole or in_place or tiled or products),
    }.get(attention, False)
