"""The part `memory`: what the allocator hands out at most during a frame."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hit_trackers import families
from toolkit_adapters.gpu.steps import LeftOut, Result, Step

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

TRACKERS = (
    *("hit_base", "hit_base_memeff", "hit_base_exact", "hit_base_graph"),
    *("hit_base_memeff_graph", "hit_base_exact_graph", "hit_base_fused", "hit_base_fused_graph"),
    *("hit_small", "hit_small_memeff", "hit_small_exact"),
)
#: Frames of a graph during which the allocator must not be asked.
FRAMES = 10


def steps() -> list[Step]:
    """See `parts.PARTS`: HiT's trackers, then the first of every other family."""
    from toolkit_adapters.gpu.bits import variants_of

    names = list(TRACKERS)
    for family in families.OWN:
        if family != "hit" and family in families.registry().families:
            baseline = variants_of(family)[0]
            names += [baseline, f"{baseline}_memeff", f"{baseline}_exact"]
    found = [Step(f"frame/{name}", partial(_frame, name)) for name in names]
    return [*found, Step("no allocations/hit_base_exact_graph", _steady)]


def _frame(name: str, device: Device) -> Result:
    """Peaks in bytes beside weights and what is held between frames."""
    from toolkit_adapters.gpu.subject import Subject

    subject = Subject(device.load(name), 1)
    subject.run()
    work = getattr(subject.tracker, "workloads")(subject.regions[0])  # noqa: B009
    peaks = {title: device.peak(run) for title, run in work.items() if title != "network"}
    if "frame" not in peaks:
        raise LeftOut(f"{name}: its frame is not executed by PyTorch's allocator")
    return {
        "peaks": peaks,
        "weights": subject.engine.weights_bytes or 0,
        "reserved": device.reserved(),
    }


def _steady(device: Device) -> Result:
    from toolkit_adapters.gpu.subject import Subject

    subject = Subject(device.load("hit_base_exact_graph"), 1)
    subject.run()
    before = device.allocations()
    for _ in range(FRAMES):
        subject.run()
    asked = device.allocations() - before
    return {"frames": FRAMES, "asked": asked, "holds": asked == 0}
