"""The part `speed`: each variant beside its baseline, alternating, on the same search region."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from hit_trackers import families
from hit_trackers.families import OWN, registry
from toolkit_adapters.gpu.bits import way_of
from toolkit_adapters.gpu.steps import Result, Step

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device
    from toolkit_adapters.gpu.subject import Subject

#: With 100 the longest but one is the 99th percentile.
REPEATS = 100
WARMUP = 10
#: Seconds that one tracker works on end while its energy is counted: the driver's counter is
#: brought up to date about ten times a second.
ENERGY = 0.6
#: Of HiT-Base: the paper's, ours, and the lossy ones.
MAIN = (
    *("exact_graph", "memeff", "exact", "graph", "memeff_graph", "fused_graph", "fused"),
    *("fused_graph_triton", "graph_triton", "triton"),
    *("fp16", "bf16", "graph_fp16"),
)
#: Of the first tracker of every other family.
OTHERS = ("exact_graph", "memeff")


def steps() -> list[Step]:
    """See `parts.PARTS`; what has to be compiled comes last."""
    found = [_step(f"hit_base_{words}") for words in MAIN]
    others = [
        families.parse(registry().families[n].bench_variants("cuda")[0]).baseline
        for n in OWN
        if n != "hit" and n in registry().families
    ]
    found += [_step(f"{baseline}_{words}") for baseline in others for words in OTHERS]
    found += [_step(f"{baseline}_exact_graph") for baseline in ("hit_small", "hit_tiny")]
    return [*found, _step("hit_base_compile")]


def _step(name: str) -> Step:
    return Step(f"pair/{name}", partial(_pair, name), f"pair {way_of(name)}")


def _pair(name: str, device: Device) -> Result:
    """Times of both, in seconds; ratios are the baseline's over the variant's, repeat by repeat."""
    from toolkit_adapters.gpu.subject import Subject
    from toolkit_adapters.running.timing import without_garbage_collection

    baseline = families.parse(name).baseline
    subjects = [Subject(device.load(each), 1) for each in (baseline, name)]
    repeats = 2 if device.rehearsal else REPEATS
    with without_garbage_collection():
        network = _alternating([partial(_network, s) for s in subjects], repeats, device)
        try:
            update = _alternating([_update(s) for s in subjects], repeats, device)
        except ModuleNotFoundError as error:
            update, reason = [], f"not timed: {error}"
    found: Result = {"repeats": repeats}
    for title, rows in zip(("baseline", "variant"), network, strict=True):
        found[title] = {scope: _summary([row[scope] for row in rows]) for scope in rows[0]}
    if update:
        for title, rows in zip(("baseline", "variant"), update, strict=True):
            found[title]["update"] = _summary([row["update"] for row in rows])
    else:
        found["update"] = reason
    found["ratio"] = {
        scope: _ratio(*([row[scope] for row in rows] for rows in pairs))
        for pairs in (network, update)
        if pairs
        for scope in pairs[0][0]
    }
    for title, subject in zip(("baseline", "variant"), subjects, strict=True):
        found[title]["joules_per_frame"] = _energy(subject, device)
    try:
        found["clocks"] = device.nvml.sample()
    except ImportError as error:
        found["clocks"] = str(error)
    return found


def _network(subject: Subject) -> dict[str, float]:
    subject.run()
    return {"device": subject.engine.device_seconds, "network": subject.engine.network_seconds}


def _update(subject: Subject) -> Callable[[], dict[str, float]]:
    """The whole of `update`: crop, copy, network, box."""
    from toolkit_adapters.gpu.subject import BOX, start

    image = start(subject.tracker)

    def timed() -> dict[str, float]:
        # The same search region every time: the box goes back to where it was.
        subject.tracker._state = list(BOX)  # type: ignore[attr-defined]
        begin = time.perf_counter()
        subject.tracker.update(image)
        return {"update": time.perf_counter() - begin}

    return timed


def _alternating(
    works: list[Callable[[], dict[str, float]]], repeats: int, device: Device
) -> list[list[dict[str, float]]]:
    rows: list[list[dict[str, float]]] = [[] for _ in works]
    for number in range(repeats + (1 if device.rehearsal else WARMUP)):
        order = range(len(works)) if number % 2 == 0 else reversed(range(len(works)))
        for index in order:
            rows[index].append(works[index]())
    return [of[-repeats:] for of in rows]


def _energy(subject: Subject, device: Device) -> float | None:
    """Joules of one frame on end, idle power included; None where the driver does not count."""
    try:
        before = device.nvml.joules()
    except ImportError:
        return None
    if before is None:
        return None
    frames, end = 0, time.monotonic() + (0 if device.rehearsal else ENERGY)
    while frames == 0 or time.monotonic() < end:
        subject.run()
        frames += 1
    after = device.nvml.joules()
    return None if after is None else (after - before) / frames


def _summary(values: list[float]) -> dict[str, float]:
    import numpy as np

    if not all(map(math.isfinite, values)):
        return {}
    p50, p99 = np.quantile(values, (0.5, 0.99))
    return {"p50": float(p50), "p99": float(p99), "least": min(values)}


def _ratio(baseline: list[float], variant: list[float]) -> dict[str, Any]:
    import numpy as np

    if not all(map(math.isfinite, [*baseline, *variant])):
        return {}
    each = np.array(baseline) / np.array(variant)
    low, median, high = np.quantile(each, (0.05, 0.5, 0.95))
    return {
        "median": float(median),
        "p5": float(low),
        "p95": float(high),
        "of_totals": float(sum(baseline) / sum(variant)),
    }
