"""What was done to a network's attentions, and what was proven of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hit_trackers.optimise.site import Site


@dataclass
class Account:
    """Filled by the first call of each method of each network.

    Attributes:
        operator: "exact", "memeff" or "streaming".
        sites: the attentions, in the order in which they were found.
        apart: by method, the largest difference between any output as written and as planned, on
            the first input; 0.0: equal bit for bit.
        unproven: by method, why it was not called twice to find that out.
        not_written: by method with attentions, why it is not written down but caught in every call.
    """

    operator: str
    sites: list[Site] = field(default_factory=list)
    apart: dict[str, float] = field(default_factory=dict)
    unproven: dict[str, str] = field(default_factory=dict)
    not_written: dict[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """What was left alone, and why."""
        return [
            f"{site.name}: {reason}"
            for site in self.sites
            for reason in (site.left_alone, *(plan.left_alone for plan in site.plans.values()))
            if reason
        ]
