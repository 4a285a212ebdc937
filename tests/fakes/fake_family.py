"""A family of quick trackers, registered by an entry point as anybody's is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hit_trackers.families import Family
from hit_trackers.variants import Claim, Grammar, Variant

GRAMMAR = Grammar("fake")

if TYPE_CHECKING:
    from fake_tracker import FakeTracker


def make(name: str) -> FakeTracker:
    """Lossy variants drift, the others are equal."""
    from fake_tracker import FakeTracker

    lossy = GRAMMAR.variant(GRAMMAR.read(name)).claim is Claim.LOSSY
    return FakeTracker(name, drift=0.01 if lossy else 0.0)


class FakeFamily(Family):
    """`make` may be replaced by a test; `loaded` lists what was loaded."""

    name = "fake"

    def __init__(self) -> None:
        self.make: Callable[[str], FakeTracker] = make
        self.loaded: list[str] = []

    def parse(self, name: str) -> Variant:
        return GRAMMAR.variant(GRAMMAR.read(name))

    def load(self, variant: Variant, checkpoint: object, device: str) -> FakeTracker:
        self.loaded.append(variant.name)
        return self.make(variant.name)

    def lossy_controls(self, baseline: str) -> Sequence[str]:
        return (f"{baseline}_bf16",)


FAMILY = FakeFamily()
