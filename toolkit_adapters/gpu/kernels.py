"""The part `kernels`: what the device runs in a frame, by name, and what the host launches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hit_trackers import families
from toolkit_adapters.gpu.steps import Result, Step

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

TRACKERS = (
    *("hit_base", "hit_base_exact", "hit_base_memeff", "hit_base_graph", "hit_base_exact_graph"),
    *("hit_base_memeff_graph", "hit_base_fused", "hit_base_fused_graph", "hit_base_bf16"),
    *("hit_base_graph_triton", "hit_base_fused_graph_triton"),
)


def steps() -> list[Step]:
    """See `parts.PARTS`; what has to be compiled comes last."""
    from toolkit_adapters.gpu.bits import variants_of

    names = list(TRACKERS)
    for family in families.OWN:
        if family != "hit" and family in families.registry().families:
            baseline = variants_of(family)[0]
            names += [baseline, f"{baseline}_memeff", f"{baseline}_exact_graph"]
    names.append("hit_base_compile")
    return [Step(f"frame/{name}", partial(_frame, name)) for name in names]


def _frame(name: str, device: Device) -> Result:
    """Kernels by name with their counts and seconds, calls of the runtime, ATen operators."""
    from hit_trackers.engines.operators import count_operators
    from toolkit_adapters.gpu.subject import Subject

    subject = Subject(device.load(name), 1)
    for _ in range(3):
        subject.run()
    device.synchronise()
    found = device.trace(subject.run)
    copies = [k for k in found.kernels if k.name.startswith(("Memcpy", "Memset"))]
    kernels = [k for k in found.kernels if k not in copies]
    work = getattr(subject.tracker, "workloads")(subject.regions[0])  # noqa: B009
    counted = count_operators(work["network"]) if "network" in work else {}
    return {
        "kernels": sum(k.times for k in kernels),
        "seconds": sum(k.seconds for k in kernels),
        "by_name": [k._asdict() for k in kernels],
        "copies": [k._asdict() for k in copies],
        "calls": found.calls,
        "operators": sum(counted.values()),
    }
