"""The got10k toolkit: a tracker for it, and its experiments with their traps taken out.

>>> from toolkit_adapters.got10k import HiTTracker
>>> from got10k.experiments import ExperimentGOT10k
>>> ExperimentGOT10k("/data/GOT-10k").run(HiTTracker("hit_memeff"))

`python -m toolkit_adapters.got10k --help` runs whole experiments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit_adapters.got10k.tracker import HiTTracker

__all__ = ["HiTTracker"]


def __getattr__(name: str) -> Any:
    # The toolkit is optional, and imports matplotlib: not before it is asked for.
    if name == "HiTTracker":
        from toolkit_adapters.got10k.tracker import HiTTracker

        return HiTTracker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
