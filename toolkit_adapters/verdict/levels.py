"""What a verdict says, on two axes: how far apart the boxes are, whether the scores print alike.

Neither stands for the other: two trackers may score the same and follow different targets.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

#: One pixel is what official annotations resolve: boxes further apart are called different.
BOUND_PX = 1.0


class Boxes(str, enum.Enum):
    """How far apart two trackers' boxes are, from the strongest to the weakest."""

    BITWISE = "bitwise"  # every bit of every box is equal
    FILE_IDENTICAL = "file-identical"  # the result files are, byte for byte
    WITHIN = "within"  # no coordinate is further apart than `BOUND_PX`
    DIFFERENT = "different"

    def __str__(self) -> str:
        return self.value

    def said(self, largest_px: float) -> str:
        """`bitwise`, `within 0.000203 px`: what is said of boxes at most so far apart."""
        return f"within {_at_most(largest_px)} px" if self is Boxes.WITHIN else self.value


_ORDER = tuple(Boxes)


def weakest(levels: Iterable[Boxes]) -> Boxes:
    """The weakest of some levels; `DIFFERENT` for none at all."""
    return max(levels, key=_ORDER.index, default=Boxes.DIFFERENT)


class Printed(str, enum.Enum):
    """Whether all scores of two trackers are equal as tables print them."""

    EQUAL = "yes"
    DIFFERENT = "no"
    UNKNOWN = "unknown"  # nothing could be scored

    def __str__(self) -> str:
        return self.value


class Entries(NamedTuple):
    """What a table prints of one tracker, and the number of sequences that were scored for it."""

    values: tuple[str, ...]
    sequences: int


@dataclass(frozen=True)
class Agreement:
    """Whether two trackers' scores print alike, and how many sequences stand behind that."""

    printed: Printed = Printed.UNKNOWN
    sequences: int = 0

    def __str__(self) -> str:
        if self.printed is Printed.UNKNOWN:
            return "unknown"
        words = "equal as printed" if self.printed is Printed.EQUAL else "differ as printed"
        return f"{words}, {self.sequences} sequence{'' if self.sequences == 1 else 's'}"


def agreement(baseline: Entries | None, variant: Entries | None) -> Agreement:
    """Compare what a table prints of two trackers; None where nothing could be scored."""
    if baseline is None or variant is None:
        return Agreement()
    equal = baseline == variant
    return Agreement(Printed.EQUAL if equal else Printed.DIFFERENT, baseline.sequences)


def together(parts: Iterable[Agreement]) -> Agreement:
    """One for several datasets: those of which nothing is known add no sequences."""
    known = [part for part in parts if part.printed is not Printed.UNKNOWN]
    if not known:
        return Agreement()
    equal = all(part.printed is Printed.EQUAL for part in known)
    return Agreement(
        Printed.EQUAL if equal else Printed.DIFFERENT, sum(part.sequences for part in known)
    )


def _at_most(value: float) -> str:
    """Three digits, rounded up: what is printed must not be less than what was found."""
    if not (value > 0 and math.isfinite(value)):
        return f"{value:g}"
    step = 10.0 ** (math.floor(math.log10(value)) - 2)
    rounded = f"{value:.3g}"
    return rounded if float(rounded) >= value else f"{float(rounded) + step:.3g}"
