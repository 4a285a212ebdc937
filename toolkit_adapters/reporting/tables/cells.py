"""Cells and notes that several tables share."""

from __future__ import annotations

import math

from toolkit_adapters.reporting import memory
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.latency import Ratio, Speed
from toolkit_adapters.reporting.memory import Peak
from toolkit_adapters.reporting.table import Cell, Mark, number
from toolkit_adapters.scoring.statistics import Interval
from toolkit_adapters.verdict.certificates import Certificate

RATIO_NOTE = (
    "× is the baseline's total time over the variant's, on the same decoded frames in the same "
    "pass, with a 95 % interval (Student's t) over blocks of 20 or more neighbouring frames; fewer "
    "than ten such blocks are too few frames for one."
)


def control_notes(collection: Collection) -> list[str]:
    """What a table must say that has rows of controls beside others; none without controls."""
    if not collection.controls:
        return []
    return [
        "Controls run on some sequences only, so their rows are over other frames than the other "
        "rows; what compares them with the baseline is over the frames that both have."
    ]


def kept_mark(certificate: Certificate) -> Mark:
    """Good only where the claim holds on all that was planned."""
    if not certificate.holds:
        return Mark.BAD
    return Mark.GOOD if certificate.proven else Mark.NONE


def brackets(interval: Interval, form: str = ".3f", between: str = ", ") -> str:
    """`[1.19, 1.23]`; "" where there were too few values for an interval."""
    if math.isnan(interval.low):
        return ""
    return f"[{interval.low:{form}}{between}{interval.high:{form}}]"


def ratio_cell(ratio: Ratio | None) -> Cell:
    """`1.21 [1.19, 1.23]`, or `1.21 (too few frames)`."""
    if ratio is None:
        return number(None)
    printed = brackets(ratio.interval) or f"({Speed.TOO_FEW.value})"
    return Cell(f"{ratio.value:.3f}", ratio.value, range=printed)


def memory_cell(collection: Collection, tracker: str, kind: Peak) -> Cell:
    """Change against the baseline as a share: −0.284 prints as -28.4%."""
    return number(memory.change(collection, tracker, kind), "+.1%")
