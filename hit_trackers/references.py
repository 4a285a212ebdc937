"""What publications state about trackers, for their figures to stand beside measured ones.

Each family keeps its own in `hit_trackers/<family>/references.json`. Nothing here is measured, and
no tracker is made of it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from hit_trackers.errors import FamilyError


@dataclass(frozen=True)
class Published:
    """One tracker of a publication; None where a figure is not stated.

    tracker: our name of it.
    title: how the publication calls it.
    ms: milliseconds per frame.
    fps: frames per second.
    """

    tracker: str
    title: str
    ms: float | None = None
    fps: float | None = None


@dataclass(frozen=True)
class PublishedScores:
    """Scores on one dataset.

    values: per cent, by score, under the names of our conventions.
    over: what they are means over, in words.
    """

    values: Mapping[str, float]
    over: str


@dataclass(frozen=True)
class Other:
    """Published figures of another tracker, for its row to stand beside those of a family.

    title: how tables call it.
    source: whose figures they are, and where they stand.
    device: what its frames a second were measured on; "" where none are stated.
    fps: frames per second.
    scores: by dataset, as of `Reference`.
    """

    title: str
    source: str
    device: str = ""
    fps: float | None = None
    scores: Mapping[str, PublishedScores] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """What one publication states about a baseline and a variant of it.

    label: how tables call it: "paper". Two references of a family need two labels.
    setting: where and how its figures were measured, in words.
    device: what it was measured on; `gpu` says whether that is a GPU.
    identity: its claim that the variant is the same tracker, in its words; "" where it makes none.
    memory_change: of peak memory, as a share: -0.284 is 28.4 % less; None where not stated.
    memory_note: what a reader must know of that, "" where nothing.
    scores: by dataset ("lasot"); the publication gives the same for baseline and variant.
    others: trackers that it compares with, and those of its family that it does not measure.
    """

    label: str
    title: str
    source: str
    setting: str
    device: str
    gpu: bool
    baseline: Published
    variant: Published
    identity: str = ""
    memory_change: float | None = None
    memory_note: str = ""
    scores: Mapping[str, PublishedScores] = field(default_factory=dict)
    others: tuple[Other, ...] = ()

    @property
    def speedup(self) -> float | None:
        """How many times as fast it says the variant is; None where it gives no times."""
        if self.baseline.ms is None or self.variant.ms is None:
            return None
        return self.baseline.ms / self.variant.ms

    @property
    def optimisation(self) -> str:
        """What the variant's name adds to its baseline's: `memeff`."""
        return self.variant.tracker.removeprefix(f"{self.baseline.tracker}_")


@functools.cache
def find(family: str) -> tuple[Reference, ...]:
    """The references of a family of trackers ("hit"); none where it has no such file.

    Raises:
        FamilyError: the family's file is no list of references.
    """
    # Names come from results folders too, which may be anybody's.
    if not family.isidentifier():
        return ()
    path = resources.files("hit_trackers") / family / "references.json"
    if not path.is_file():
        return ()
    try:
        return tuple(_reference(entry) for entry in json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FamilyError(
            f"{path}: not a list of references ({error!r}); see hit_trackers/references.py"
        ) from error


def _reference(entry: Mapping[str, Any]) -> Reference:
    made = {
        "baseline": Published(**entry["baseline"]),
        "variant": Published(**entry["variant"]),
        "scores": _scores(entry),
        "others": tuple(
            Other(**{**other, "scores": _scores(other)}) for other in entry.get("others", [])
        ),
    }
    return Reference(**{**entry, **made})


def _scores(entry: Mapping[str, Any]) -> dict[str, PublishedScores]:
    found = entry.get("scores", {})
    return {dataset: PublishedScores(**values) for dataset, values in found.items()}
