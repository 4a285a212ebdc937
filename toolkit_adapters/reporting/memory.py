"""Peak memory of a variant against its baseline's."""

from __future__ import annotations

import enum

from toolkit_adapters.reporting.collect import Collection


class Peak(enum.Enum):
    """A kind of peak; the value is its field in `memory.json`, in bytes."""

    ACTIVATIONS = "activations_peak_bytes"
    ALLOCATED = "allocated_peak_bytes"
    RESERVED = "reserved_peak_bytes"
    RESIDENT = "rss_peak_bytes"


class Size(enum.Enum):
    """What a variant needs, held against its baseline."""

    SMALLER = enum.auto()
    LARGER = enum.auto()
    ALIKE = enum.auto()
    NOT_MEASURED = enum.auto()


#: A change by less than this share is none: allocators round, and a resident set wanders.
ALIKE = 0.005
#: What stands for "memory" where several peaks are known: the first of these.
_HEADLINES = (Peak.ALLOCATED, Peak.ACTIVATIONS, Peak.RESIDENT)


def peak(collection: Collection, tracker: str, kind: Peak) -> float | None:
    """A peak in bytes; None where it was not measured."""
    value = collection.memory.get(tracker, {}).get(kind.value)
    return None if value is None else float(value)


def change(collection: Collection, tracker: str, kind: Peak) -> float | None:
    """Change against the baseline as a share, -0.284 for 28.4 % less; None where unknown."""
    baseline = collection.run(tracker).baseline
    mine, theirs = (peak(collection, name, kind) for name in (tracker, baseline))
    if not mine or not theirs or tracker == baseline:
        return None
    return mine / theirs - 1


def headline(collection: Collection, tracker: str) -> float | None:
    """The change that stands for all: with weights where known, else without, else of the process.

    None where no peak is known of both.
    """
    changes = (change(collection, tracker, kind) for kind in _HEADLINES)
    return next((found for found in changes if found is not None), None)


def size(collection: Collection, tracker: str) -> Size:
    """Whether a variant needs less memory than its baseline."""
    found = headline(collection, tracker)
    if found is None:
        return Size.NOT_MEASURED
    if abs(found) <= ALIKE:
        return Size.ALIKE
    return Size.SMALLER if found < 0 else Size.LARGER
