"""Peak of the memory that PyTorch allocates while something runs, and which operator held it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Peak:
    """Largest sum of bytes allocated and not yet freed.

    Attributes:
        bytes: beside what was held before.
        operator: innermost operator running at that moment, with its input shapes; None where the
            device does not tell.
    """

    bytes: int
    operator: str | None = None


def peak_activations(work: Callable[[], object], device: str) -> Peak:
    """Run `work` once and say how much memory it needed at most."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return Peak(torch.cuda.max_memory_allocated(device) - before)
    # Without it the profiler prints a line at its start and end, between ours.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(
        activities=activities, profile_memory=True, record_shapes=True
    ) as profile:
        work()
    with tempfile.TemporaryDirectory() as scratch:
        trace = Path(scratch) / "trace.json"
        profile.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    return _peak(events)


def _peak(events: list[dict[str, Any]]) -> Peak:
    changes = sorted(
        (event["ts"], event["args"]["Bytes"]) for event in events if event["name"] == "[memory]"
    )
    held = peak = 0
    moment = 0.0
    for instant, change in changes:
        held += change
        if held > peak:
            peak, moment = held, instant
    running = [
        event
        for event in events
        if event.get("cat") == "cpu_op" and event["ts"] <= moment <= event["ts"] + event["dur"]
    ]
    # What only allocates is called by what computes; the outermost of an operator's own calls.
    running = [event for event in running if not event["name"].startswith("aten::empty")]
    if not running:
        return Peak(peak)
    innermost = min(running, key=lambda event: float(event["dur"]))
    shapes = [shape for shape in innermost["args"].get("Input Dims", []) if shape]
    return Peak(peak, f"{innermost['name']} {shapes[0] if shapes else ''}".rstrip())
