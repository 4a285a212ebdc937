"""What two parts of one report must share."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hit_trackers
import toolkit_adapters

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

#: Rooms whose code decides a figure of this report, beside all of `hit_trackers`.
_ROOMS = ("gpu", "bench", "running", "verdict")


def identity(device: Device) -> dict[str, Any]:
    """Device, versions, code, and whether it is a rehearsal."""
    return {**device.facts(), "rehearsal": device.rehearsal, "sources_sha256": sources()}


def sources() -> str:
    """One SHA-256 over the code that decides a figure: a copy without its history has one too."""
    trackers, harness = (Path(str(p.__file__)).parent for p in (hit_trackers, toolkit_adapters))
    files = [
        *trackers.rglob("*.py"),
        *(f for room in _ROOMS for f in (harness / room).rglob("*.py")),
    ]
    digest = hashlib.sha256()
    for path in sorted(files):
        name = path.relative_to(trackers if trackers in path.parents else harness).as_posix()
        digest.update(f"{name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
