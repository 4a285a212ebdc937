"""A claim, what settles it, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

#: By part, by step: what was measured.
Results = Mapping[str, Mapping[str, Any]]

CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "open"


class Finding(NamedTuple):
    """Whether a claim holds.

    Attributes:
        state: confirmed, refuted or open.
        figure: what was measured, or what is missing, in words.
    """

    state: str
    figure: str


@dataclass(frozen=True)
class Claim:
    """A claim of the documentation.

    Attributes:
        key: in the comment behind the sentence.
        what: in a line.
        judge: the verdict on some results; KeyError where they do not hold what it needs.
    """

    key: str
    what: str
    judge: Callable[[Results], Finding]


def said(holds: bool, figure: str) -> Finding:
    """What a claim with a measurement comes to."""
    return Finding(CONFIRMED if holds else REFUTED, figure)


def step(results: Results, part: str, key: str) -> Any:
    """What a step of a part measured.

    Raises:
        KeyError: that has not been measured.
    """
    found = results.get(part, {})
    if key not in found:
        raise KeyError(f"{part} {key}")
    return found[key]
