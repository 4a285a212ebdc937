"""What the records of a made-up run say was executed: what the name of its tracker says."""

from __future__ import annotations

from hit_trackers import families
from hit_trackers.executed import Executed

#: Calls inside an attention, by the attention's name.
SITES = {
    "eager": {"site": {"aten._softmax.default": 1}},
    "exact": {"site": {"aten._softmax.out": 1}},
    "memeff": {"site": {"aten._scaled_dot_product_efficient_attention.default": 1}},
}


def executed_as(tracker: str) -> str:
    """As `Record.executed`, for a tracker's name or a control's."""
    parts = families.parse(tracker.partition("@")[0]).parts
    ran = Executed(parts["engine"], parts["precision"], "fake", SITES[parts["attention"]])
    return ran.to_json()
