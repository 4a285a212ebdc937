"""What is fuzzed: for each kind of file, contents to try and the code that reads it."""

from __future__ import annotations

import sys

from . import annotations, loading, messages, results, scoring
from .target import Target

TARGETS: dict[str, Target] = {
    **annotations.TARGETS,
    **scoring.TARGETS,
    **loading.TARGETS,
    **results.TARGETS,
    **({} if sys.platform == "win32" else messages.TARGETS),  # libtrax is not there
}
