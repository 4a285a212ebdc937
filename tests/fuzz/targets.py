"""What is fuzzed: for each kind of file, contents to try and the code that reads it."""

from __future__ import annotations

import sys
import time
import traceback

from . import annotations, loading, messages, results, scoring
from .harness import fuzz
from .target import Target

TARGETS: dict[str, Target] = {
    **annotations.TARGETS,
    **scoring.TARGETS,
    **loading.TARGETS,
    **results.TARGETS,
    **({} if sys.platform == "win32" else messages.TARGETS),  # libtrax is not there
}


def read(name: str, cases: int, seed: int | None) -> tuple[str, bool]:
    """What to print of a target, and whether every case ended well."""
    begin = time.monotonic()
    try:
        counts = fuzz(TARGETS[name], cases, seed)
    except Exception:
        return f"FAILED {name}\n{traceback.format_exc()}", False
    ends = ", ".join(f"{count} {end}" for end, count in counts.most_common())
    seconds = time.monotonic() - begin
    return f"{counts.total():6} {name}: {ends} ({seconds:.0f} s)", True
