"""The parts of a report's page: every table and figure belongs to one."""

from __future__ import annotations

import enum


class Section(enum.Enum):
    """A part of the page, in the order of the page; the value is its heading."""

    CHANGES = "Changes"
    PARTING = "Where they part"
    REFERENCE = "The paper and ours"
    SPEED = "Speed"
    ACCURACY = "Accuracy"
    EQUIVALENCE = "Equivalence"
    LATENCY = "Latency in detail"
    MEMORY = "Memory"
    PROVENANCE = "Provenance"

    @property
    def anchor(self) -> str:
        """What a link to it ends in: `latency-in-detail`."""
        return self.value.lower().replace(" ", "-")
