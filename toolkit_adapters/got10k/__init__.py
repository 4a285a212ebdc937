"""The got10k toolkit: a tracker for it, and its experiments with known faults avoided.

>>> from toolkit_adapters.got10k import ToolkitTracker
>>> from got10k.experiments import ExperimentGOT10k
>>> ExperimentGOT10k("/data/GOT-10k").run(ToolkitTracker("hit_memeff"))

`python -m toolkit_adapters.got10k --help` runs whole experiments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit_adapters.got10k.tracker import ToolkitTracker

__all__ = ["ToolkitTracker"]


def __getattr__(name: str) -> Any:
    # The toolkit is optional, and imports matplotlib: not before it is asked for.
    if name == "ToolkitTracker":
        from toolkit_adapters.got10k.tracker import ToolkitTracker

        return ToolkitTracker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
